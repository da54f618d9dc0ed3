import { post } from '../app/api.ts'
import { newId } from '../app/ids.ts'
import type { Track } from '../app/api-types.ts'

/** A play counts after 30 s, or half of a shorter track. */
const countsAfterMs = 30_000
/** Less than this was a skip. */
const worthTellingMs = 1_000
/** A longer step between two reports of the time is a seek, not listening. */
const longestStepMs = 2_000

export interface PlayReport {
  /** The place in the track, in seconds, as it is reached. */
  reached (seconds: number): void
  /** The play is over. */
  finish (): void
}

/** Counts what was heard of one play and tells the server once: when it counts, else when it is over. */
export function startPlayReport (track: Track): PlayReport {
  const id = newId()
  const startedAt = new Date().toISOString()
  const needed = Math.min(countsAfterMs, track.durationMs / 2)
  let lastMs = -1
  let playedMs = 0
  let told = false

  function tell (): void {
    told = true
    // A lost report costs one line of history; the music matters more than an error would.
    post('/plays', { id, trackId: track.id, startedAt, playedMs: Math.round(playedMs) }, { keepalive: true }).catch(() => undefined)
  }

  return {
    reached (seconds) {
      const step = seconds * 1000 - lastMs
      if (lastMs >= 0 && step > 0 && step < longestStepMs) playedMs += step
      lastMs = seconds * 1000
      if (!told && playedMs >= needed) tell()
    },
    finish () {
      if (!told && playedMs >= worthTellingMs) tell()
      told = true
    }
  }
}
