import type { Entry, EntrySource, QueueDocument, Repeat } from '../../src/playlists/queue-operations.ts'
import type { Track } from '../app/api-types.ts'

/** One place in the queue; the same track may stand in several. */
export interface QueueEntry {
  readonly key: string
  readonly track: Track
  readonly from: EntrySource | null
  /** Of a queue made elsewhere, tracks are asked for by and by; what was withdrawn is gone. */
  readonly state: 'known' | 'awaited' | 'gone'
}

/** What plays, what played and what follows, as it is shown. `at` is -1 while it is empty. */
export interface Queue {
  readonly entries: readonly QueueEntry[]
  readonly at: number
  readonly shuffled: boolean
  readonly repeat: Repeat
}

/** Of each track that is in the queue: the track, or null where the library no longer has it. */
export type TrackBook = ReadonlyMap<string, Track | null>

export const emptyQueue: Queue = { entries: [], at: -1, shuffled: false, repeat: 'off' }

export const currentEntry = (queue: Queue): QueueEntry | undefined => queue.entries[queue.at]

/** The same entries at another place: what stands in the list stays the same object, and nothing is drawn anew. */
export function queueAt (queue: Queue, { entries, current, repeat, seed }: QueueDocument): Queue {
  return { entries: queue.entries, at: entries.findIndex(({ key }) => key === current), shuffled: seed !== null, repeat }
}

/** What was made of each entry, by its key: what stays the same object stays the same row, wherever it stands. */
const shown = new Map<string, QueueEntry>()
/** Of those that left so many are kept, in case they come back. */
const mostLeft = 10_000

export function queueOf ({ entries, current, repeat, seed }: QueueDocument, book: TrackBook): Queue {
  if (shown.size > entries.length + mostLeft) shown.clear()
  return { entries: entries.map((entry) => entryOf(entry, book)), at: entries.findIndex(({ key }) => key === current), shuffled: seed !== null, repeat }
}

function entryOf (entry: Entry, book: TrackBook): QueueEntry {
  const track = book.get(entry.trackId)
  const state = track === undefined ? 'awaited' : track === null ? 'gone' : 'known'
  const before = shown.get(entry.key)
  if (before?.state === state && (state !== 'known' || before.track === track)) return before
  const made: QueueEntry = { key: entry.key, track: track ?? unknownTrack(entry.trackId), from: entry.from ?? null, state }
  shown.set(entry.key, made)
  return made
}

function unknownTrack (id: string): Track {
  return { id, title: '', artists: [], artistCredit: '', album: { id: '', title: '', artwork: null, year: null }, discNo: 0, trackNo: 0, durationMs: 0, year: null, genres: [], favourite: false, rating: null, playCount: 0 }
}

/** Index that plays after the current one, or -1 at the end. What is gone is passed over. */
export function following ({ entries, at, repeat }: Queue): number {
  const ahead = entries.findIndex(({ state }, index) => index > at && state !== 'gone')
  return ahead === -1 && repeat === 'all' ? entries.findIndex(({ state }) => state !== 'gone') : ahead
}

/** Index before the current one, or -1 at the start. */
export function preceding ({ entries, at, repeat }: Queue): number {
  const before = entries.findLastIndex(({ state }, index) => index < at && state !== 'gone')
  return before === -1 && repeat === 'all' ? entries.findLastIndex(({ state }) => state !== 'gone') : before
}
