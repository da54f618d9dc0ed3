import type { Activity } from './auto-scaling-group.ts'
import { percentile } from './statistics.ts'

/** Half a simulated minute of a run. */
export interface TimelineRow {
  readonly minute: number
  /** Requests a second that clients sent. */
  readonly offeredPerSecond: number
  /** Of served requests only; 0 if there were none. */
  readonly p95Ms: number
  readonly shedPercent: number
  readonly failed: number
  readonly shed: number
  readonly sent: number
  readonly healthy: number
  readonly desired: number
  /** All machines that are paid for, booting and draining ones too. */
  readonly running: number
  /** Mean over instances in service. */
  readonly cpuPercent: number
}

/** What ticks report, gathered into rows. */
export interface Tick {
  readonly sent: number
  readonly servedMs: readonly number[]
  readonly shed: number
  readonly failed: number
  readonly healthy: number
  readonly desired: number
  readonly running: number
  readonly cpuShares: readonly number[]
}

const rowMinutes = 0.5

export interface Run { readonly rows: readonly TimelineRow[], readonly activities: readonly Activity[] }

/** Gathers ticks; `requestSecondsPerMinute` is how much of the requests' time one simulated minute is. */
export class Timeline {
  readonly rows: TimelineRow[] = []
  readonly #requestSecondsPerMinute: number
  #ticks: Tick[] = []

  constructor (requestSecondsPerMinute: number) {
    this.#requestSecondsPerMinute = requestSecondsPerMinute
  }

  add (tick: Tick, minute: number): void {
    this.#ticks.push(tick)
    if ((this.rows.length + 1) * rowMinutes > minute + 1e-9) return
    const ticks = this.#ticks
    this.#ticks = []
    const sum = (of: (tick: Tick) => number) => ticks.reduce((total, one) => total + of(one), 0)
    const served = ticks.flatMap((one) => one.servedMs)
    const cpu = ticks.flatMap((one) => one.cpuShares)
    const shed = sum((one) => one.shed)
    this.rows.push({
      minute: this.rows.length * rowMinutes,
      offeredPerSecond: round(sum((one) => one.sent) / (rowMinutes * this.#requestSecondsPerMinute)),
      p95Ms: served.length === 0 ? 0 : round(percentile(served, 0.95)),
      shedPercent: round(100 * shed / Math.max(1, shed + served.length)),
      failed: sum((one) => one.failed),
      shed,
      sent: sum((one) => one.sent),
      healthy: tick.healthy,
      desired: tick.desired,
      running: round(sum((one) => one.running) / ticks.length),
      cpuPercent: round(100 * cpu.reduce((total, share) => total + share, 0) / Math.max(1, cpu.length))
    })
  }
}

function round (value: number): number {
  return Math.round(value * 10) / 10
}
