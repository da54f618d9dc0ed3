import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret } from '../src/platform/secrets.ts'
import { testDatabase } from './support/database.ts'
import { processesUsing, startFreshet } from './support/process.ts'

const admin = { username: 'ada', password: 'an entirely fine passphrase' }

async function dataFolder (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-start-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))
  return folder
}

const post = (url: string, body: object) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

async function until (what: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (performance.now() < deadline) {
    if (what()) return true
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return what()
}

t.test('one command starts everything, and a second start finds it as it was', async (t) => {
  const dataDir = await dataFolder(t)
  const first = await startFreshet(t, dataDir)
  t.equal((await fetch(`${first.url}/readyz`)).status, 200)
  const token = first.setupToken()
  t.type(token, 'string', 'the first start prints the link for the first admin')
  t.equal(first.output().split(token ?? '').length, 2, 'it stands in the greeting and in no log line')
  t.equal((await post(`${first.url}/api/setup`, { token, ...admin })).status, 201)
  t.ok(processesUsing(dataDir).some((line) => line.includes('postgres')), 'the embedded Postgres runs')
  t.equal(await first.interrupt(), 0, 'Ctrl-C ends it in good order')
  t.same(processesUsing(dataDir), [], 'and leaves nothing running')

  const second = await startFreshet(t, dataDir)
  t.equal(second.setupToken(), undefined, 'there is an admin: no link any more')
  t.equal((await post(`${second.url}/api/session`, admin)).status, 200, 'the admin is still there')
  await t.rejects(startFreshet(t, dataDir), /another Freshet is running/, 'a third start on the same folder is refused with a reason')
  t.equal((await fetch(`${second.url}/readyz`)).status, 200, 'and harms nothing')
  await second.interrupt()
})

t.test('kill -9 of the main process leaves nothing running and loses nothing', async (t) => {
  const dataDir = await dataFolder(t)
  const first = await startFreshet(t, dataDir)
  t.equal((await post(`${first.url}/api/setup`, { token: first.setupToken(), ...admin })).status, 201)
  await first.kill()
  t.ok(await until(() => processesUsing(dataDir).length === 0, 60_000), `worker and Postgres follow: ${processesUsing(dataDir).join('; ')}`)
  const second = await startFreshet(t, dataDir)
  const answer = await post(`${second.url}/api/session`, admin)
  t.equal(answer.status, 200, await answer.text())
  await second.interrupt()
})

t.test('wrong settings stop the start with a sentence that names them', async (t) => {
  const dataDir = await dataFolder(t)
  await t.rejects(startFreshet(t, dataDir, { PORT: 'eighty', STORAGE: 's3' }), /PORT must be a whole number.*S3_BUCKET is required/s)
})

t.test('behind a load balancer no request fails while an instance ends', async (t) => {
  const db = await testDatabase(t)
  const instance = await startFreshet(t, await dataFolder(t), {
    NODE_ENV: 'production',
    FRESHET_ROLE: 'web',
    DATABASE_URL: db.url,
    PUBLIC_URL: 'https://music.example.org',
    JWT_PRIVATE_KEY: newJwtKeyPem(),
    CDN_PRIVATE_KEY: newSigningKeyPem(),
    UPLOAD_SECRET: newUploadSecret()
  })
  t.equal(instance.setupToken(), undefined, 'what it writes is collected: whoever reads it must not become admin')
  const balanced = { inService: true }
  const tally = { answered: 0, failed: 0, shed: 0 }
  const asked = () => tally.answered + tally.failed + tally.shed
  // On a machine busy with other tests it may turn somebody away, and says when to come back; that is no failure to drain.
  const outcome = async () => {
    try {
      const { status, headers } = await fetch(`${instance.url}/api/setup`)
      if (status === 200) return 'answered'
      return status === 503 && headers.has('retry-after') ? 'shed' : 'failed'
    } catch {
      return 'failed'
    }
  }
  // The balancer asks for readiness twice a second and sends nobody to an instance that isn't ready.
  const balancer = (async () => {
    while (balanced.inService) {
      balanced.inService = await fetch(`${instance.url}/readyz`).then(({ ok }) => ok)
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  const listeners = Array.from({ length: 8 }, async () => {
    while (balanced.inService) tally[await outcome()]++
  })
  t.ok(await until(() => tally.answered > 0, 60_000), 'it answers')
  const gone = new Promise((resolve) => instance.process.once('exit', resolve))
  instance.process.kill('SIGTERM')
  const askedBefore = asked()
  await Promise.all([balancer, ...listeners])
  t.ok(asked() > askedBefore, `${asked() - askedBefore} more were asked while it ended`)
  t.equal(tally.failed, 0, 'and none failed')
  t.equal(await gone, 0, 'the instance ended in good order')
})
