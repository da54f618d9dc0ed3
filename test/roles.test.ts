import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { acceptableHash, insertUser } from '../src/accounts/users.ts'
import type { Database } from '../src/platform/database/database.ts'
import { watchSpotNotice } from '../src/platform/instance-metadata.ts'
import type { PartAddresses, UploadTicket } from '../src/uploads/schemas.ts'
import { testDatabase } from './support/database.ts'
import { ffmpeg } from './support/media.ts'
import { type MetadataServer, metadataServer } from './support/metadata-server.ts'
import { freePort } from './support/process.ts'
import { roundRobin } from './support/round-robin.ts'
import { temporaryFolder } from './support/stores.ts'

const root = join(import.meta.dirname, '..')
const requestsPerMinute = 300
const password = 'canary-password-0123'
/** What must stand in no line that any of them writes. */
const canaries = { username: 'canary-ada', email: 'canary-bob@example.org', fileName: 'canary-recital.wav', query: 'canary-query' }

interface Instance {
  readonly url: string
  readonly process: ChildProcess
  readonly metadata: MetadataServer
  output(): string
  /** Gone, and all that it wrote is there. */
  hasEnded(): boolean
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly cookie: string
}

async function until (what: () => Promise<boolean> | boolean, timeoutMs = 60_000): Promise<number> {
  const startedAt = performance.now()
  while (!await what()) {
    if (performance.now() - startedAt > timeoutMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await delay(25)
  }
  return performance.now() - startedAt
}

/** Processes of one installation: one database, one store, and nothing else in common. */
async function installation (t: Test) {
  const db = await testDatabase(t)
  const dataDir = await temporaryFolder(t)
  const ports = await Promise.all([freePort(), freePort(), freePort()])
  const publicUrl = `http://localhost:${await roundRobin(t, ports)}`
  const start = async (role: 'web' | 'worker', port = 0): Promise<Instance> => {
    const metadata = await metadataServer(t)
    const child = spawn(process.execPath, ['src/main.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        FRESHET_ROLE: role,
        DATABASE_URL: db.url,
        DATA_DIR: dataDir,
        PUBLIC_URL: publicUrl,
        PORT: String(port),
        STAGE: 'roles',
        METRICS_EMF: 'true',
        INSTANCE_ID: `i-${role}-${port}`,
        INSTANCE_METADATA_URL: metadata.url,
        REQUESTS_PER_MINUTE: String(requestsPerMinute),
        WORKER_CONCURRENCY: '1'
      }
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
    let closed = false
    const gone = once(child, 'close').then(() => { closed = true })
    t.teardown(async () => { child.kill('SIGKILL'); await gone })
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the ${role} ended: ${output}`)
      return output.includes(role === 'web' ? '"msg":"listening"' : '"msg":"worker started"')
    })
    return { url: `http://localhost:${port}`, process: child, metadata, output: () => output, hasEnded: () => closed }
  }
  const webs = await Promise.all(ports.map((port) => start('web', port)))
  return { db, dataDir, publicUrl, webs, startWorker: () => start('worker') }
}

async function call (url: string, { method = 'GET', token, cookie, body }: { method?: string, token?: string, cookie?: string, body?: object } = {}): Promise<Answer> {
  const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(cookie === undefined ? {} : { cookie }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await response.text()
  return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
}

async function addUser (db: Database, username: string, role: 'admin' | 'curator' | 'listener'): Promise<string> {
  const passwordHash = await acceptableHash({ username, password })
  return (await db.prisma.$transaction((tx) => insertUser(tx, { username, passwordHash, role }))).id
}

const tokenOf = ({ body }: Answer): string => (body as { accessToken: string }).accessToken

async function upload (urls: readonly string[], token: string, { name, bytes }: { name: string, bytes: Buffer }): Promise<string> {
  const [first = '', second = '', third = ''] = urls
  const { body } = await call(`${first}/api/uploads`, { method: 'POST', token, body: { relativePath: name, sizeBytes: bytes.length, contentType: 'audio/wav', fingerprint: name } })
  const ticket = body as UploadTicket
  const addresses = await call(`${second}/api/uploads/${ticket.id}/parts`, { method: 'POST', token, body: { partNumbers: Array.from({ length: ticket.partCount }, (_, i) => i + 1) } })
  const parts = await Promise.all((addresses.body as PartAddresses).parts.map(async ({ partNumber, url, headers }) => {
    const part = bytes.subarray((partNumber - 1) * ticket.partSizeBytes, partNumber * ticket.partSizeBytes)
    const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(part) })
    return { partNumber, etag: answer.headers.get('etag') ?? '' }
  }))
  const { status } = await call(`${third}/api/uploads/${ticket.id}/complete`, { method: 'POST', token, body: { parts } })
  t.equal(status, 200, `${name} is complete`)
  return ticket.id
}

t.setTimeout(400_000)

t.test('three web processes and two workers share nothing but database and store', { timeout: 390_000 }, async (t) => {
  const { db, dataDir, publicUrl, webs, startWorker } = await installation(t)
  const urls = webs.map(({ url }) => url)
  await addUser(db, canaries.username, 'admin')
  const bobId = await addUser(db, canaries.email, 'curator')
  const signIn = (username: string, url = publicUrl) => call(`${url}/api/session`, { method: 'POST', body: { username, password } })
  const everywhere = (token: string, path = '/api/me') => Promise.all(urls.map(async (url) => (await call(url + path, { token })).status))
  const admin = tokenOf(await signIn(canaries.username))
  const first = await startWorker()

  t.test('a session begun at one is good at all, and refreshed at any', async (t) => {
    const begun = await signIn(canaries.email, urls[0])
    t.same(await everywhere(tokenOf(begun)), [200, 200, 200])
    let { cookie } = begun
    for (let n = 0; n < 6; n += 1) {
      const next = await call(`${publicUrl}/api/session/refresh`, { method: 'POST', cookie })
      t.equal(next.status, 200)
      cookie = next.cookie
    }
    const [here, there] = await Promise.all([0, 1].map((n) => call(`${urls[n] ?? ''}/api/session/refresh`, { method: 'POST', cookie })))
    t.same([here?.status, there?.status, here?.cookie], [200, 200, there?.cookie], 'two tabs at two instances get the same successor')
  })

  t.test('another role and a disabled account act at once on all', async (t) => {
    const bob = tokenOf(await signIn(canaries.email))
    t.same(await everywhere(bob), [200, 200, 200])
    const change = (body: object) => call(`${publicUrl}/api/users/${bobId}`, { method: 'PATCH', token: admin, body })
    await change({ role: 'listener' })
    await until(async () => (await everywhere(bob)).every((status) => status === 401))
    const again = tokenOf(await signIn(canaries.email))
    t.same(await everywhere(again, '/api/jobs'), [403, 403, 403])
    await change({ disabled: true })
    await until(async () => (await everywhere(again)).every((status) => status === 401))
    await change({ disabled: false, role: 'curator' })
  })

  t.test('sign-ins that fail are counted together', async (t) => {
    await addUser(db, 'canary-carl', 'listener')
    const guess = async (n: number) => (await call(`${urls[n % 3] ?? ''}/api/session`, { method: 'POST', body: { username: 'canary-carl', password: `wrong ${n}` } })).status
    const statuses: number[] = []
    for (let n = 0; n < 12; n += 1) statuses.push(await guess(n))
    t.same(statuses, [...Array<number>(10).fill(401), 429, 429])
  })

  t.test('a flood over all of them is refused by all', async (t) => {
    const secondsLeft = 60 - new Date().getSeconds()
    if (secondsLeft < 20) await delay(secondsLeft * 1_000)
    await addUser(db, 'canary-dora', 'listener')
    const dora = tokenOf(await signIn('canary-dora'))
    for (let n = 0; n < 130; n += 1) await everywhere(dora)
    // Each has seen fewer than it allows.
    await until(async () => (await everywhere(dora)).every((status) => status === 429))
    t.same(await everywhere(admin), [200, 200, 200], 'others go on')
  })

  t.test('an upload begun at one, sent through another and completed at a third is published, and a Spot notice loses nothing', async (t) => {
    const bob = tokenOf(await signIn(canaries.email))
    const path = join(dataDir, canaries.fileName)
    await ffmpeg('-f', 'lavfi', '-i', 'anoisesrc=color=pink:duration=180:sample_rate=44100', '-ac', '2', path)
    const id = await upload(urls, bob, { name: canaries.fileName, bytes: await readFile(path) })
    const job = () => db.prisma.job.findFirstOrThrow({ where: { uploadId: id } })
    await until(async () => (await job()).stage === 'renditions')
    t.match(await job(), { state: 'running', fence: 1 }, 'the first is in the midst of it')
    first.metadata.forgetTokens()
    first.metadata.takeAway()
    // The second comes only now, or a slow machine would have it come when the first is done.
    const givenBackMs = await until(async () => (await job()).state === 'waiting')
    // Two seconds as a rule; if it had to lapse, the lease would have twenty.
    t.ok(givenBackMs < 12_000, `given back ${Math.round(givenBackMs)} ms after the notice`)
    const second = await startWorker()
    await until(async () => (await job()).fence === 2)
    await until(async () => (await job()).state === 'done', 120_000)
    t.match(await job(), { attempts: 1, fence: 2 }, 'no attempt was lost')
    t.match(await db.prisma.upload.findUniqueOrThrow({ where: { id } }), { state: 'published' })
    t.equal(first.process.exitCode, null, 'the first stays, so that nobody starts it anew')
    t.equal(await db.prisma.rendition.count(), 4, 'one set')
    const [web] = webs
    web?.metadata.takeAway()
    await until(async () => (await call(`${web?.url ?? ''}/readyz`)).status === 503)
    t.match(await call(`${web?.url ?? ''}/api/search?q=${canaries.query}`, { token: bob }), { status: 200 }, 'and serves those who are still there')
    await call(`${publicUrl}/api/${canaries.query}/${canaries.email}`)
    await call(`${publicUrl}/api/albums/${canaries.email}?token=${canaries.query}`, { token: bob })
    await call(`${publicUrl}/api/me`, { token: canaries.query })

    for (const instance of [...webs, first, second]) instance.process.kill('SIGTERM')
    const drainedAt = performance.now()
    t.equal((await call(`${urls[1] ?? ''}/api/me`, { token: bob })).status, 200, 'served while it drains')
    await until(() => [...webs, first, second].every((instance) => instance.hasEnded()))
    t.comment(`all gone after ${Math.round(performance.now() - drainedAt)} ms`)
    checkOutput(t, [...webs, first, second], [password, bob, admin])
  })
})

/** Every line is one JSON object: of the log, or metrics. The greeting of a developer's process is left out. */
function checkOutput (t: Test, instances: readonly Instance[], secrets: readonly string[]): void {
  const text = instances.map((instance) => instance.output()).join('\n')
  for (const canary of [...Object.values(canaries), 'canary', ...secrets]) t.notOk(text.includes(canary), `${canary.slice(0, 20)} stands nowhere`)
  const objects = text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>)
  t.same(text.split('\n').filter((line) => line !== '' && !line.startsWith('{') && !/Freshet is open at|first admin|setup#token/.test(line)), [], 'nothing else is written')
  const logged = objects.filter((object) => !('_aws' in object))
  t.ok(logged.length > 20 && logged.every(({ level, time, role, instanceId }) => /^(debug|info|warn|error)$/.test(String(level)) && /^\d{4}-.*Z$/.test(String(time)) && /^(web|worker)$/.test(String(role)) && /^i-/.test(String(instanceId))))
  const metrics = objects.filter((object) => '_aws' in object)
  const sum = (name: string, role: string) => metrics.filter((line) => line.Role === role && line.Stage === 'roles' && !('RouteClass' in line) && !('Processor' in line) && !('Reason' in line)).reduce((all, line) => all + Number(line[name] ?? 0), 0)
  t.ok(sum('Requests', 'web') > 400)
  t.equal(sum('SignInsRefused', 'web'), 12)
  t.equal(sum('JobsDone', 'worker'), 1)
  t.equal(sum('JobsFailed', 'worker'), 0)
  t.match(metrics.filter((line) => 'SecondsToPublish' in line), [{ Role: 'worker', SecondsToPublish: { Count: 1 } }])
  t.ok(['search', 'sign-in', 'upload'].every((name) => metrics.some((line) => line.RouteClass === name && 'RequestMs' in line)))
}

t.test('a watch for Spot notices', async (t) => {
  const metadata = await metadataServer(t)
  const notices: unknown[] = []
  const errors: unknown[] = []
  // Answers are awaited for a second and a half, which a busy machine may take.
  const onError = (error: unknown) => { if (!(error instanceof Error && error.name === 'TimeoutError')) errors.push(error) }
  const stop = watchSpotNotice({ url: metadata.url, onNotice: (notice) => notices.push(notice), onError })
  await until(() => metadata.asked() > 1)
  metadata.forgetTokens()
  const before = metadata.asked()
  await until(() => metadata.asked() > before)
  t.same([notices, errors], [[], []], 'quiet while there is none; a token that ran out is replaced')
  metadata.takeAway()
  await until(() => notices.length > 0)
  t.match(notices, [{ action: 'terminate', at: /Z$/ }])
  const after = metadata.asked()
  await delay(2_500)
  t.same([notices.length, metadata.asked()], [1, after], 'once is enough')
  await stop()
  const gone = watchSpotNotice({ url: 'http://127.0.0.1:9', onNotice: () => t.fail('a notice from nobody'), onError: (error) => errors.push(error) })
  await until(() => errors.length > 0)
  await delay(2_500)
  await gone()
  t.equal(errors.length, 1, 'a fault is told once, not every two seconds')
})
