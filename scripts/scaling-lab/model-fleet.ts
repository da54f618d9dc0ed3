import { Arrivals } from './arrivals.ts'
import type { Fleet, Observation } from './fleet.ts'
import type { TargetHealth, TargetSettings } from './group-settings.ts'
import { seededRandom } from './random.ts'
import { type InstanceFigures, type InstanceSettings, VirtualInstance } from './virtual-instance.ts'

export interface FleetSettings {
  readonly instance: InstanceSettings
  readonly target: TargetSettings
  /** How many times faster the scaling's clock runs than the requests'. */
  readonly compression: number
  readonly seed: number
}

interface Seen { sent: number, failed: number, readonly servedMs: number[], readonly shedMs: number[] }

interface Machine {
  readonly virtual: VirtualInstance<undefined>
  readonly healthyAt: number
  draining: boolean
  killedAt: number
  last: InstanceFigures
}

const nothing: InstanceFigures = { busyMs: 0, requests: 0, shed: 0, delayMs: 0 }

/** The fleet as a discrete-event model: the same virtual event loops, least connections, health checks by their times. */
export class ModelFleet implements Fleet {
  readonly #settings: FleetSettings
  readonly #arrivals: Arrivals
  readonly #machines = new Map<string, Machine>()
  #now = 0
  #launched = 0

  constructor (settings: FleetSettings) {
    this.#settings = settings
    this.#arrivals = new Arrivals(seededRandom(settings.seed))
  }

  async launch (id: string, bootSeconds: number): Promise<void> {
    const { target, instance, seed, compression } = this.#settings
    const healthyAt = bootSeconds === 0 ? this.#now : this.#now + bootSeconds + target.healthyThreshold * target.intervalSeconds
    const virtual = new VirtualInstance<undefined>(instance, seed + 1000 + this.#launched++, this.#now * 1000 / compression)
    this.#machines.set(id, { virtual, healthyAt, draining: false, killedAt: Infinity, last: nothing })
  }

  async drain (id: string): Promise<void> { this.#machine(id).draining = true }
  async terminate (id: string): Promise<void> { this.#machines.delete(id) }
  kill (id: string): void { this.#machine(id).killedAt = this.#now }
  slowDown (id: string, factor: number): void { this.#machine(id).virtual.slowDown(factor) }
  setRate (perSecond: number): void { this.#arrivals.setRate(perSecond) }
  async settle (): Promise<void> {}
  async stop (): Promise<void> { this.#machines.clear() }

  health (id: string): TargetHealth {
    return this.#healthOf(this.#machine(id), this.#now)
  }

  async advanceTo (seconds: number): Promise<Observation> {
    const { compression } = this.#settings
    const seen: Seen = { sent: 0, failed: 0, servedMs: [], shedMs: [] }
    const nowMs = seconds * 1000 / compression
    for (const atMs of this.#arrivals.until(nowMs)) {
      seen.sent++
      const machine = this.#leastBusy(atMs, seen)
      if (machine === undefined || machine.killedAt * 1000 / compression <= atMs) seen.failed++
      else machine.virtual.arrive(undefined, atMs)
    }
    for (const machine of this.#machines.values()) this.#advance(machine, nowMs, seen)
    this.#now = seconds
    return { ...seen, instances: this.#figures(nowMs) }
  }

  #leastBusy (atMs: number, seen: Seen): Machine | undefined {
    let best: Machine | undefined
    for (const machine of this.#machines.values()) {
      this.#advance(machine, atMs, seen)
      if (machine.draining || this.#healthOf(machine, atMs / 1000 * this.#settings.compression) !== 'healthy') continue
      if (best === undefined || machine.virtual.open < best.virtual.open) best = machine
    }
    return best
  }

  #advance (machine: Machine, nowMs: number, seen: Seen): void {
    if (machine.killedAt !== Infinity) return
    for (const { shed, arrivedMs, doneMs } of machine.virtual.advance(nowMs)) (shed ? seen.shedMs : seen.servedMs).push(doneMs - arrivedMs)
  }

  #healthOf (machine: Machine, at: number): TargetHealth {
    const { target } = this.#settings
    if (at >= machine.killedAt + target.unhealthyThreshold * target.intervalSeconds) return 'unhealthy'
    return at >= machine.healthyAt ? 'healthy' : 'initial'
  }

  #figures (nowMs: number): Map<string, InstanceFigures> {
    const figures = new Map<string, InstanceFigures>()
    for (const [id, machine] of this.#machines) {
      if (machine.killedAt <= this.#now) continue
      const total = machine.virtual.figures(nowMs)
      figures.set(id, sinceLast(total, machine.last))
      machine.last = total
    }
    return figures
  }

  #machine (id: string): Machine {
    const machine = this.#machines.get(id)
    if (machine === undefined) throw new Error(`no machine ${id}`)
    return machine
  }
}

/** Of running totals, what has come since. The delay is no total. */
export function sinceLast (total: InstanceFigures, last: InstanceFigures): InstanceFigures {
  return {
    busyMs: total.busyMs - last.busyMs,
    requests: total.requests - last.requests,
    shed: total.shed - last.shed,
    delayMs: total.delayMs
  }
}
