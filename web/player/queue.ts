import type { Track } from '../app/api-types.ts'

export type Repeat = 'off' | 'all' | 'one'

/** One place in the queue; the same track may stand in several. `ordinal` is its place before shuffling. */
export interface QueueEntry { readonly key: number, readonly ordinal: number, readonly track: Track }

/** What plays, what played and what follows; a value, changed by the functions below. `at` is -1 while it is empty. */
export interface Queue {
  readonly entries: readonly QueueEntry[]
  readonly at: number
  readonly nextKey: number
  readonly shuffled: boolean
  readonly repeat: Repeat
}

export const emptyQueue: Queue = { entries: [], at: -1, nextKey: 1, shuffled: false, repeat: 'off' }

/** Numbers in [0, 1), for shuffling; Math.random, or a seeded source. */
export type RandomSource = () => number

export const currentEntry = (queue: Queue): QueueEntry | undefined => queue.entries[queue.at]

/** A new queue that starts at `at`. Keeps the repeat mode, and shuffles what follows where shuffle is on. */
export function startQueue (queue: Queue, tracks: readonly Track[], at: number, random: RandomSource): Queue {
  const started = { ...queue, ...numbered(queue, tracks, 0), at: tracks.length === 0 ? -1 : at, shuffled: false }
  return queue.shuffled ? shuffleQueue(started, random, true) : started
}

export function insertNext (queue: Queue, tracks: readonly Track[]): Queue {
  return inserted(queue, tracks, queue.at + 1)
}

export function insertLast (queue: Queue, tracks: readonly Track[]): Queue {
  return inserted(queue, tracks, queue.entries.length)
}

export function removeEntry (queue: Queue, index: number): Queue {
  const entries = queue.entries.toSpliced(index, 1)
  const at = index < queue.at ? queue.at - 1 : queue.at
  return { ...queue, entries, at: Math.min(at, entries.length - 1) }
}

export function moveEntry (queue: Queue, from: number, to: number): Queue {
  const moved = queue.entries[from]
  if (moved === undefined || from === to) return queue
  const current = currentEntry(queue)
  const entries = queue.entries.toSpliced(from, 1).toSpliced(to, 0, moved)
  return { ...queue, entries, at: entries.findIndex((entry) => entry === current) }
}

/** Keeps only what plays now. */
export function clearOthers (queue: Queue): Queue {
  const current = currentEntry(queue)
  return current === undefined ? { ...queue, entries: [], at: -1 } : { ...queue, entries: [current], at: 0 }
}

/** Mixes what follows; with `all`, also what stands before the current entry. */
export function shuffleQueue (queue: Queue, random: RandomSource, all = false): Queue {
  const current = currentEntry(queue)
  const kept = all ? queue.entries.slice(queue.at, queue.at + 1) : queue.entries.slice(0, queue.at + 1)
  const rest = queue.entries.filter((entry) => !kept.includes(entry))
  for (let i = rest.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [rest[i], rest[j]]
    if (a !== undefined && b !== undefined) [rest[i], rest[j]] = [b, a]
  }
  const entries = [...kept, ...rest]
  return { ...queue, entries, at: entries.findIndex((entry) => entry === current), shuffled: true }
}

/** Puts everything back in the order it was given. */
export function unshuffleQueue (queue: Queue): Queue {
  const current = currentEntry(queue)
  const entries = queue.entries.toSorted((a, b) => a.ordinal - b.ordinal)
  return { ...queue, entries, at: entries.findIndex((entry) => entry === current), shuffled: false }
}

/** Index that plays after the current one, or -1 at the end. */
export function following (queue: Queue): number {
  if (queue.at + 1 < queue.entries.length) return queue.at + 1
  return queue.repeat === 'all' && queue.entries.length > 0 ? 0 : -1
}

/** Index before the current one, or -1 at the start. */
export function preceding (queue: Queue): number {
  if (queue.at > 0) return queue.at - 1
  return queue.repeat === 'all' ? queue.entries.length - 1 : -1
}

function numbered (queue: Queue, tracks: readonly Track[], firstOrdinal: number): Pick<Queue, 'entries' | 'nextKey'> {
  return {
    entries: tracks.map((track, index) => ({ key: queue.nextKey + index, ordinal: firstOrdinal + index, track })),
    nextKey: queue.nextKey + tracks.length
  }
}

/** Ordinals are spread between the neighbours, so that un-shuffling leaves the newcomers where they were put. */
function inserted (queue: Queue, tracks: readonly Track[], index: number): Queue {
  const added = numbered(queue, tracks, 0)
  const before = queue.entries[index - 1]?.ordinal ?? -1
  const higher = queue.entries.map((entry) => entry.ordinal).filter((ordinal) => ordinal > before)
  const after = higher.reduce((least, ordinal) => Math.min(least, ordinal), before + tracks.length + 1)
  const step = (after - before) / (tracks.length + 1)
  const entries = added.entries.map((entry, i) => ({ ...entry, ordinal: before + step * (i + 1) }))
  return { ...queue, nextKey: added.nextKey, entries: queue.entries.toSpliced(index, 0, ...entries), at: Math.max(queue.at, 0) }
}
