import { exponentialTimes, seededRandom } from './random.ts'
import { type Answer, VirtualEventLoop } from './virtual-event-loop.ts'

export interface InstanceSettings {
  readonly vcpus: number
  /** Node processes, each with one event loop and so at most one vCPU. */
  readonly eventLoops: number
  readonly serviceMs: number
  readonly shedAboveMs: number
  readonly holdMs: number
  /** Of each event loop. */
  readonly holdMost: number
}

export interface InstanceFigures {
  /** A mean over the vCPUs. */
  readonly busyMs: number
  readonly requests: number
  readonly shed: number
  readonly delayMs: number
}

/** One machine: its event loops take turns, as connections spread over the processes of a cluster do. */
export class VirtualInstance<Request> {
  readonly #settings: InstanceSettings
  readonly #loops: Array<VirtualEventLoop<Request>>
  #turn = 0
  #answered = 0
  #shed = 0

  constructor (settings: InstanceSettings, seed: number, startMs = 0) {
    this.#settings = settings
    const serviceMs = exponentialTimes(settings.serviceMs, seededRandom(seed))
    this.#loops = Array.from({ length: settings.eventLoops }, () => new VirtualEventLoop({ ...settings, serviceMs }, startMs))
  }

  get open (): number { return this.#loops.reduce((sum, loop) => sum + loop.open, 0) }

  /** When the next answer can leave; nothing while idle. */
  get nextDoneMs (): number | undefined {
    const due = this.#loops.map((loop) => loop.nextDoneMs).filter((at) => at !== undefined)
    return due.length === 0 ? undefined : Math.min(...due)
  }

  /** Calls must come in order of time, each after `advance` to the same time. */
  arrive (request: Request, nowMs: number): void {
    this.#loops[this.#turn++ % this.#loops.length]?.arrive(request, nowMs)
  }

  advance (nowMs: number): Array<Answer<Request>> {
    const answers = this.#loops.flatMap((loop) => loop.advance(nowMs))
    this.#answered += answers.length
    for (const { shed } of answers) if (shed) this.#shed++
    return answers
  }

  slowDown (factor: number): void {
    for (const loop of this.#loops) loop.slowDown(factor)
  }

  /** Totals since the start; call `advance` before. */
  figures (nowMs: number): InstanceFigures {
    return {
      busyMs: this.#loops.reduce((sum, loop) => sum + loop.busyMs(nowMs), 0) / this.#settings.vcpus,
      requests: this.#answered,
      shed: this.#shed,
      delayMs: Math.max(...this.#loops.map((loop) => loop.delayMs))
    }
  }
}
