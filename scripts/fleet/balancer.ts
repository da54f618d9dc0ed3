import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dieWithUs } from './fleet-process.ts'

export interface BalancerOptions {
  /** For its configuration and its socket. */
  readonly dir: string
  readonly port: number
  /** Time between two health checks of a target; two that fail take it out, as two that succeed bring it in. */
  readonly checkMs: number
}

/** As the balancer counts a target. */
export interface TargetState {
  readonly slot: string
  /** UP, DOWN, DRAIN or MAINT, perhaps with how far a change of it has come. */
  readonly status: string
  readonly requestsUnderWay: number
  readonly requests: number
  readonly serverErrors: number
}

/** HAProxy as an Application Load Balancer: fewest outstanding requests, no stickiness, no second try. */
export interface Balancer {
  readonly url: string
  /** Brings a target in; resolves once it gets requests. Returns the slot that stands for it. */
  register(port: number): Promise<string>
  /** Sends a target nothing new and resolves when it has answered everything, or after `withinMs`. */
  drain(slot: string, withinMs: number): Promise<void>
  /** Forgets a target. */
  remove(slot: string): Promise<void>
  targets(): Promise<TargetState[]>
  /** One command of HAProxy’s runtime API. */
  command(text: string): Promise<string>
  stop(): Promise<void>
}

/** Targets there may be at once. */
const slots = 24
const startWithinMs = 5_000

/** Why there can be no balancer on this machine, if there can’t. */
export function balancerLack (): string | undefined {
  return spawnSync('haproxy', ['-v']).status === 0 ? undefined : 'HAProxy is not installed (Debian: apt-get install haproxy)'
}

/** Starts HAProxy without targets. It dies with this process, however that ends. */
export async function startBalancer ({ dir, port, checkMs }: BalancerOptions): Promise<Balancer> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const socket = join(dir, 'haproxy.sock')
  const file = join(dir, 'haproxy.cfg')
  await rm(socket, { force: true })
  await writeFile(file, configuration({ socket, port, checkMs }))
  const [program, args] = dieWithUs('haproxy', ['-db', '-f', file])
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => { complaint = (complaint + chunk.toString()).slice(-2_000) })
  const command = (text: string) => ask(socket, text)
  const free = new Set(Array.from({ length: slots }, (_, at) => `target${at + 1}`))
  await answers(child, { ask: () => command('show info'), complaint: () => complaint })

  const targets = async () => parseTargets(await command('show stat'))
  const targetIn = async (slot: string) => (await targets()).find((target) => target.slot === slot)
  return {
    url: `http://localhost:${port}`,
    command,
    targets,
    async register (targetPort) {
      const [slot] = free
      if (slot === undefined) throw new Error(`the balancer has no room for more than ${slots} targets`)
      free.delete(slot)
      await command(`set server web/${slot} addr 127.0.0.1 port ${targetPort}`)
      await command(`enable health web/${slot}`)
      await command(`set server web/${slot} state ready`)
      while (!(await targetIn(slot))?.status.startsWith('UP')) await delay(checkMs / 4)
      return slot
    },
    async drain (slot, withinMs) {
      await command(`set server web/${slot} state drain`)
      const deadline = performance.now() + withinMs
      while ((await targetIn(slot))?.requestsUnderWay !== 0 && performance.now() < deadline) await delay(50)
    },
    async remove (slot) {
      await command(`set server web/${slot} state maint`)
      await command(`disable health web/${slot}`)
      free.add(slot)
    },
    async stop () {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGKILL')
        await gone
      }
    }
  }
}

async function answers (child: ChildProcess, { ask: question, complaint }: { readonly ask: () => Promise<string>, readonly complaint: () => string }): Promise<void> {
  const deadline = performance.now() + startWithinMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`HAProxy ended with ${child.exitCode}: ${complaint().trim()}`)
    try {
      await question()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(20)
    }
  }
}

/** Time-outs, retries and headers as the load balancer of infra/ has them. */
function configuration ({ socket, port, checkMs }: { readonly socket: string, readonly port: number, readonly checkMs: number }): string {
  return `global
  stats socket ${socket} mode 600 level admin
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout http-request 60s
  retries 0
  option forwardfor
frontend balancer
  bind 127.0.0.1:${port}
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port ${port}
  default_backend web
backend web
  balance leastconn
  http-reuse always
  option httpchk
  http-check send meth GET uri /readyz
  http-check expect status 200
  default-server inter ${checkMs} fall 2 rise 2
  server-template target 1-${slots} 127.0.0.1:1 check disabled
`
}

function ask (socket: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const connection = connect(socket, () => connection.write(`${text}\n`))
    connection.on('data', (chunk: Buffer) => { answer += chunk.toString() })
    connection.once('end', () => resolve(answer))
    connection.once('error', reject)
  })
}

/** `show stat` is CSV with its column names in the first line. */
function parseTargets (csv: string): TargetState[] {
  const [head = '', ...lines] = csv.replace(/^# /, '').trim().split('\n')
  const names = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return (name: string) => cells[names.indexOf(name)] ?? ''
  }).filter((cell) => cell('pxname') === 'web' && cell('svname').startsWith('target') && !cell('status').startsWith('MAINT')).map((cell) => ({
    slot: cell('svname'),
    status: cell('status'),
    requestsUnderWay: Number(cell('scur')),
    requests: Number(cell('stot')),
    serverErrors: Number(cell('hrsp_5xx'))
  }))
}
