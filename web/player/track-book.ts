import { post } from '../app/api.ts'
import type { Track } from '../app/api-types.ts'

/** The server's most of one request. */
const mostOfOne = 500
const againMs = 5_000

/** Knows the tracks of the queue, and asks for those it doesn't. */
export class LearnedTracks {
  readonly #tracks = new Map<string, Track | null>()
  readonly #learned: () => void
  #wanted: string[] = []
  #asking = false
  #forgotten = 0
  /** Counts what was learned. */
  revision = 0

  constructor (learned: () => void) {
    this.#learned = learned
  }

  get book (): ReadonlyMap<string, Track | null> { return this.#tracks }

  add (tracks: readonly Track[]): void {
    for (const track of tracks) this.#tracks.set(track.id, track)
    this.revision++
  }

  /** Somebody has left: nothing more is asked for them, or known of them. */
  forget (): void {
    this.#forgotten++
    this.#wanted = []
    this.#tracks.clear()
    this.revision++
  }

  /** @param ids those first that are wanted first */
  want (ids: readonly string[]): void {
    this.#wanted = [...new Set(ids.filter((id) => !this.#tracks.has(id)))]
    if (!this.#asking && this.#wanted.length > 0) this.#ask()
  }

  async #ask (): Promise<void> {
    this.#asking = true
    while (this.#wanted.length > 0) {
      const ids = this.#wanted.splice(0, mostOfOne)
      const forgotten = this.#forgotten
      try {
        const { items } = await post<{ items: Track[] }>('/tracks/lookup', { ids })
        if (forgotten !== this.#forgotten) continue
        for (const id of ids) this.#tracks.set(id, null)
        this.add(items)
        this.#learned()
      } catch {
        // Off-line, or the server is: they are shown as awaited, and asked for again.
        if (forgotten === this.#forgotten) this.#wanted.unshift(...ids)
        await new Promise((resolve) => { setTimeout(resolve, againMs) })
      }
    }
    this.#asking = false
  }
}
