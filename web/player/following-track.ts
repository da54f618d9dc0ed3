import { isAbort } from '../app/api.ts'
import type { QueueEntry } from './queue.ts'
import type { Source } from './sound.ts'
import { isFresh } from './stream.ts'

export interface FollowingHooks {
  /** What will follow, as the queue is now. */
  next (): QueueEntry | undefined
  /** Signs it. */
  source (entry: QueueEntry, signal: AbortSignal): Promise<Source>
  prepare (source: Source | null): void
}

interface Prepared { readonly entry: QueueEntry, readonly source: Source }

/** Waits this long after a failure. */
const againMs = 3_000

/** Keeps ready what follows: fetched before the end, with an address that is good, and changed when the queue changes. */
export class FollowingTrack {
  readonly #hooks: FollowingHooks
  #prepared: Prepared | null = null
  #signing: QueueEntry | null = null
  #againAtMs = 0
  #controller = new AbortController()

  constructor (hooks: FollowingHooks) { this.#hooks = hooks }

  /** Call often near the end. */
  keepReady (): void {
    const next = this.#hooks.next()
    const wrong = this.#prepared !== null && this.#prepared.entry !== next && this.#prepared.entry.key !== next?.key
    if (wrong) this.forget()
    if (next === undefined || this.#signing?.key === next.key || Date.now() < this.#againAtMs) return
    if (this.#prepared !== null && isFresh(this.#prepared.source.stream, Date.now())) return
    this.#sign(next)
  }

  /** What was prepared for this entry, if it is still good; then it is ours no more. */
  take (entry: QueueEntry): Source | null {
    const prepared = this.#prepared
    this.#release()
    return prepared?.entry.key === entry.key && isFresh(prepared.source.stream, Date.now()) ? prepared.source : null
  }

  /** What the sound has just joined. */
  joined (): Prepared | null {
    const prepared = this.#prepared
    this.#release()
    return prepared
  }

  /** Nothing follows, or something else does. */
  forget (): void {
    if (this.#prepared !== null) this.#hooks.prepare(null)
    this.#release()
  }

  #release (): void {
    this.#controller.abort()
    this.#controller = new AbortController()
    this.#prepared = null
    this.#signing = null
    this.#againAtMs = 0
  }

  async #sign (entry: QueueEntry): Promise<void> {
    this.#signing = entry
    const { signal } = this.#controller
    try {
      const source = await this.#hooks.source(entry, signal)
      if (signal.aborted) return
      this.#prepared = { entry, source }
      this.#hooks.prepare(source)
    } catch (error) {
      // Preparing is a kindness: the real start tries again, and says what is wrong.
      if (!isAbort(error)) this.#againAtMs = Date.now() + againMs
    }
    if (!signal.aborted) this.#signing = null
  }
}
