/** When the music shall end. */
export type Sleep = { readonly kind: 'minutes', readonly minutes: number, readonly endsAtMs: number } | { readonly kind: 'track' } | { readonly kind: 'queue' }

export interface SleepHooks {
  /** Of the listener's volume, 0 to 1. */
  fade (share: number): void
  stop (): void
}

const fadeMs = 12_000
const stepMs = 100

/** Ends the music after some minutes, with the track or with the queue. By the clock it fades out; else the music ends itself. */
export class SleepTimer {
  readonly #hooks: SleepHooks
  #sleep = $state.raw<Sleep | null>(null)
  #leftMs = $state(0)
  #timer: ReturnType<typeof setInterval> | undefined
  #asleep = false

  constructor (hooks: SleepHooks) { this.#hooks = hooks }

  get sleep (): Sleep | null { return this.#sleep }
  /** Whole minutes until the end; 0 where it isn't set by the clock. */
  get minutesLeft (): number { return Math.ceil(this.#leftMs / 60_000) }

  setMinutes (minutes: number): void {
    this.cancel()
    this.#sleep = { kind: 'minutes', minutes, endsAtMs: Date.now() + minutes * 60_000 }
    this.#leftMs = minutes * 60_000
    this.#timer = setInterval(() => { this.#tick() }, stepMs)
  }

  setEnd (kind: 'track' | 'queue'): void {
    this.cancel()
    this.#sleep = { kind }
  }

  cancel (): void {
    if (this.#sleep !== null) this.#hooks.fade(1)
    this.#forget()
  }

  /** The music runs again. Loud before, the last samples, which are under way when it is stopped, would be heard. */
  wake (): void {
    if (this.#asleep) this.#hooks.fade(1)
    this.#asleep = false
  }

  #forget (): void {
    clearInterval(this.#timer)
    this.#sleep = null
    this.#leftMs = 0
  }

  #tick (): void {
    if (this.#sleep?.kind !== 'minutes') return
    const leftMs = this.#sleep.endsAtMs - Date.now()
    // The page shows minutes; ten changes a second would draw it for nothing.
    if (Math.ceil(leftMs / 60_000) !== this.minutesLeft) this.#leftMs = Math.max(0, leftMs)
    if (leftMs <= 0) {
      this.#hooks.stop()
      this.#forget()
      this.#asleep = true
    } else if (leftMs < fadeMs) this.#hooks.fade((leftMs / fadeMs) ** 2)
  }
}
