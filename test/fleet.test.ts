import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { balancerLack } from '../scripts/fleet/balancer.ts'
import { startFleet } from '../scripts/fleet/fleet.ts'
import { isFaultless, proveRefresh } from '../scripts/fleet/refresh-proof.ts'
import { proveStreams } from '../scripts/fleet/streams-proof.ts'
import { readOptions } from './acceptance/acceptance-options.ts'
import { runAcceptance } from './acceptance/run-acceptance.ts'

const lack = balancerLack()
const skip = lack !== undefined && process.env.CI !== 'true' ? lack : false

const credentials = { username: 'ada', password: 'an entirely fine passphrase' }

t.test('a fleet of two instances and a worker', { skip }, async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-fleet-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const fleet = await startFleet({ dataDir, web: 2, workers: 1, checkMs: 500, env: { REQUESTS_PER_MINUTE: '0' } })
  t.teardown(() => fleet.stop())
  const say = (line: string) => t.comment(line)

  await t.test('does, without sticky sessions, everything that one instance does', async (t) => {
    const faults: string[] = []
    const options = readOptions([fleet.url, '--setup', fleet.setupToken() ?? ''], { ACCEPTANCE_USERNAME: credentials.username, ACCEPTANCE_PASSWORD: credentials.password })
    const { passed } = await runAcceptance(options, (line) => { if (line.startsWith('FAIL')) faults.push(line) })
    t.same(faults, [])
    t.ok(passed > 100, `${passed} checks`)
    const served = await fleet.balancer.targets()
    t.ok(served.length === 2 && served.every(({ requests }) => requests > 50), 'both had their share')
  })

  await t.test('breaks no playback when an instance is killed', async (t) => {
    const outcome = await proveStreams(fleet, { streams: 12, stage: { listeners: 3, tracks: 2, trackSeconds: 24, credentials }, pauseMs: 4_000, kills: 1 }, say)
    t.same(outcome.faults, [])
    t.ok(outcome.ranges > 50, `${outcome.ranges} ranges`)
  })

  await t.test('fails nobody and loses nothing while every process is replaced', async (t) => {
    const stage = { listeners: 3, tracks: 2, trackSeconds: 4, credentials }
    const outcome = await proveRefresh(fleet, { times: 1, requests: 300, perSecond: 30, files: 2, fileSeconds: 8, orders: ['signal-first'], stage }, say)
    t.ok(isFaultless(outcome), JSON.stringify(outcome))
    t.equal(outcome.replaced, 3)
  })
})
