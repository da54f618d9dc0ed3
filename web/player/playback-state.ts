import type { Stream } from '../app/api-types.ts'
import type { LoudnessMode } from './loudness.ts'
import type { HeardPlay } from './play-outbox.ts'
import type { QueueEntry } from './queue.ts'
import type { Source, Transition } from './sound.ts'
import type { Quality } from './stream.ts'

export type PlaybackStatus = 'idle' | 'loading' | 'playing' | 'paused' | 'stalled' | 'failed'

export interface PlayedVersion {
  readonly rendition: Stream['rendition']
  readonly gainDb: number
}

export interface PlaybackState {
  readonly status: PlaybackStatus
  readonly positionSeconds: number
  /** What a listener should know, in words. */
  readonly message: string | null
  readonly waveformUrl: string | null
  /** What of the track plays, and how much louder than recorded. */
  readonly version: PlayedVersion | null
}

export interface PlaybackSettings extends Transition {
  readonly quality: Quality
  readonly loudness: LoudnessMode
}

export interface PlaybackHooks {
  changed (state: PlaybackState): void
  /** What will follow, to prepare it; the same entry again where it repeats. */
  next (): QueueEntry | undefined
  /** This entry follows already, without a gap: the queue goes on to it. */
  joined (entry: QueueEntry): void
  ended (): void
  /** This entry makes no sound, whatever is tried; why, in words. */
  unplayable (reason: string): void
  /** Whether an entry plays among its album's tracks. */
  isInRow (entry: QueueEntry): boolean
  /** The place, every few seconds, to keep it. */
  place (seconds: number): void
  /** What the server should know of. */
  heard (play: HeardPlay): void
}

export const silence: PlaybackState = { status: 'idle', positionSeconds: 0, message: null, waveformUrl: null, version: null }

/** What of a source is shown. */
export const shownOf = ({ stream: { waveformUrl, rendition }, gainDb }: Source): Pick<PlaybackState, 'waveformUrl' | 'version'> => ({ waveformUrl, version: { rendition, gainDb } })
