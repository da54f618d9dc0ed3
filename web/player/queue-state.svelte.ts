import { applyChange, type Change, emptyDocument, type Entry, type EntrySource, type QueueDocument, type Repeat } from '../../src/playlists/queue-operations.ts'
import { notify } from '../app/notices.svelte.ts'
import type { Track } from '../app/api-types.ts'
import { t } from '../messages/queue.ts'
import { fairShuffle } from './fair-shuffle.ts'
import { currentEntry, emptyQueue, type Queue, queueAt, queueOf } from './queue.ts'
import { canBeUndone, entriesOf, inPieces, inverseOfAll, keysOf, operationOf, replaceBy } from './queue-changes.ts'
import { QueueSync } from './queue-sync.ts'
import { LearnedTracks } from './track-book.ts'

/** Tracks kept with the queue, so that they play before the server has answered: a few behind the place, more ahead. */
const keptBehind = 20
const keptAhead = 200
const mostUndone = 50
const mostEntries = 10_000

/** What takes it back is worked out when somebody wants that. */
interface Done { readonly before: QueueDocument, readonly changes: readonly Change[] }

let document_ = emptyDocument
let queue = $state.raw<Queue>(emptyQueue)
let waiting = $state(false)
let undoable = $state.raw<readonly Done[]>([])
let sync: QueueSync | null = null
let followed: (wasCurrent: string | null) => void = () => {}
const learned = new LearnedTracks(() => { show() })

/** The queue as it is here. Each function below changes it at once, and the server when it can be reached. */
export const queueState = {
  get queue () { return queue },
  /** What was done here isn't on the server yet. */
  get waiting () { return waiting },
  get canUndo () { return undoable.length > 0 }
}

/** What `queue` was made of: a skip changes neither. */
let shownOf = { entries: emptyDocument.entries, revision: -1 }

function show (): void {
  const same = shownOf.entries === document_.entries && shownOf.revision === learned.revision
  queue = same ? queueAt(queue, document_) : queueOf(document_, learned.book)
  shownOf = { entries: document_.entries, revision: learned.revision }
}

function setDocument (next: QueueDocument): void {
  document_ = next
  show()
  const ids = next.entries.filter(({ trackId }) => !learned.book.has(trackId)).map(({ trackId }) => trackId)
  const from = Math.max(0, ids.indexOf(queue.entries.slice(Math.max(0, queue.at)).find(({ state }) => state === 'awaited')?.track.id ?? ''))
  if (ids.length > 0) learned.want([...ids.slice(from), ...ids.slice(0, from)])
}

/** @param follow called when another device made another entry current, or took this one out */
export async function openQueue (userId: string, follow: (wasCurrent: string | null) => void): Promise<void> {
  followed = follow
  const opened = new QueueSync(userId, {
    changed (next) {
      const was = document_.current
      setDocument(next)
      if (next.current !== was) followed(was)
    },
    waiting (waits) { waiting = waits },
    refused (error) { notify(t(error.code === 'QUEUE_FULL' ? 'queue.full' : 'queue.refused'), { kind: 'fault' }) },
    tracksToKeep: () => queue.entries.slice(Math.max(0, queue.at - keptBehind), queue.at + keptAhead).filter(({ state }) => state === 'known').map(({ track }) => track)
  })
  sync = opened
  const { document, tracks } = await opened.open()
  if (sync !== opened) return
  learned.add(tracks)
  setDocument(document)
}

export function closeQueue (): void {
  sync?.close()
  sync = null
  learned.forget()
  document_ = emptyDocument
  shownOf = { entries: emptyDocument.entries, revision: -1 }
  queue = emptyQueue
  undoable = []
  waiting = false
}

/** Reads what other devices did. Rejects where the server can't be reached. */
export async function meetQueue (): Promise<void> { await sync?.meet() }

/** @returns whether it was done */
function change (changes: readonly Change[]): boolean {
  const before = document_
  const next = changes.reduce<QueueDocument>(applyChange, before)
  if (next.entries.length > mostEntries && next.entries.length > before.entries.length) {
    notify(t('queue.full'), { kind: 'fault' })
    return false
  }
  document_ = next
  show()
  sync?.did(changes.map(operationOf), next)
  if (changes.some(canBeUndone)) undoable = [...undoable.slice(1 - mostUndone), { before, changes }]
  return true
}

/** Says what was done, with the way back. */
function tellUndoable (text: string): void {
  notify(text, { action: { label: t('queue.undo'), run: undoQueue } })
}

export function undoQueue (): void {
  const last = undoable.at(-1)
  if (last === undefined) return
  const was = document_.current
  const rest = undoable.slice(0, -1)
  change(inverseOfAll(last.before, last.changes))
  undoable = rest
  notify(t('queue.undone'))
  if (document_.current !== was) followed(was)
}

export function setCurrent (index: number): void {
  const key = queue.entries[index]?.key
  if (key !== undefined) change([{ kind: 'current', key }])
}

interface NewQueue { readonly from: EntrySource | undefined, readonly shuffle?: boolean }

/** Begins a new queue, shuffled where it is wished or the one before was. @returns whether it was done */
export function replaceQueue (tracks: readonly Track[], at: number, { from, shuffle = queue.shuffled }: NewQueue): boolean {
  learned.add(tracks)
  const entries = entriesOf(tracks, from ?? sourceOf(tracks)).map((entry, ordinal) => ({ ...entry, ordinal }))
  const [first] = entries.slice(at)
  if (first === undefined) return false
  const hadMany = document_.entries.length > 1
  const changes = replaceBy({ entries, current: first.key, seed: null })
  if (shuffle) changes.push(shuffleOf([first], entries.filter((entry) => entry !== first)))
  const done = change(changes)
  if (done && hadMany) tellUndoable(t('queue.replaced'))
  return done
}

/** @param after a key, “start” or “end” */
export function insertTracks (tracks: readonly Track[], after: string, from: EntrySource | undefined): boolean {
  learned.add(tracks)
  return change(inPieces(entriesOf(tracks, from ?? sourceOf(tracks)), after))
}

export function removeKeys (keys: readonly string[]): void {
  const [only] = keys.length === 1 ? queue.entries.filter(({ key }) => key === keys[0]) : []
  change([{ kind: 'remove', keys }])
  tellUndoable(only === undefined ? t('queue.removed-many', { count: keys.length }) : t('queue.removed', { title: only.track.title }))
}

export function moveEntry (from: number, to: number): void {
  const entry = queue.entries[from]
  const anchor = queue.entries[to > from ? to : to - 1]
  if (entry !== undefined && from !== to) change([{ kind: 'move', key: entry.key, after: anchor?.key ?? 'start' }])
}

/** Keeps only what plays now. */
export function clearOthers (): void {
  const current = currentEntry(queue)?.key
  const keys = keysOf(queue.entries).filter((key) => key !== current)
  if (keys.length > 0) removeKeys(keys)
}

/** Mixes what follows, fairly; what played stays where it was. */
export function setShuffled (shuffle: boolean): void {
  change([shuffle ? shuffleOf(document_.entries.slice(0, queue.at + 1), document_.entries.slice(queue.at + 1)) : { kind: 'unshuffle' }])
}

export function setRepeat (repeat: Repeat): void { change([{ kind: 'repeat', repeat }]) }

function shuffleOf (kept: readonly Entry[], rest: readonly Entry[]): Change {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const keys = fairShuffle(rest.map(({ key, trackId }) => {
    const track = learned.book.get(trackId)
    return { key, artist: track?.artists[0]?.id ?? trackId, album: track?.album.id ?? '' }
  }), seed)
  return { kind: 'shuffle', seed, keys: [...keysOf(kept), ...keys] }
}

/** An album that is played as a whole says so by itself. */
function sourceOf (tracks: readonly Track[]): EntrySource | null {
  const [first] = tracks
  if (first === undefined || tracks.length < 2 || tracks.some(({ album }) => album.id !== first.album.id)) return null
  return { kind: 'album', id: first.album.id, name: first.album.title.slice(0, 300) }
}
