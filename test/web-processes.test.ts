import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret } from '../src/platform/secrets.ts'
import { testDatabase } from './support/database.ts'
import { startFreshet } from './support/process.ts'

async function startTwo (t: Test, env: NodeJS.ProcessEnv = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-web-processes-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  const db = await testDatabase(t)
  return await startFreshet(t, folder, {
    FRESHET_ROLE: 'web',
    WEB_PROCESSES: '2',
    DATABASE_URL: db.url,
    JWT_PRIVATE_KEY: newJwtKeyPem(),
    CDN_PRIVATE_KEY: newSigningKeyPem(),
    UPLOAD_SECRET: newUploadSecret(),
    ...env
  })
}

const childrenOf = (pid = 0) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

/** A connection of its own: connections are what is dealt out to the processes. */
async function ask (url: string): Promise<'answered' | 'shed' | 'failed'> {
  try {
    const { status, headers } = await fetch(`${url}/api/setup`, { headers: { connection: 'close' } })
    if (status === 200) return 'answered'
    return status === 503 && headers.has('retry-after') ? 'shed' : 'failed'
  } catch {
    return 'failed'
  }
}

t.test('two web processes share a port; one that dies is replaced, and none is missed when they end', async (t) => {
  const instance = await startTwo(t)
  t.match(instance.setupToken(), /^[\w-]{43}$/, 'one of them greets')
  t.equal(instance.output().split('setup#token=').length, 2)
  while (instance.output().split('"listening"').length < 3) await new Promise((resolve) => setTimeout(resolve, 50))
  const [first, ...others] = childrenOf(instance.process.pid)
  t.equal(others.length, 1)

  t.test('kill -9 of one leaves the other, until there are two again', async (t) => {
    process.kill(first ?? 0, 'SIGKILL')
    while (childrenOf(instance.process.pid).includes(first ?? 0)) await new Promise((resolve) => setTimeout(resolve, 10))
    for (let n = 0; n < 20; n += 1) t.not(await ask(instance.url), 'failed')
    while (instance.output().split('"listening"').length < 4) await new Promise((resolve) => setTimeout(resolve, 50))
    t.equal(childrenOf(instance.process.pid).length, 2)
    t.match(instance.output(), /a web process ended unasked/)
  })

  t.test('SIGTERM drains them: no request fails before the last says that it is not ready', async (t) => {
    const tally = { answered: 0, failed: 0, shed: 0 }
    const gone = new Promise((resolve) => instance.process.once('exit', resolve))
    const isReady = async () => (await fetch(`${instance.url}/readyz`, { headers: { connection: 'close' } })).ok
    instance.process.kill('SIGTERM')
    const drainsUntil = performance.now() + 5_000
    while (await isReady()) tally[await ask(instance.url)]++
    // What a machine that stands still for a moment asks too late is not asked of a process that drains.
    while (performance.now() < drainsUntil - 2_000) {
      const outcome = await ask(instance.url)
      if (performance.now() < drainsUntil) tally[outcome]++
    }
    t.ok(tally.answered > 0, `${tally.answered} were answered`)
    t.equal(tally.failed, 0)
    t.equal(await gone, 0, 'all ended in good order')
  })
})

t.test('processes that can’t start end the first one too, with what was wrong', async (t) => {
  await t.rejects(startTwo(t, { S3_BUCKET: 'no-such-bucket', STORAGE: 's3', S3_ENDPOINT: 'http://127.0.0.1:9' }), /ended with 1: .*can’t start/s)
})
