import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ask, closeConnections } from './capacity/http-client.ts'
import { type MeasuredCosts, measuredCostsFile, readMeasuredCosts, type RouteClass, type RouteCost } from './capacity/measured-costs.ts'
import { measureMedia } from './capacity/measure-media.ts'
import { firstThreadRanUs, ranUs, threadTimes } from './capacity/processor-time.ts'
import { keepSession, type RequestClass, requestClasses, type Visitor } from './capacity/request-classes.ts'
import { loadSyntheticRows, type SyntheticRows, syntheticPassword } from './capacity/synthetic-rows.ts'
import { openDatabase } from '../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded-postgres.ts'
import { migrate } from '../src/platform/database/migrate.ts'
import { freePort } from '../test/support/process.ts'

// What a request of each kind costs this code: a real web process and a real Postgres with an invented archive.
//   npm run bench:requests                          writes scripts/capacity/measured-costs.json
//   npm run bench:requests -- --music dist/demo     and publishes a folder of music, for the costs of a track
//   npm run bench:requests -- --dry                 prints only
const { values } = parseArgs({
  options: {
    tracks: { type: 'string', default: '20000' },
    requests: { type: 'string', default: '400' },
    concurrency: { type: 'string', default: '4' },
    music: { type: 'string' },
    dry: { type: 'boolean', default: false }
  }
})
const root = join(import.meta.dirname, '..')
const startTimeoutMs = 60_000
/** Argon2 takes a hundred times as long as anything else. */
const fewer: Partial<Record<RouteClass, number>> = { 'sign-in': 0.25 }

interface Bench {
  readonly base: string
  readonly webPid: number
  readonly postgresPid: number
  readonly visitors: Visitor[]
  /** Bytes that the web process has logged so far. */
  logged(): number
}

async function measure ({ base, webPid, postgresPid, visitors, logged }: Bench, kind: RequestClass): Promise<RouteCost> {
  const total = Math.ceil(number('requests') * (fewer[kind.name] ?? 1))
  let next = 0
  let answerBytes = 0
  const latencies: number[] = []
  const run = async (visitor: Visitor, until: number) => {
    for (let n = next++; n < until; n = next++) {
      const began = performance.now()
      const answer = await ask(base, kind.request(visitor, n))
      latencies.push(performance.now() - began)
      if (answer.status >= 300) throw new Error(`${kind.name} was answered with ${answer.status}: ${answer.body}`)
      answerBytes += answer.bytes
      kind.answered?.(visitor, answer)
    }
  }
  const all = async (until: number) => { await Promise.all(visitors.map((visitor) => run(visitor, until))) }
  // Prepared statements, caches and the compiler are warm in a process that has served for a while.
  const warmUp = Math.ceil(total / 2)
  await all(warmUp)
  next = warmUp
  answerBytes = 0
  latencies.length = 0
  const before = { web: threadTimes(webPid), postgres: threadTimes(postgresPid), logged: logged() }
  await all(warmUp + total)
  const after = { web: threadTimes(webPid), postgres: threadTimes(postgresPid) }
  const requests = latencies.length
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN, 2)
  return {
    requests,
    webCpuUs: Math.round(ranUs(before.web, after.web) / requests),
    webLoopUs: Math.round(firstThreadRanUs(webPid, before.web, after.web) / requests),
    databaseCpuUs: Math.round(ranUs(before.postgres, after.postgres) / requests),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    answerBytes: Math.round(answerBytes / requests),
    logBytes: Math.round((logged() - before.logged) / requests)
  }
}

async function main (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-requests-'))
  const dir = join(folder, 'postgres')
  const server = await startEmbeddedPostgres({ dir, passwordFile: join(folder, 'password') })
  let web: ChildProcess | undefined
  try {
    await migrate(server.url, join(root, 'prisma/migrations'))
    const db = openDatabase(server.url, { poolSize: 4, onError: (error) => console.error(error.message) })
    const rows = await loadSyntheticRows(db, number('tracks')).finally(() => db.close())
    console.log(`${rows.trackIds.length} tracks, ${rows.usernames.length} users; bytes: ${JSON.stringify(rows.costs)}`)
    const port = await freePort()
    let logged = 0
    web = spawn(process.execPath, ['src/main.ts'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, FRESHET_ROLE: 'web', DATABASE_URL: server.url, DATA_DIR: join(folder, 'data'), PORT: String(port), REQUESTS_PER_MINUTE: '0', LOG_LEVEL: 'info' }
    })
    web.stdout?.on('data', (chunk: Buffer) => { logged += chunk.length })
    const base = `http://localhost:${port}`
    await ready(base, web)
    const postgresPid = Number(readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n')[0])
    const visitors = await signIn(base, rows)
    const routes = await measureAll({ base, webPid: web.pid ?? 0, postgresPid, visitors, logged: () => logged }, rows)
    const postgres = await version(server.url)
    await write({ routes, database: rows.costs, postgres })
  } finally {
    closeConnections()
    if (web !== undefined && web.exitCode === null) {
      web.kill('SIGKILL')
      await once(web, 'exit')
    }
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function ready (base: string, web: ChildProcess): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  while (!await fetch(`${base}/readyz`).then(({ ok }) => ok, () => false)) {
    if (web.exitCode !== null) throw new Error(`the web process ended with ${web.exitCode}`)
    if (performance.now() > deadline) throw new Error(`the web process was not ready within ${startTimeoutMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Curators, so that all may do everything that is measured. */
async function signIn (base: string, { usernames }: SyntheticRows): Promise<Visitor[]> {
  const chosen = usernames.filter((_, index) => (index + 1) % 20 === 0).slice(0, number('concurrency'))
  const visitors: Visitor[] = []
  for (const username of chosen) {
    const visitor: Visitor = { username, accessToken: '', cookie: '' }
    const answer = await ask(base, { method: 'POST', path: '/api/session', headers: {}, body: { username, password: syntheticPassword } })
    if (answer.status !== 200) throw new Error(`${username} can’t sign in: ${answer.body}`)
    keepSession(visitor, answer)
    visitors.push(visitor)
  }
  return visitors
}

async function measureAll (bench: Bench, rows: SyntheticRows): Promise<MeasuredCosts['routes']> {
  const costs: Partial<MeasuredCosts['routes']> = {}
  console.log('\nroute class        requests   web µs   its loop   database µs     p50 ms     p99 ms   answer B   log B')
  for (const kind of requestClasses(rows)) {
    const cost = await measure(bench, kind)
    costs[kind.name] = cost
    const cells = [cost.requests, cost.webCpuUs, cost.webLoopUs, cost.databaseCpuUs, cost.p50Ms, cost.p99Ms, cost.answerBytes, cost.logBytes]
    console.log(`${kind.name.padEnd(16)}${cells.map((cell, index) => String(cell).padStart([11, 9, 11, 14, 11, 11, 11, 8][index] ?? 10)).join('')}`)
  }
  // measureAll goes through all of requestClasses, which a test compares with routeClasses.
  return costs as MeasuredCosts['routes']
}

async function version (url: string): Promise<string> {
  const db = openDatabase(url, { poolSize: 2, onError: () => {} })
  const { rows: [row] } = await db.pool.query<{ server_version: string }>('SHOW server_version')
  await db.close()
  return row?.server_version ?? 'unknown'
}

async function write ({ routes, database, postgres }: Pick<MeasuredCosts, 'routes' | 'database'> & { postgres: string }): Promise<void> {
  const media = values.music === undefined ? readMeasuredCosts().media : await measureMedia(values.music)
  const costs: MeasuredCosts = {
    measuredAt: new Date().toISOString(),
    command: ['npm run bench:requests --', `--tracks ${values.tracks} --requests ${values.requests} --concurrency ${values.concurrency}`].join(' '),
    machine: { processor: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryGiB: round(totalmem() / 2 ** 30, 1), node: process.versions.node, postgres },
    concurrency: number('concurrency'),
    routes,
    database,
    media
  }
  console.log(`\nmedia: ${JSON.stringify(media)}`)
  if (values.dry) return
  writeFileSync(measuredCostsFile, `${JSON.stringify(costs, null, 2)}\n`)
  console.log(`\nwritten to ${measuredCostsFile.slice(root.length + 1)}; npm run capacity reads it`)
}

function number (name: 'tracks' | 'requests' | 'concurrency'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0, not “${values[name]}”`)
  return value
}

function round (value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

await main()
