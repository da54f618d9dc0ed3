import type { KeptCollection } from './kept-database.ts'
import { keeping } from './keeping.svelte.ts'

export type KeptState = 'kept' | 'fetching' | 'waiting' | 'paused' | 'full'

export interface KeptProgress {
  readonly state: KeptState
  /** Whole per cent, by bytes where they are known and by tracks where not. */
  readonly percent: number
  readonly complete: number
  readonly bytes: number
}

/** How far a collection has come. 100 per cent is said of what is whole only. */
export function progressOf (collection: KeptCollection): KeptProgress {
  const tracks = keeping.tracksOf(collection)
  const complete = tracks.filter((track) => track.complete).length
  const share = tracks.reduce((sum, track) => sum + (track.complete ? 1 : track.totalBytes > 0 ? track.keptBytes / track.totalBytes : 0), 0) / Math.max(1, collection.trackIds.length)
  const bytes = tracks.reduce((sum, track) => sum + track.keptBytes, 0)
  const whole = complete === collection.trackIds.length
  return { state: stateOf(collection, whole), percent: whole ? 100 : Math.min(99, Math.floor(share * 100)), complete, bytes }
}

function stateOf (collection: KeptCollection, whole: boolean): KeptState {
  if (whole) return 'kept'
  if (collection.paused) return 'paused'
  if (keeping.halt === 'full') return 'full'
  return keeping.current !== null && collection.trackIds.includes(keeping.current) ? 'fetching' : 'waiting'
}
