import type { Assumptions } from './assumptions.ts'
import type { MeasuredCosts } from './measured-costs.ts'

/** In gigabytes of 1e9 bytes, as they are charged. Each region keeps a copy of all, a vault the originals besides. */
export interface Stored {
  /** Once. */
  readonly originalsGb: number
  readonly renditionsGb: number
  /** What a month adds to both, once. */
  readonly newGb: number
  readonly newObjects: number
  readonly objects: number
}

export function storedMusic (a: Assumptions, { media }: MeasuredCosts): Stored {
  const minutes = a.tracks * a.trackMinutes
  const lossless = a.losslessPercent / 100
  const renditionMinuteBytes = Object.entries(media.minuteBytes).reduce((sum, [name, bytes]) => sum + bytes * (name === 'flac' ? lossless : 1), 0)
  // A lossy original is about as large as the best lossy rendition.
  const lossyMinuteBytes = media.minuteBytes['aac-256'] ?? media.originalMinuteBytes
  const originalMinuteBytes = media.originalMinuteBytes * lossless + lossyMinuteBytes * (1 - lossless)
  const originalsGb = minutes * originalMinuteBytes / 1e9
  const renditionsGb = minutes * renditionMinuteBytes / 1e9
  const newShare = a.newTracksPercent / 100
  return {
    originalsGb,
    renditionsGb,
    newGb: (originalsGb + renditionsGb) * newShare,
    newObjects: a.tracks * newShare * media.objectsPerTrack,
    objects: a.tracks * media.objectsPerTrack
  }
}
