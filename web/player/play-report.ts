import type { Track } from '../app/api-types.ts'
import { newId } from '../app/ids.ts'
import type { HeardPlay } from './play-outbox.ts'

/** A play counts after 30 s, or half of a shorter track. */
const countsAfterMs = 30_000
/** Less than this was a skip. */
const worthTellingMs = 1_000
/** A longer step between two reports of the time is a seek, not listening; twice as fast, a second is two. */
const longestStepMs = 2_500

export interface PlayReport {
  /** The place in the track, in seconds, as it is reached. */
  reached (seconds: number): void
  /** The play is over. */
  finish (): void
}

/** Counts what was heard of one play and tells of it once: when it counts, else when it is over. */
export function startPlayReport (track: Pick<Track, 'id' | 'durationMs'>, tell: (play: HeardPlay) => void): PlayReport {
  const id = newId()
  const startedAt = new Date().toISOString()
  const needed = Math.min(countsAfterMs, track.durationMs / 2)
  let lastMs = -1
  let playedMs = 0
  let told = false

  function tellOnce (): void {
    told = true
    tell({ id, trackId: track.id, startedAt, playedMs: Math.round(playedMs) })
  }

  return {
    reached (seconds) {
      const step = seconds * 1000 - lastMs
      if (lastMs >= 0 && step > 0 && step < longestStepMs) playedMs += step
      lastMs = seconds * 1000
      if (!told && playedMs >= needed) tellOnce()
    },
    finish () {
      if (!told && playedMs >= worthTellingMs) tellOnce()
      told = true
    }
  }
}
