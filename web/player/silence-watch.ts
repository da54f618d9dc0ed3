/** A silence is explained after this long. */
const explainMs = 1_500
/** And is no mere delay after this long. */
const stallMs = 12_000

/** Watches that no silence is without a word, and none for ever. */
export class SilenceWatch {
  readonly #explain: () => void
  readonly #stalled: () => void
  #timers: ReadonlyArray<ReturnType<typeof setTimeout>> = []

  constructor (hooks: { explain (): void, stalled (): void }) {
    this.#explain = hooks.explain
    this.#stalled = hooks.stalled
  }

  begin (): void {
    this.end()
    this.#timers = [setTimeout(this.#explain, explainMs), setTimeout(this.#stalled, stallMs)]
  }

  end (): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers = []
  }
}
