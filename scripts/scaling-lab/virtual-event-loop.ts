/** What one process of an instance is made of. Times in milliseconds of the clock that requests live by. */
export interface EventLoopSettings {
  /** Draws the CPU time of one request. */
  readonly serviceMs: () => number
  /** Turns requests away while the loop is later than this; 0 never does. */
  readonly shedAboveMs: number
  /** How long an answer that sheds is held back, and how many at once; those beyond leave at once. */
  readonly holdMs: number
  readonly holdMost: number
}

export interface Answer<Request> {
  readonly request: Request
  readonly arrivedMs: number
  readonly shed: boolean
  readonly doneMs: number
}

/** A request turned away still costs a little: parsing it, the hook, the answer. */
const shedCostMs = 0.2
/** Of `monitorEventLoopDelay` in @fastify/under-pressure, and the sampling of src/http/overload.ts. */
const resolutionMs = 10
const sampleMs = 250

/**
 * Node's event loop with CPU-bound requests, without burning CPU: what is ready when an iteration begins is worked off in it, and
 * timers get their turn between iterations. Overload is noticed as src/http/overload.ts has it: the mean lateness of a 10 ms timer,
 * sampled every 250 ms by a timer of the same loop; a request whose turn comes while the last sample is above the limit is shed,
 * and a sample without a single measurement counts as endless.
 */
export class VirtualEventLoop<Request> {
  readonly #settings: EventLoopSettings
  readonly #waiting: Array<{ readonly request: Request, readonly arrivedMs: number }> = []
  #working: Array<Answer<Request>> = []
  readonly #held: Array<Answer<Request>> = []
  #slowness = 1
  #iterationEnd: number
  #timerDue: number
  #sampleDue: number
  #latenessSum = 0
  #latenessCount = 0
  #delayMs = 0
  #busyMs = 0

  constructor (settings: EventLoopSettings, startMs = 0) {
    this.#settings = settings
    this.#iterationEnd = startMs
    this.#timerDue = startMs + resolutionMs
    this.#sampleDue = startMs + sampleMs
  }

  /** The delay at the last sample. */
  get delayMs (): number { return this.#delayMs }

  /** Requests taken in and not yet answered. */
  get open (): number { return this.#waiting.length + this.#working.length + this.#held.length }

  /** When the next answer can leave; nothing while idle. */
  get nextDoneMs (): number | undefined {
    const [worked, held] = [this.#working[0]?.doneMs, this.#held[0]?.doneMs]
    return worked === undefined || held === undefined ? worked ?? held : Math.min(worked, held)
  }

  /** CPU time spent until now; call `advance` before. */
  busyMs (nowMs: number): number {
    return this.#busyMs - Math.max(0, this.#iterationEnd - nowMs)
  }

  /** Every request from now on takes so many times longer. */
  slowDown (factor: number): void {
    this.#slowness = factor
  }

  /** Calls must come in order of time, each after `advance` to the same time. */
  arrive (request: Request, nowMs: number): void {
    this.#waiting.push({ request, arrivedMs: nowMs })
    if (nowMs >= this.#iterationEnd) this.#beginIteration(nowMs)
  }

  /** Lets iterations and timers happen up to a time, and returns the answers that have left by then. */
  advance (nowMs: number): Array<Answer<Request>> {
    const left: Array<Answer<Request>> = []
    for (;;) {
      while (this.#held[0] !== undefined && this.#held[0].doneMs <= nowMs) left.push(...this.#held.splice(0, 1))
      while (this.#working[0] !== undefined && this.#working[0].doneMs <= nowMs) left.push(...this.#working.splice(0, 1))
      if (this.#iterationEnd > nowMs) return left
      if (this.#waiting.length === 0) {
        this.#idleUntil(nowMs)
        return left
      }
      this.#fireTimers(this.#iterationEnd)
      this.#beginIteration(this.#iterationEnd)
    }
  }

  #beginIteration (startMs: number): void {
    let end = startMs
    const { serviceMs, shedAboveMs, holdMs, holdMost } = this.#settings
    const shed = shedAboveMs > 0 && this.#delayMs > shedAboveMs
    for (const { request, arrivedMs } of this.#waiting.splice(0)) {
      end += shed ? shedCostMs : serviceMs() * this.#slowness
      if (shed && this.#held.length < holdMost) this.#held.push({ request, arrivedMs, shed, doneMs: end + holdMs })
      else this.#working.push({ request, arrivedMs, shed, doneMs: end })
    }
    this.#busyMs += end - startMs
    this.#iterationEnd = end
  }

  #idleUntil (nowMs: number): void {
    for (;;) {
      const at = Math.max(this.#iterationEnd, Math.min(this.#timerDue, this.#sampleDue))
      if (at > nowMs) return
      this.#fireTimers(at)
    }
  }

  #fireTimers (atMs: number): void {
    if (this.#timerDue <= atMs) {
      this.#latenessSum += atMs - this.#timerDue
      this.#latenessCount++
      this.#timerDue = atMs + resolutionMs
    }
    if (this.#sampleDue > atMs) return
    this.#delayMs = this.#latenessCount === 0 ? Infinity : this.#latenessSum / this.#latenessCount
    this.#latenessSum = 0
    this.#latenessCount = 0
    this.#sampleDue = atMs + sampleMs
  }
}
