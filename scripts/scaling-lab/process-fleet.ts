import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Balancer, type LoggedAnswer } from './balancer.ts'
import type { Fleet, Observation } from './fleet.ts'
import type { TargetHealth } from './group-settings.ts'
import type { InstanceMessage, InstanceOrder } from './instance.ts'
import { LoadGenerator } from './load-generator.ts'
import { type FleetSettings, sinceLast } from './model-fleet.ts'
import { seededRandom } from './random.ts'
import { percentile } from './statistics.ts'
import type { InstanceFigures } from './virtual-instance.ts'

export interface ProcessFleetSettings extends FleetSettings {
  /** The largest group; a refresh and draining instances need room beyond it. */
  readonly most: number
}

interface Machine {
  readonly process: ChildProcess
  readonly slot: number
  /** Called with the answer to a question for figures, or with nothing if the process ends first. */
  onFigures: (figures?: InstanceFigures) => void
  last: InstanceFigures
  dead: boolean
}

interface Message { readonly port?: number, readonly figures?: InstanceFigures }
interface Spare { readonly process: ChildProcess, readonly port: number }

const nothing: InstanceFigures = { busyMs: 0, requests: 0, shed: 0, delayMs: 0 }
const sparesBeyond = 4
const settleWithinMs = 30_000
const endWithinMs = 5_000
/** Less is made up for by the next ticks. */
const standstillMs = 200
const shedStatus = 503

/** The fleet as real processes behind a real HAProxy under real load over loopback. */
export class ProcessFleet implements Fleet {
  readonly #settings: ProcessFleetSettings
  readonly #dir: string
  readonly #balancer: Balancer
  readonly #load: LoadGenerator
  readonly #answers: LoggedAnswer[]
  readonly #machines = new Map<string, Machine>()
  readonly #ending = new Set<ChildProcess>()
  readonly #spares: Spare[] = []
  readonly #latenessMs: number[] = []
  #beganAt = 0
  #launched = 0
  #isStopped = false

  private constructor (settings: ProcessFleetSettings, parts: { dir: string, balancer: Balancer, answers: LoggedAnswer[] }) {
    this.#settings = settings
    this.#dir = parts.dir
    this.#balancer = parts.balancer
    this.#answers = parts.answers
    this.#load = new LoadGenerator(parts.balancer.port, seededRandom(settings.seed))
  }

  /** Starts the balancer; instances and load follow. Says so if HAProxy is not installed. */
  static async start (settings: ProcessFleetSettings): Promise<ProcessFleet> {
    const dir = await mkdtemp(join(tmpdir(), 'freshet-lab-'))
    const answers: LoggedAnswer[] = []
    const { target, compression, most } = settings
    const balancer = await Balancer.start({ dir, target, compression, slots: 2 * most + 2, onAnswer: (answer) => answers.push(answer) })
    const fleet = new ProcessFleet(settings, { dir, balancer, answers })
    // Dozens of processes starting at once would take the machine from those that serve, as no real start does.
    try {
      for (let i = 0; i < most + sparesBeyond; i++) fleet.#spares.push(await fleet.#spawn())
      return fleet
    } catch (error) {
      await fleet.stop()
      throw error
    }
  }

  async launch (id: string, bootSeconds: number): Promise<void> {
    const { compression, seed } = this.#settings
    const { process, port } = this.#spares.pop() ?? await this.#spawn()
    const machine: Machine = { process, slot: this.#freeSlot(), onFigures: () => {}, last: nothing, dead: false }
    this.#machines.set(id, machine)
    process.on('message', ({ figures }: Message) => { if (figures !== undefined) machine.onFigures(figures) })
    process.once('exit', (code, signal) => {
      if (!machine.dead && this.#machines.get(id) === machine && !this.#isStopped) console.error(`${id} ended by itself: ${signal ?? code}`)
      machine.dead = true
      machine.onFigures()
    })
    // A message to a process that is just ending; its exit follows.
    process.on('error', () => { machine.onFigures() })
    tell(process, { begin: { seed: seed + 1000 + this.#launched++, readyAfterMs: bootSeconds * 1000 / compression } })
    await this.#balancer.register(machine.slot, port)
  }

  async drain (id: string): Promise<void> {
    await this.#balancer.drain(this.#machine(id).slot)
  }

  async terminate (id: string): Promise<void> {
    const machine = this.#machine(id)
    this.#machines.delete(id)
    await this.#balancer.remove(machine.slot)
    if (!machine.dead) this.#end(machine.process)
  }

  kill (id: string): void {
    const machine = this.#machine(id)
    machine.dead = true
    machine.process.kill('SIGKILL')
  }

  slowDown (id: string, factor: number): void { tell(this.#machine(id).process, { slow: factor }) }
  setRate (perSecond: number): void { this.#load.setRate(perSecond) }

  health (id: string): TargetHealth {
    const machine = this.#machines.get(id)
    return machine === undefined ? 'unhealthy' : this.#balancer.health(machine.slot)
  }

  async settle (): Promise<void> {
    const until = Date.now() + settleWithinMs
    do {
      if (Date.now() > until) throw new Error(`the first instances were not healthy within ${settleWithinMs / 1000} s`)
      await sleep(20)
      await this.#balancer.readHealth()
    } while ([...this.#machines.keys()].some((id) => this.health(id) !== 'healthy'))
    this.#beganAt = performance.now()
    this.#load.start()
  }

  async advanceTo (seconds: number): Promise<Observation> {
    const due = this.#beganAt + seconds * 1000 / this.#settings.compression
    await sleep(Math.max(0, due - performance.now()))
    const lateMs = performance.now() - due
    this.#latenessMs.push(lateMs)
    // While the machine stood still nobody was asked: the lab's time stood still, too, or its next minutes would look idle.
    if (lateMs > standstillMs) this.#beganAt += lateMs
    const [instances] = await Promise.all([this.#figures(), this.#balancer.readHealth()])
    const logged = this.#answers.splice(0)
    const { sent, failed } = this.#load.take()
    return {
      sent,
      failed,
      servedMs: logged.filter(({ status, responseMs }) => status === 200 && responseMs >= 0).map(({ responseMs }) => responseMs),
      shedMs: logged.filter(({ status, responseMs }) => status === shedStatus && responseMs >= 0).map(({ responseMs }) => responseMs),
      instances
    }
  }

  /** How late the lab itself was, 95th percentile: figures from a machine busy with other things don't count. */
  get latenessMs (): number {
    return Math.round(percentile(this.#latenessMs, 0.95))
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#load.stop()
    for (const { process } of [...this.#machines.values(), ...this.#spares]) this.#ending.add(process)
    const ended = [...this.#ending].map((child) => child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined)
    for (const child of this.#ending) child.kill('SIGKILL')
    await Promise.all(ended)
    await this.#balancer.stop()
    await rm(this.#dir, { recursive: true, force: true })
  }

  async #spawn (): Promise<Spare> {
    const order: InstanceOrder = { ...this.#settings.instance, healthPath: this.#settings.target.healthPath }
    const child = fork(join(import.meta.dirname, 'instance.ts'), [JSON.stringify(order)])
    const [message]: Message[] = await once(child, 'message')
    if (message?.port === undefined) throw new Error('an instance did not say where it listens')
    return { process: child, port: message.port }
  }

  /** SIGTERM, and if need be SIGKILL. */
  #end (child: ChildProcess): void {
    this.#ending.add(child)
    const force = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
    child.once('exit', () => {
      clearTimeout(force)
      this.#ending.delete(child)
    })
    child.kill('SIGTERM')
  }

  async #figures (): Promise<Map<string, InstanceFigures>> {
    const figures = new Map<string, InstanceFigures>()
    const asked = [...this.#machines].filter(([, machine]) => !machine.dead && this.#balancer.health(machine.slot) === 'healthy')
    await Promise.all(asked.map(async ([id, machine]) => {
      const total = await new Promise<InstanceFigures | undefined>((resolve) => {
        machine.onFigures = resolve
        tell(machine.process, { figures: true })
      })
      if (total === undefined) return
      figures.set(id, sinceLast(total, machine.last))
      machine.last = total
    }))
    return figures
  }

  #freeSlot (): number {
    const taken = new Set([...this.#machines.values()].map((machine) => machine.slot))
    for (let slot = 1; slot <= 2 * this.#settings.most + 2; slot++) if (!taken.has(slot)) return slot
    throw new Error('instances are replaced faster than they start: this machine is too busy for so much compression; take a smaller --compress')
  }

  #machine (id: string): Machine {
    const machine = this.#machines.get(id)
    if (machine === undefined) throw new Error(`no machine ${id}`)
    return machine
  }
}

function tell (process: ChildProcess, message: InstanceMessage): void {
  process.send(message)
}
