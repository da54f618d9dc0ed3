import type { Artwork, Stream, Track } from '../app/api-types.ts'

export type KeptKind = 'album' | 'playlist' | 'track'
export type KeptQuality = 'saving' | 'high' | 'lossless'

/** What somebody chose to keep in this browser. */
export interface KeptCollection {
  /** Kind and id of the thing: one of each. */
  readonly id: string
  readonly kind: KeptKind
  readonly refId: string
  readonly name: string
  /** Whose it is, in words. */
  readonly byline: string
  readonly artwork: Artwork | null
  readonly trackIds: readonly string[]
  readonly quality: KeptQuality
  readonly paused: boolean
  /** ISO 8601. */
  readonly chosenAt: string
}

/** A track with what is needed to play it without the server. Its bytes stand in chunks beside it. */
export interface KeptTrack {
  readonly id: string
  readonly track: Track
  readonly quality: KeptQuality
  /** null until the first bytes are asked for. */
  readonly stream: Stream | null
  readonly totalBytes: number
  readonly keptBytes: number
  /** Everything is here: only then it is shown as kept and played from here. */
  readonly complete: boolean
}

type StoreName = 'collections' | 'tracks' | 'chunks' | 'waveforms'

/** Bytes of a track are kept in pieces of this size: each is written at once or not at all. */
export const chunkBytes = 1_048_576

const version = 1
const connections = new Map<string, Promise<IDBDatabase>>()

/** One database a person: nobody hears or sees what another one keeps. */
export const keptDatabaseName = (userId: string): string => `freshet-kept-${userId}`

async function open (userId: string): Promise<IDBDatabase> {
  const name = keptDatabaseName(userId)
  const connection = connections.get(name) ?? opened(name)
  connections.set(name, connection)
  connection.catch(() => { connections.delete(name) })
  return await connection
}

async function opened (name: string): Promise<IDBDatabase> {
  return await new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, version)
    opening.onupgradeneeded = () => {
      const database = opening.result
      database.createObjectStore('collections', { keyPath: 'id' })
      database.createObjectStore('tracks', { keyPath: 'id' })
      database.createObjectStore('chunks')
      database.createObjectStore('waveforms')
    }
    opening.onerror = () => { reject(opening.error ?? new Error('the browser keeps nothing')) }
    opening.onsuccess = () => {
      const database = opening.result
      // Whoever removes the database waits for every connection; the browser may close one too.
      database.onversionchange = () => { connections.delete(name); database.close() }
      database.onclose = () => { connections.delete(name) }
      resolve(database)
    }
  })
}

/**
 * Does something in one transaction and resolves once it is on disk.
 * @throws DOMException QuotaExceededError where the browser has no more room
 */
async function transact<T> (userId: string, names: readonly StoreName[], act: (store: (name: StoreName) => IDBObjectStore) => IDBRequest<T> | null): Promise<T | undefined> {
  return await within(userId, { names, mode: 'readwrite' }, act)
}

async function within<T> (userId: string, { names, mode }: { readonly names: readonly StoreName[], readonly mode: IDBTransactionMode }, act: (store: (name: StoreName) => IDBObjectStore) => IDBRequest<T> | null): Promise<T | undefined> {
  const database = await open(userId)
  return await new Promise((resolve, reject) => {
    const transaction = database.transaction(names, mode)
    const request = act((name) => transaction.objectStore(name))
    transaction.oncomplete = () => { resolve(request?.result) }
    transaction.onabort = () => { reject(transaction.error ?? new Error('the browser could not keep this')) }
  })
}

async function read<T> (userId: string, name: StoreName, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const answer = await within(userId, { names: [name], mode: 'readonly' }, (store) => ask(store(name)))
  return answer as T
}

const chunksOf = (trackId: string): IDBKeyRange => IDBKeyRange.bound([trackId], [trackId, []])

export async function readCollections (userId: string): Promise<KeptCollection[]> {
  return await read<KeptCollection[]>(userId, 'collections', (store) => store.getAll())
}

export async function readTracks (userId: string): Promise<KeptTrack[]> {
  return await read<KeptTrack[]>(userId, 'tracks', (store) => store.getAll())
}

export async function readTrack (userId: string, trackId: string): Promise<KeptTrack | undefined> {
  return await read<KeptTrack | undefined>(userId, 'tracks', (store) => store.get(trackId))
}

/** Indexes of the chunks that are here. */
export async function readChunkIndexes (userId: string, trackId: string): Promise<Set<number>> {
  const keys = await read(userId, 'chunks', (store) => store.getAllKeys(chunksOf(trackId)))
  return new Set(keys.map((key) => (Array.isArray(key) ? Number(key[1]) : -1)))
}

/** Track and index of every chunk that is here. */
export async function readAllChunkKeys (userId: string): Promise<ReadonlyArray<readonly [trackId: string, index: number]>> {
  const keys = await read(userId, 'chunks', (store) => store.getAllKeys())
  return keys.flatMap((key) => (Array.isArray(key) ? [[String(key[0]), Number(key[1])] as const] : []))
}

/** Chunks from one index to another, in order. */
export async function readChunks (userId: string, trackId: string, { first, last }: { readonly first: number, readonly last: number }): Promise<Blob[]> {
  return await read<Blob[]>(userId, 'chunks', (store) => store.getAll(IDBKeyRange.bound([trackId, first], [trackId, last])))
}

export async function readWaveform (userId: string, trackId: string): Promise<Blob | undefined> {
  return await read<Blob | undefined>(userId, 'waveforms', (store) => store.get(trackId))
}

export async function writeCollection (userId: string, collection: KeptCollection, newTracks: readonly KeptTrack[] = []): Promise<void> {
  await transact(userId, ['collections', 'tracks'], (store) => {
    for (const track of newTracks) store('tracks').put(track)
    store('collections').put(collection)
    return null
  })
}

export async function writeTrack (userId: string, track: KeptTrack): Promise<void> {
  await transact(userId, ['tracks'], (store) => { store('tracks').put(track); return null })
}

/** The piece and the count of what is here, together. */
export async function writeChunk (userId: string, track: KeptTrack, { index, bytes }: { readonly index: number, readonly bytes: Blob }): Promise<void> {
  await transact(userId, ['chunks', 'tracks'], (store) => {
    store('chunks').put(bytes, [track.id, index])
    store('tracks').put(track)
    return null
  })
}

/** The last step of keeping a track. */
export async function completeTrack (userId: string, track: KeptTrack, waveform: Blob | null): Promise<void> {
  await transact(userId, ['tracks', 'waveforms'], (store) => {
    if (waveform !== null) store('waveforms').put(waveform, track.id)
    store('tracks').put({ ...track, complete: true })
    return null
  })
}

/** Starts a track anew: other bytes are wanted than those that are here. */
export async function dropBytes (userId: string, trackId: string): Promise<void> {
  await transact(userId, ['chunks'], (store) => { store('chunks').delete(chunksOf(trackId)); return null })
}

/** Removes a collection, and of these tracks everything. */
export async function removeCollection (userId: string, id: string, trackIds: readonly string[]): Promise<void> {
  await transact(userId, ['collections', 'tracks', 'chunks', 'waveforms'], (store) => {
    store('collections').delete(id)
    for (const trackId of trackIds) removeTrackFrom(store, trackId)
    return null
  })
}

/** Removes tracks that no collection has any more. */
export async function removeTracks (userId: string, trackIds: readonly string[]): Promise<void> {
  await transact(userId, ['tracks', 'chunks', 'waveforms'], (store) => {
    for (const trackId of trackIds) removeTrackFrom(store, trackId)
    return null
  })
}

function removeTrackFrom (store: (name: StoreName) => IDBObjectStore, trackId: string): void {
  store('tracks').delete(trackId)
  store('chunks').delete(chunksOf(trackId))
  store('waveforms').delete(trackId)
}

/** Everything that this person keeps, gone. */
export async function removeKeptDatabase (userId: string): Promise<void> {
  const name = keptDatabaseName(userId)
  const connection = await connections.get(name)?.catch(() => undefined)
  connections.delete(name)
  connection?.close()
  await new Promise<void>((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(name)
    deleting.onsuccess = () => { resolve() }
    deleting.onerror = () => { reject(deleting.error ?? new Error('the kept music could not be removed')) }
  })
}
