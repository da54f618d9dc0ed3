import type { Entry, QueueDocument, QueueOperation } from '../../src/playlists/queue-operations.ts'
import type { Track } from '../app/api-types.ts'
import { type KeptOperation, setAside, whileWritten } from './unwritten-operations.ts'

/** The queue as the server had it, and the tracks near its place, which must play without a question. */
export interface KeptQueue { readonly version: number, readonly document: QueueDocument, readonly tracks: readonly Track[] }

/** `entriesId` names the pieces beside it. */
interface Head extends Omit<KeptQueue, 'document'> { readonly document: Omit<QueueDocument, 'entries'>, readonly entriesId: string }

const databaseName = 'freshet-queue'
/** A head under the user's id, and pieces of the entries under the id and a number. */
const queues = 'queue'
/** Copying 10,000 entries at once would hold up what is drawn. */
const pieceOf = 500
/** What was done since: one record each, so that tabs don't overwrite each other's. */
const operations = 'operations'

/** The entries this tab wrote last: while they stay the same, as at a skip, only the head is written. */
let written: { readonly entries: readonly Entry[], readonly id: string } | null = null

export async function readQueue (userId: string): Promise<{ kept: KeptQueue | null, pending: QueueOperation[] }> {
  const aside = setAside()
  if (aside.length > 0) await keepOperations(aside)
  const [kept, all] = await Promise.all([
    inStore(queues, 'readonly', async (store) => await keptIn(store, userId)),
    inStore(operations, 'readonly', async (store) => await settled(store.getAll()) as KeptOperation[])
  ])
  const mine = all.filter((each) => each.userId === userId).toSorted((a, b) => a.at - b.at)
  return { kept, pending: mine.map(({ operation }) => operation) }
}

/** In the order given; each is copied in a task of its own. */
export async function writeOperations (userId: string, done: readonly QueueOperation[], at: number): Promise<void> {
  await keepOperations(done.map((operation, index) => ({ userId, at: at + index / 1_000, operation })))
}

async function keepOperations (kept: readonly KeptOperation[]): Promise<void> {
  await whileWritten(kept, async () => {
    await inStore(operations, 'readwrite', async (store) => { for (const each of kept) await settled(store.put(each, each.operation.id)) })
  })
}

/** Writes the queue, and strikes out what it holds already: both or neither. */
export async function writeQueue (userId: string, kept: KeptQueue, contained: readonly string[]): Promise<void> {
  const { document: { entries, ...document }, ...rest } = kept
  await inStores([queues, operations], 'readwrite', async (transaction) => {
    const store = transaction.objectStore(queues)
    const before = await settled(store.get(userId)) as Head | undefined
    const standing = written?.entries === entries && written.id === before?.entriesId ? written.id : undefined
    const entriesId = standing ?? await writePieces(store, userId, entries)
    await settled(store.put({ ...rest, document, entriesId } satisfies Head, userId))
    for (const id of contained) await settled(transaction.objectStore(operations).delete(id))
  })
}

async function writePieces (store: IDBObjectStore, userId: string, entries: readonly Entry[]): Promise<string> {
  const id = `${Date.now()}-${Math.random()}`
  await settled(store.delete(IDBKeyRange.bound([userId, 0], [userId, Infinity])))
  for (let from = 0; from < entries.length; from += pieceOf) await settled(store.put(entries.slice(from, from + pieceOf), [userId, from]))
  written = { entries, id }
  return id
}

async function keptIn (store: IDBObjectStore, userId: string): Promise<KeptQueue | null> {
  const head = await settled(store.get(userId)) as Head | undefined
  if (head === undefined) return null
  const { entriesId: _, document, ...rest } = head
  const entries: Entry[] = []
  for (let piece: Entry[] | undefined = []; piece !== undefined;) {
    entries.push(...piece)
    piece = await settled(store.get([userId, entries.length])) as Entry[] | undefined
  }
  return { ...rest, document: { ...document, entries } }
}

async function inStore<T> (name: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  return await inStores([name], mode, async (transaction) => await act(transaction.objectStore(name)))
}

/** In one transaction, which lasts as long as `act` awaits nothing but its requests. */
async function inStores<T> (names: string[], mode: IDBTransactionMode, act: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
  const opening = indexedDB.open(databaseName, 2)
  opening.onupgradeneeded = ({ oldVersion }) => {
    const { result } = opening
    // The first version kept the entries whole; the server has them. What it hasn't stays.
    if (oldVersion === 1) result.deleteObjectStore(queues)
    else result.createObjectStore(operations)
    result.createObjectStore(queues)
  }
  await settled(opening)
  try {
    return await act(opening.result.transaction(names, mode))
  } finally {
    opening.result.close()
  }
}

async function settled (request: IDBRequest): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new Error('the browser could not keep the queue')) }
  })
}
