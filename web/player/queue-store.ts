import type { Queue } from './queue.ts'

/** The queue in this browser, one per user: IndexedDB, as ten thousand tracks are too many for localStorage. */
const databaseName = 'freshet'
const storeName = 'queue'

export async function readQueue (userId: string): Promise<Queue | null> {
  const value: unknown = await inStore('readonly', (store) => store.get(userId))
  return value === undefined ? null : value as Queue
}

export async function writeQueue (userId: string, queue: Queue): Promise<void> {
  await inStore('readwrite', (store) => store.put(queue, userId))
}

async function inStore (mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const database = await open()
  try {
    return await settled(act(database.transaction(storeName, mode).objectStore(storeName)))
  } finally {
    database.close()
  }
}

async function open (): Promise<IDBDatabase> {
  const opening = indexedDB.open(databaseName, 1)
  opening.onupgradeneeded = () => { opening.result.createObjectStore(storeName) }
  await settled(opening)
  return opening.result
}

async function settled (request: IDBRequest): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error ?? new Error('the browser could not keep the queue')) }
  })
}
