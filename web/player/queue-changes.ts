import { applyChange, type Change, type Entry, type EntrySource, type NewEntry, type QueueDocument, type QueueOperation } from '../../src/playlists/queue-operations.ts'
import type { Track } from '../app/api-types.ts'

/** As the server takes them. */
const mostEntriesOfOne = 500

const prefix = Array.from(crypto.getRandomValues(new Uint8Array(5)), (byte) => byte.toString(36).padStart(2, '0')).join('')
let made = 0

/** Unlike any other, in any tab of any browser. */
export function operationOf (change: Change): QueueOperation {
  return { ...change, id: `${prefix}-${Date.now().toString(36)}-${made++}` }
}

export function entriesOf (tracks: readonly Track[], from: EntrySource | null): NewEntry[] {
  return tracks.map(({ id }) => ({ key: `${prefix}${(made++).toString(36)}`, trackId: id, ...from !== null && { from } }))
}

/** A new queue, in pieces that the server takes. */
export function replaceBy ({ entries, current, seed }: Pick<QueueDocument, 'entries' | 'current' | 'seed'>): Change[] {
  const unshuffled = seed === null ? entries : entries.toSorted((a, b) => a.ordinal - b.ordinal)
  const changes: Change[] = [{ kind: 'replace', entries: unshuffled.slice(0, mostEntriesOfOne), current, seed: null }]
  changes.push(...inPieces(unshuffled.slice(mostEntriesOfOne).map(asNew), unshuffled[mostEntriesOfOne - 1]?.key ?? 'end'))
  if (current !== null) changes.push({ kind: 'current', key: current })
  if (seed !== null) changes.push({ kind: 'shuffle', seed, keys: keysOf(entries) })
  return changes
}

const asNew = ({ ordinal: _, ...entry }: Entry): NewEntry => entry

export const keysOf = (entries: ReadonlyArray<{ readonly key: string }>): string[] => entries.map(({ key }) => key)

/** New entries behind a place. */
export function inPieces (entries: readonly NewEntry[], after: string): Change[] {
  const changes: Change[] = []
  let behind = after
  for (let i = 0; i < entries.length; i += mostEntriesOfOne) {
    const piece = entries.slice(i, i + mostEntriesOfOne)
    changes.push({ kind: 'insert', after: behind, entries: piece })
    behind = piece.at(-1)?.key ?? behind
  }
  return changes
}

/** Whether a change is one of the queue itself, which can be taken back. */
export const canBeUndone = ({ kind }: Change): boolean => kind !== 'current' && kind !== 'repeat'

/** What takes changes back, in the order in which it is to be done. */
export function inverseOfAll (before: QueueDocument, changes: readonly Change[]): Change[] {
  const inverse: Change[][] = []
  let next = before
  for (const change of changes) {
    inverse.unshift(inverseOf(next, change))
    next = applyChange(next, change)
  }
  return inverse.flat()
}

/** Nothing for what is no change of the queue itself. */
function inverseOf (before: QueueDocument, change: Change): Change[] {
  switch (change.kind) {
    case 'insert': return [{ kind: 'remove', keys: change.entries.map(({ key }) => key) }]
    case 'remove': return putBack(before, new Set(change.keys))
    case 'move': return [{ kind: 'move', key: change.key, after: neighbourOf(before, change.key) }]
    case 'shuffle':
    case 'unshuffle': return before.seed === null ? [{ kind: 'unshuffle' }] : [{ kind: 'shuffle', seed: before.seed, keys: keysOf(before.entries) }]
    case 'replace': return replaceBy(before)
    case 'current':
    case 'repeat': return []
  }
}

function neighbourOf ({ entries }: QueueDocument, key: string): string {
  return entries[entries.findIndex((entry) => entry.key === key) - 1]?.key ?? 'start'
}

function putBack ({ entries, current }: QueueDocument, gone: ReadonlySet<string>): Change[] {
  const changes: Change[] = []
  let behind = 'start'
  let run: NewEntry[] = []
  for (const entry of entries) {
    if (gone.has(entry.key)) run.push(asNew(entry))
    else {
      if (run.length > 0) {
        changes.push(...inPieces(run, behind))
        run = []
      }
      behind = entry.key
    }
  }
  changes.push(...inPieces(run, behind))
  return current !== null && gone.has(current) ? [...changes, { kind: 'current', key: current }] : changes
}
