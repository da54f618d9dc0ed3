import { type ErrorReport, type PlayErrorReason, startErrorReport } from './error-report.ts'
import type { HeardPlay } from './play-outbox.ts'
import { type PlayReport, startPlayReport } from './play-report.ts'
import type { QueueEntry } from './queue.ts'
import { type SoundKind, type SoundReport, startSoundReport } from './sound-report.ts'

/** All that the server learns of one play: that it counts, how it sounded, what went wrong. */
export class PlayReports {
  readonly #heard: (play: HeardPlay) => void
  #play: PlayReport | null = null
  #sound: SoundReport | null = null
  #errors: ErrorReport | null = null

  constructor (heard: (play: HeardPlay) => void) { this.#heard = heard }

  get open (): boolean { return this.#play !== null }

  /** It was joined to the one before and sounds already: nobody waited for it. */
  follows (entry: QueueEntry, kind: SoundKind): void {
    this.begin(entry, null)
    this.sounds(kind)
  }

  /** @param asked null: nobody waits for it */
  begin ({ track }: QueueEntry, asked: { readonly atMs: number, readonly prepared: boolean } | null): void {
    this.finish()
    this.#play = startPlayReport(track, this.#heard)
    this.#sound = startSoundReport(asked)
    this.#errors = startErrorReport(track.id)
  }

  reached (seconds: number): void { this.#play?.reached(seconds) }
  sounds (kind: SoundKind): void { this.#sound?.sounds(kind) }
  stalls (): void { this.#sound?.stalls() }
  rests (): void { this.#sound?.rests() }
  failed (reason: PlayErrorReason): void { this.#errors?.tell(reason) }

  finish (): void {
    this.#play?.finish()
    this.#sound?.finish()
    this.#play = this.#sound = this.#errors = null
  }
}
