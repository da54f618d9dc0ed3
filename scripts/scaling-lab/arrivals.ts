const slotMs = 1000

/**
 * When the next requests come: an open-loop Poisson process, conditioned on the count of each second. Within a second arrivals
 * are as random as any Poisson process's; from second to second the rate is kept, as over a minute of a real fleet with its many
 * more requests. Times are milliseconds of the clock that requests live by.
 */
export class Arrivals {
  readonly #random: () => number
  #queue: number[] = []
  #slotAt = 0
  #owed = 0
  #perSecond = 0

  constructor (random: () => number, startMs = 0) {
    this.#random = random
    this.#slotAt = startMs
  }

  /** From the next second on. */
  setRate (perSecond: number): void {
    this.#perSecond = perSecond
  }

  /** Takes the arrivals up to a time, in order. */
  until (timeMs: number): number[] {
    while (this.#slotAt < timeMs) this.#deal()
    const later = this.#queue.findIndex((at) => at > timeMs)
    return this.#queue.splice(0, later < 0 ? this.#queue.length : later)
  }

  #deal (): void {
    this.#owed += this.#perSecond * slotMs / 1000
    const count = Math.floor(this.#owed)
    this.#owed -= count
    const slot = Array.from({ length: count }, () => this.#slotAt + this.#random() * slotMs)
    for (const at of slot.sort((a, b) => a - b)) this.#queue.push(at)
    this.#slotAt += slotMs
  }
}
