import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { loadSyntheticRows, syntheticPassword } from './capacity/synthetic-rows.ts'
import { openDatabase } from '../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded-postgres.ts'
import { migrate } from '../src/platform/database/migrate.ts'
import { freePort } from '../test/support/process.ts'

// What a web process does with three and with ten times as many requests as it can answer: npm run bench:overload
// The clients don’t wait for one another (open loop), as listeners don’t. Goals: 2xx p99 ≤ 300 ms while it lasts, and
// everything answered quickly again within 5 s.
const tracks = 2_000
const factors = [3, 10]
const lastsMs = 10_000
const goalMs = 300
const recoveryGoalMs = 5_000
/** Of what it can do: what a fleet is sized for. */
const normalShare = 0.5
const startTimeoutMs = 60_000
const root = join(import.meta.dirname, '..')
const path = '/api/albums?sort=title&limit=200'

interface Sent {
  /** Since the load began. */
  readonly sentAtMs: number
  /** 0: no answer at all. */
  readonly status: number
  readonly ms: number
}

interface Target {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly agent: Agent
}

async function main (): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-overload-'))
  const server = await startEmbeddedPostgres({ dir: join(folder, 'postgres'), passwordFile: join(folder, 'password') })
  // As a load balancer holds them: more at once than a listening queue takes would measure TCP’s second tries.
  const agent = new Agent({ keepAlive: true, maxSockets: 400 })
  let web: ChildProcess | undefined
  try {
    await migrate(server.url, join(root, 'prisma/migrations'))
    const db = openDatabase(server.url, { poolSize: 4, onError: (error) => console.error(error.message) })
    const rows = await loadSyntheticRows(db, tracks).finally(() => db.close())
    const port = await freePort()
    web = spawn(process.execPath, ['src/main.ts'], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, FRESHET_ROLE: 'web', DATABASE_URL: server.url, DATA_DIR: join(folder, 'data'), PORT: String(port), REQUESTS_PER_MINUTE: '0', METRICS_EMF: 'true' }
    })
    const base = `http://localhost:${port}`
    await ready(base, web)
    const token = await signIn(base, rows.usernames[0] ?? '')
    await overload({ url: base + path, headers: { authorization: `Bearer ${token}` }, agent })
  } finally {
    agent.destroy()
    if (web !== undefined && web.exitCode === null) {
      web.kill('SIGKILL')
      await once(web, 'exit')
    }
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function overload (target: Target): Promise<void> {
  await closedLoop(target, 3_000)
  const perSecond = await closedLoop(target, 5_000)
  console.log(`${perSecond.toFixed(0)} requests a second is all it can do (${path})\n`)
  console.log('load       sent   2xx/s   shed %  failed      p50      p95      p99   slowest   normal after')
  for (const factor of factors) {
    const sent = await openLoop(target, { perSecond: perSecond * factor, forMs: lastsMs })
    const after = await openLoop(target, { perSecond: perSecond * normalShare, forMs: 2 * recoveryGoalMs })
    const good = sent.filter(({ status }) => status === 200).map(({ ms }) => ms).toSorted((a, b) => a - b)
    const share = (part: number) => `${(good[Math.min(good.length - 1, Math.floor(good.length * part))] ?? NaN).toFixed(0)} ms`
    const shed = sent.filter(({ status }) => status === 503).length
    const failed = sent.length - shed - good.length
    const normalAfterMs = lastTrouble(after)
    const cells = [sent.length, (good.length / lastsMs * 1_000).toFixed(0), (shed / sent.length * 100).toFixed(1), failed, share(0.5), share(0.95), share(0.99), share(1), `${normalAfterMs.toFixed(0)} ms`]
    console.log(`${`${factor}×`.padEnd(6)}${cells.map((cell, i) => String(cell).padStart([9, 8, 9, 8, 9, 9, 9, 10, 15][i] ?? 9)).join('')}`)
    const met = (good[Math.floor(good.length * 0.99)] ?? Infinity) <= goalMs && normalAfterMs <= recoveryGoalMs && failed === 0
    console.log(`      goal (2xx p99 ≤ ${goalMs} ms, normal within ${recoveryGoalMs / 1_000} s, none without an answer): ${met ? 'met' : 'missed'}`)
  }
}

/** The moment, since the load fell, of the last request that was not answered well. */
function lastTrouble (after: readonly Sent[]): number {
  return Math.max(0, ...after.filter(({ status, ms }) => status !== 200 || ms > goalMs).map(({ sentAtMs, ms }) => sentAtMs + ms))
}

/** @returns answers a second, with always as many requests under way */
async function closedLoop (target: Target, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let answered = 0
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (performance.now() < until) if ((await ask(target)).status === 200) answered += 1
  }))
  return answered / forMs * 1_000
}

/** Sends at that rate whatever comes back. */
async function openLoop (target: Target, { perSecond, forMs }: { readonly perSecond: number, readonly forMs: number }): Promise<Sent[]> {
  const begunAt = performance.now()
  const asked: Array<Promise<Sent>> = []
  for (let elapsed = 0; elapsed < forMs; elapsed = performance.now() - begunAt) {
    for (let due = Math.floor(elapsed / 1_000 * perSecond); asked.length < due;) {
      const sentAtMs = performance.now() - begunAt
      asked.push(ask(target).then((answer) => ({ sentAtMs, ...answer })))
    }
    await delay(2)
  }
  return await Promise.all(asked)
}

function ask ({ url, headers, agent }: Target): Promise<Pick<Sent, 'status' | 'ms'>> {
  return new Promise((resolve) => {
    const began = performance.now()
    const end = (status: number) => resolve({ status, ms: performance.now() - began })
    get(url, { agent, headers }, (answer) => {
      answer.resume().once('end', () => end(answer.statusCode ?? 0)).once('error', () => end(0))
    }).once('error', () => end(0))
  })
}

async function ready (base: string, web: ChildProcess): Promise<void> {
  const deadline = performance.now() + startTimeoutMs
  while (!await fetch(`${base}/readyz`).then(({ ok }) => ok, () => false)) {
    if (web.exitCode !== null) throw new Error(`the web process ended with ${web.exitCode}`)
    if (performance.now() > deadline) throw new Error(`the web process was not ready within ${startTimeoutMs / 1_000} s`)
    await delay(50)
  }
}

async function signIn (base: string, username: string): Promise<string> {
  const answer = await fetch(`${base}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password: syntheticPassword }) })
  if (!answer.ok) throw new Error(`${username} can’t sign in: ${await answer.text()}`)
  const { accessToken } = await answer.json() as { accessToken: string }
  return accessToken
}

await main()
