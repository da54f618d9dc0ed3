import { ApiError, post } from '../app/api.ts'

/** What was played, as the server is told of it. */
export interface HeardPlay {
  /** Random: sent twice, it counts once. */
  readonly id: string
  readonly trackId: string
  /** ISO 8601, by this machine's clock. */
  readonly startedAt: string
  readonly playedMs: number
}

interface KeptPlay extends HeardPlay { readonly userId: string }

const databaseName = 'freshet-plays'
const storeName = 'plays'
/** About a month of music day and night; the oldest go first. */
const mostKept = 20_000

let flushing: Promise<void> | null = null

/**
 * Tells the server of a play, now or as soon as it can be reached: it is written down first, and struck out once the
 * server has answered for good.
 */
export async function tellPlay (userId: string, play: HeardPlay): Promise<void> {
  // Both at once: a page that is being closed has no time for one after the other.
  const writing = inStore('readwrite', (store) => store.put({ ...play, userId } satisfies KeptPlay)).catch(() => undefined)
  const settled = await send(play)
  await writing
  if (!settled) return
  await strikeOut(play.id)
  await sendKeptPlays(userId)
}

/** Sends what this person played while the server could not be reached, the oldest first. Ends at the first that fails. */
export async function sendKeptPlays (userId: string): Promise<void> {
  flushing ??= flush(userId).finally(() => { flushing = null })
  await flushing
}

async function flush (userId: string): Promise<void> {
  const kept = await keptPlays(userId)
  for (const { id } of kept.slice(0, -mostKept)) await strikeOut(id)
  for (const { userId: _, ...play } of kept.slice(-mostKept)) {
    if (!await send(play)) return
    await strikeOut(play.id)
  }
}

/** @returns whether the server has answered for good; a track that is gone is such an answer, an ended session isn't */
async function send (play: HeardPlay): Promise<boolean> {
  try {
    await post('/plays', play, { keepalive: true })
    return true
  } catch (error) {
    return error instanceof ApiError && error.status < 500 && ![401, 403, 408, 429].includes(error.status)
  }
}

// A browser that keeps nothing (private windows) has nothing to send later.
async function keptPlays (userId: string): Promise<KeptPlay[]> {
  const all = await inStore('readonly', (store) => store.getAll()).catch(() => [])
  return (all as KeptPlay[]).filter((play) => play.userId === userId).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt))
}

async function strikeOut (id: string): Promise<void> {
  await inStore('readwrite', (store) => store.delete(id)).catch(() => undefined)
}

async function inStore (mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(databaseName, 1)
  opening.onupgradeneeded = () => { opening.result.createObjectStore(storeName, { keyPath: 'id' }) }
  await settled(opening)
  try {
    return await settled(act(opening.result.transaction(storeName, mode).objectStore(storeName)))
  } finally {
    opening.result.close()
  }
}

async function settled (request: IDBRequest): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new Error('the browser could not keep the play')) }
  })
}
