import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ObjectStore } from '../platform/storage/object-store.ts'

export interface FetchedObject {
  readonly path: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly contentType: string
}

/** Hashing and writing in pieces of 1 MiB takes half the time that the streams' 64 KiB take. */
const chunkBytes = 2 ** 20

/**
 * Downloads an object, hashing it on the way.
 * @throws ObjectNotFoundError; the signal's reason when aborted
 */
export async function fetchObject (store: ObjectStore, { key, path }: { readonly key: string, readonly path: string }, signal: AbortSignal): Promise<FetchedObject> {
  const { info, body } = await store.get(key, { signal })
  const hash = createHash('sha256')
  let sizeBytes = 0
  const hashing = new Transform({
    highWaterMark: chunkBytes,
    transform (chunk: Buffer, _encoding, callback) {
      hash.update(chunk)
      sizeBytes += chunk.length
      callback(null, chunk)
    }
  })
  await pipeline(body, hashing, createWriteStream(path, { mode: 0o600, highWaterMark: chunkBytes }), { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error
  })
  return { path, sha256: hash.digest('hex'), sizeBytes, contentType: info.contentType }
}
