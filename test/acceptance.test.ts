import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type AcceptanceOptions, readOptions } from './acceptance/acceptance-options.ts'
import { runAcceptance } from './acceptance/run-acceptance.ts'
import { type Exchange, type Mangle, manglingProxy } from './support/mangling-proxy.ts'
import { startFreshet } from './support/process.ts'

const credentials = { ACCEPTANCE_USERNAME: 'ada', ACCEPTANCE_PASSWORD: 'an entirely fine passphrase' }

async function run (options: AcceptanceOptions) {
  const lines: string[] = []
  const tally = await runAcceptance(options, (line) => lines.push(line))
  return { ...tally, lines, faults: lines.filter((line) => line.startsWith('FAIL')) }
}

t.test('what is missing or wrong on the command line is said in one sentence', async (t) => {
  t.throws(() => readOptions([], credentials), /^name one address, such as/)
  t.throws(() => readOptions(['music.example.org'], credentials), 'music.example.org is not an address; write it as http://localhost:3000 or https://music.example.org')
  t.throws(() => readOptions(['http://localhost'], {}), /set ACCEPTANCE_USERNAME and ACCEPTANCE_PASSWORD/)
  t.throws(() => readOptions(['http://localhost', '--profile', 'all'], credentials), '--profile must be one of smoke, core, full')
  t.match(readOptions(['http://localhost/', '--setup', 'http://localhost/setup#token=abc'], credentials), { address: 'http://localhost', setupToken: 'abc', profile: 'core' })
  await t.rejects(run(readOptions(['http://127.0.0.1:9'], credentials)), /^nobody answers at http:\/\/127.0.0.1:9: .*(ECONNREFUSED|bad port)/)
})

t.test('a service that works passes, and each planted fault is found', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-acceptance-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const service = await startFreshet(t, dataDir, { LOG_LEVEL: 'warn' })
  const options = readOptions([service.url, '--setup', service.setupToken() ?? ''], credentials)

  await t.test('the profile core', async (t) => {
    const { failed, passed, lines, faults } = await run(options)
    t.same(faults, [], 'nothing fails')
    t.ok(passed > 100, `${passed} checks`)
    t.equal(lines.at(-1), `\n${passed} passed, ${failed} failed`)
    const token = await tokenOf(service.url)
    const left = await Promise.all(['tracks', 'playlists', 'users'].map(async (list) => itemsOf(service.url, list, token)))
    t.same(left.map((items) => items.length), [0, 0, 1], 'it leaves nothing but the admin')
  })

  const known = { ...options, setupToken: undefined }
  await t.rejects(run({ ...known, credentials: { username: 'ada', password: 'wrong' } }), /does not know ada with this password/)
  await t.rejects(run(options), /the first admin could not be made \(403\)/, 'a link that was used')

  const faulty = async (profile: 'smoke' | 'core', mangle: Mangle) => run({ ...known, profile, connect: await manglingProxy(t, service.url, mangle) })

  await t.test('as it is, the proxy breaks nothing', async (t) => {
    t.same((await faulty('smoke', (exchange, ask) => ask(exchange))).faults, [])
  })

  await t.test('an edge that does not check signatures', async (t) => {
    let good = ''
    const { faults } = await faulty('smoke', async (exchange, ask) => {
      const answer = await ask(exchange)
      if (!exchange.url.startsWith('/media/')) return answer
      if (answer.status < 300) good = exchange.url
      return answer.status === 403 ? ask({ ...exchange, url: good }) : answer
    })
    t.match(faults, [/without its signature the address gives nothing/])
    t.equal(faults.length, 1)
  })

  await t.test('an edge that knows no ranges', async (t) => {
    const { faults } = await faulty('smoke', (exchange, ask) => ask({ ...exchange, headers: { ...exchange.headers, range: '' } }))
    t.match(faults, [/a range of them is given/])
  })

  await t.test('a store that lost the sound', async (t) => {
    const { faults } = await faulty('smoke', async (exchange, ask) => {
      const answer = await ask(exchange)
      return exchange.url.startsWith('/media/') && answer.status === 200 ? { ...answer, body: Buffer.concat([answer.body.subarray(0, 5_000), Buffer.alloc(answer.body.length - 5_000)]) } : answer
    })
    t.match(faults, [/the bytes there are sound/])
  })

  await t.test('a service for which everybody is an admin', async (t) => {
    const authorization = `Bearer ${await tokenOf(service.url)}`
    const isOwnSession = ({ url }: Exchange) => /^\/api\/(me|session)/.test(url)
    const { faults } = await faulty('core', (exchange, ask) =>
      ask(exchange.headers.authorization === undefined || isOwnSession(exchange) ? exchange : { ...exchange, headers: { ...exchange.headers, authorization } }))
    for (const sentence of ['a listener is refused', 'a curator is refused', 'an auditor is refused', 'nobody else does', 'the listener’s own']) {
      t.ok(faults.some((fault) => fault.includes(sentence)), sentence)
    }
  })
  await service.interrupt()
})

async function tokenOf (url: string): Promise<string> {
  const { ACCEPTANCE_USERNAME: username, ACCEPTANCE_PASSWORD: password } = credentials
  const answer = await fetch(`${url}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password }) })
  return (await answer.json() as { accessToken: string }).accessToken
}

async function itemsOf (url: string, list: string, token: string): Promise<unknown[]> {
  const answer = await fetch(`${url}/api/${list}`, { headers: { authorization: `Bearer ${token}` } })
  return (await answer.json() as { items: unknown[] }).items
}
