import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/support/process.ts'
import { LabError } from './lab-error.ts'
import type { TargetHealth, TargetSettings } from './group-settings.ts'

/** One answer as the balancer logs it: time to the first byte in ms, −1 if no instance gave one. */
export interface LoggedAnswer { readonly responseMs: number, readonly status: number }

export interface BalancerSettings {
  readonly dir: string
  readonly target: TargetSettings
  readonly compression: number
  /** How many instances there may ever be at once. */
  readonly slots: number
  readonly onAnswer: (answer: LoggedAnswer) => void
}

const startWithinMs = 10_000
/** A busy machine would otherwise take living instances for dead: its delays are not compressed. */
const leastCheckMs = 2_000

/** Why there can be no balancer on this machine, if so. */
export function balancerLack (): string | undefined {
  return spawnSync('haproxy', ['-v']).status === 0 ? undefined : 'HAProxy plays the load balancer, and it is not installed here (Debian: apt-get install haproxy)'
}

/** HAProxy as an Application Load Balancer: health checks, least connections, draining, and a log of response times by UDP. */
export class Balancer {
  readonly port: number
  readonly #process: ChildProcess
  readonly #socketPath: string
  readonly #closeLog: () => void
  readonly #everUp = new Set<number>()
  #health = new Map<number, TargetHealth>()
  #lastCommand: Promise<string> = Promise.resolve('')

  private constructor (port: number, started: { process: ChildProcess, socketPath: string, closeLog: () => void }) {
    this.port = port
    this.#process = started.process
    this.#socketPath = started.socketPath
    this.#closeLog = started.closeLog
  }

  static async start (settings: BalancerSettings): Promise<Balancer> {
    const lack = balancerLack()
    if (lack !== undefined) throw new LabError(lack)
    const log = createSocket('udp4', (message) => {
      const [responseMs, status] = message.toString().split(' ')
      settings.onAnswer({ responseMs: Number(responseMs), status: Number(status) })
    })
    log.bind(0, '127.0.0.1')
    await once(log, 'listening')
    const port = await freePort()
    const socketPath = join(settings.dir, 'balancer.sock')
    await writeFile(join(settings.dir, 'haproxy.cfg'), configuration(settings, { port, logPort: log.address().port, socketPath }))
    const process = spawn('haproxy', ['-db', '-f', join(settings.dir, 'haproxy.cfg')], { stdio: ['ignore', 'ignore', 'pipe'] })
    const endWithUs = () => { process.kill('SIGKILL') }
    globalThis.process.once('exit', endWithUs)
    process.once('exit', () => { globalThis.process.off('exit', endWithUs) })
    let said = ''
    process.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
    const balancer = new Balancer(port, { process, socketPath, closeLog: () => { log.close() } })
    for (const until = Date.now() + startWithinMs; !(await balancer.#answers());) {
      if (process.exitCode !== null || Date.now() > until) {
        await balancer.stop()
        throw new Error(`HAProxy did not start: ${said}`)
      }
      await sleep(20)
    }
    return balancer
  }

  /** From now on the instance at a port is checked, and gets requests once it is healthy. */
  async register (slot: number, port: number): Promise<void> {
    this.#everUp.delete(slot)
    this.#health.set(slot, 'initial')
    // Set down while in maintenance: it would otherwise be taken for healthy until the first check.
    await this.#command(`set server b/i${slot} addr 127.0.0.1 port ${port}; set server b/i${slot} health down; enable health b/i${slot}; set server b/i${slot} state ready`)
  }

  async drain (slot: number): Promise<void> {
    await this.#command(`set server b/i${slot} state drain`)
  }

  async remove (slot: number): Promise<void> {
    await this.#command(`disable health b/i${slot}; set server b/i${slot} state maint`)
    this.#health.delete(slot)
  }

  /** As last read by `readHealth`. */
  health (slot: number): TargetHealth {
    return this.#health.get(slot) ?? 'initial'
  }

  async readHealth (): Promise<void> {
    const table = await this.#command('show stat -1 4 -1')
    for (const line of table.split('\n')) {
      const cells = line.split(',')
      const slot = Number(/^i(\d+)$/.exec(cells[1] ?? '')?.[1] ?? NaN)
      if (!this.#health.has(slot)) continue
      const isUp = (cells[17] ?? '').startsWith('UP')
      if (isUp) this.#everUp.add(slot)
      this.#health.set(slot, isUp ? 'healthy' : this.#everUp.has(slot) ? 'unhealthy' : 'initial')
    }
  }

  async stop (): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await ended
    }
    this.#closeLog()
  }

  async #answers (): Promise<boolean> {
    try {
      return (await this.#command('show info')).includes('Version')
    } catch {
      return false // not listening yet; the caller gives up in time and says why
    }
  }

  /** One at a time: HAProxy closes what is too many for its socket. */
  #command (line: string): Promise<string> {
    const said = this.#lastCommand.then(() => this.#ask(line))
    this.#lastCommand = said.catch(() => '')
    return said
  }

  #ask (line: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = ''
      const socket = connect(this.#socketPath, () => { socket.end(`${line}\n`) })
      socket.on('data', (chunk: Buffer) => { said += chunk.toString() })
      socket.once('error', reject)
      socket.once('close', () => { resolve(said) })
    })
  }
}

function configuration ({ target, compression, slots }: BalancerSettings, { port, logPort, socketPath }: { port: number, logPort: number, socketPath: string }): string {
  const ms = (seconds: number) => Math.max(20, Math.round(seconds * 1000 / compression))
  return `global
  stats socket ${socketPath} mode 600 level admin
  log 127.0.0.1:${logPort} format raw local0
  maxconn 4000
defaults
  mode http
  log global
  log-format "%Tr %ST"
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  timeout check ${Math.max(leastCheckMs, ms(target.timeoutSeconds))}ms
  retries 0
frontend f
  bind 127.0.0.1:${port}
  default_backend b
backend b
  balance ${target.balance}
  option httpchk GET ${target.healthPath}
  http-reuse always
  server-template i 1-${slots} 127.0.0.1:1 check inter ${ms(target.intervalSeconds)}ms fall ${target.unhealthyThreshold} rise ${target.healthyThreshold} disabled
`
}
