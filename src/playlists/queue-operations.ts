/**
 * What can be done to a queue, and what comes of it. Both sides use this file, so it imports nothing: the browser
 * applies an operation at once, the server in the order in which they arrive, and a browser that missed some applies
 * its own anew behind them. Places are given by the keys of entries, never by numbers, so what two devices do at once
 * both holds.
 */

export type Repeat = 'off' | 'all' | 'one'

/** Where an entry came from; queues are grouped by it. */
export interface EntrySource {
  readonly kind: 'album' | 'playlist' | 'artist' | 'genre' | 'search' | 'favourites' | 'tracks'
  readonly id: string
  readonly name: string
}

export interface NewEntry {
  /** Unlike that of any other entry, on any device. */
  readonly key: string
  readonly trackId: string
  readonly from?: EntrySource | null
}

/** `ordinal` is its place before shuffling; it means nothing while the queue isn't shuffled. */
export interface Entry extends NewEntry {
  readonly ordinal: number
}

export interface QueueDocument {
  readonly entries: readonly Entry[]
  /** Key of what plays; null while the queue is empty. */
  readonly current: string | null
  readonly repeat: Repeat
  /** What the order was drawn with; null: not shuffled. */
  readonly seed: number | null
}

/** `after` a key that has gone meanwhile is behind what plays. */
export type Change =
  | { readonly kind: 'insert', readonly after: string | 'start' | 'end', readonly entries: readonly NewEntry[] }
  | { readonly kind: 'remove', readonly keys: readonly string[] }
  | { readonly kind: 'move', readonly key: string, readonly after: string | 'start' | 'end' }
  | { readonly kind: 'current', readonly key: string }
  | { readonly kind: 'repeat', readonly repeat: Repeat }
  | { readonly kind: 'shuffle', readonly seed: number, readonly keys: readonly string[] }
  | { readonly kind: 'unshuffle' }
  | { readonly kind: 'replace', readonly entries: readonly Entry[], readonly current: string | null, readonly seed: number | null }

/** `id` is unlike any other; what was done once isn't done again. */
export type QueueOperation = Change & { readonly id: string }

export const emptyDocument: QueueDocument = { entries: [], current: null, repeat: 'off', seed: null }

/** What comes of it; an operation on entries that are gone changes nothing. */
export function applyChange (queue: QueueDocument, change: Change): QueueDocument {
  switch (change.kind) {
    case 'insert': return inserted(queue, change.after, change.entries)
    case 'remove': return removed(queue, new Set(change.keys))
    case 'move': return moved(queue, change.key, change.after)
    case 'current': return queue.entries.some(({ key }) => key === change.key) ? { ...queue, current: change.key } : queue
    case 'repeat': return { ...queue, repeat: change.repeat }
    case 'shuffle': return shuffled(queue, change.keys, change.seed)
    case 'unshuffle': return { ...queue, seed: null, entries: queue.entries.toSorted((a, b) => a.ordinal - b.ordinal) }
    case 'replace': return replaced(queue, change)
  }
}

function inserted (queue: QueueDocument, after: string, added: readonly NewEntry[]): QueueDocument {
  const told = new Set(added.map(({ key }) => key))
  const fresh = newKeys(added, new Set(queue.entries.filter(({ key }) => told.has(key)).map(({ key }) => key)))
  const index = placeBehind(queue, after)
  // With its neighbour's number, un-shuffling leaves it behind that: sorting keeps the order of equals.
  const ordinal = queue.entries[index - 1]?.ordinal ?? -1
  const entries = queue.entries.toSpliced(index, 0, ...fresh.map((entry) => ({ ...entry, ordinal })))
  return { ...queue, entries, current: queue.current ?? entries[0]?.key ?? null }
}

/** Those whose key no other has: twice the same would be one row of a list. */
function newKeys<E extends NewEntry> (entries: readonly E[], known: Set<string>): E[] {
  return entries.filter(({ key }) => !known.has(key) && known.add(key))
}

/** Number of the entries before the place. */
function placeBehind ({ entries, current }: QueueDocument, after: string): number {
  if (after === 'start') return 0
  if (after === 'end') return entries.length
  const anchor = entries.findIndex(({ key }) => key === after)
  return (anchor === -1 ? entries.findIndex(({ key }) => key === current) : anchor) + 1
}

/** Where what plays is removed, the next that stays becomes current; at the end the one before. */
function removed (queue: QueueDocument, gone: ReadonlySet<string>): QueueDocument {
  const entries = queue.entries.filter(({ key }) => !gone.has(key))
  if (queue.current === null || !gone.has(queue.current)) return { ...queue, entries }
  const at = queue.entries.findIndex(({ key }) => key === queue.current)
  const next = queue.entries.slice(at).find(({ key }) => !gone.has(key)) ?? entries.at(-1)
  return { ...queue, entries, current: next?.key ?? null }
}

function moved (queue: QueueDocument, key: string, after: string): QueueDocument {
  const entry = queue.entries.find((candidate) => candidate.key === key)
  if (entry === undefined || after === key) return queue
  const without = { ...queue, entries: queue.entries.filter((candidate) => candidate !== entry) }
  return { ...queue, entries: without.entries.toSpliced(placeBehind(without, after), 0, entry) }
}

/** Entries that the order doesn't name, as they were added meanwhile, stay behind the one they stand behind. */
function shuffled (queue: QueueDocument, keys: readonly string[], seed: number): QueueDocument {
  const numbered = queue.seed === null ? queue.entries.map((entry, ordinal) => entry.ordinal === ordinal ? entry : { ...entry, ordinal }) : queue.entries
  const named = new Set(keys)
  const leaders = new Map<string, Entry>()
  const followers = new Map<string, Entry[]>()
  const entries: Entry[] = []
  let leader: string | null = null
  for (const entry of numbered) {
    if (named.has(entry.key)) leaders.set(leader = entry.key, entry)
    else if (leader === null) entries.push(entry)
    else if (!followers.get(leader)?.push(entry)) followers.set(leader, [entry])
  }
  for (const key of named) {
    const entry = leaders.get(key)
    if (entry !== undefined) entries.push(entry, ...followers.get(key) ?? [])
  }
  return { ...queue, seed, entries }
}

function replaced (queue: QueueDocument, { entries, current, seed }: Extract<Change, { kind: 'replace' }>): QueueDocument {
  const known = entries.some(({ key }) => key === current)
  return { ...queue, entries: newKeys(entries, new Set()), seed, current: known ? current : entries[0]?.key ?? null }
}
