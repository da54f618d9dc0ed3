import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import createError from '@fastify/error'
import type { ObjectInfo, ObjectStore } from '../platform/storage/object-store.ts'

export const ObjectChangedError = createError<[string]>('OBJECT_CHANGED', '%s was replaced while it was read', 409)

export interface FetchedObject {
  readonly path: string
  /** Lower-case hex. */
  readonly sha256: string
  readonly sizeBytes: number
  readonly contentType: string
}

/** Hashing and writing in pieces of 1 MiB takes half the time that the streams' 64 KiB take. */
const chunkBytes = 2 ** 20
/** In a row without a byte in between. */
const attempts = 5
const firstPauseMs = 100

/**
 * Downloads an object, hashing it on the way. A connection that breaks or falls silent is taken up where it broke.
 * @throws ObjectNotFoundError, ObjectChangedError; the signal's reason when aborted
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
  await pipeline(resuming(store, { info, body }, signal), hashing, createWriteStream(path, { mode: 0o600, highWaterMark: chunkBytes }), { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error
  })
  return { path, sha256: hash.digest('hex'), sizeBytes, contentType: info.contentType }
}

async function * resuming (store: ObjectStore, { info, body: first }: { readonly info: ObjectInfo, readonly body: AsyncIterable<Buffer> }, signal: AbortSignal): AsyncGenerator<Buffer> {
  let body: AsyncIterable<Buffer> | undefined = first
  let position = 0
  for (let attempt = 1; ; attempt++) {
    try {
      body ??= await rest(store, { info, position }, signal)
      for await (const chunk of body) {
        position += chunk.length
        attempt = 1
        yield chunk
      }
      if (position === info.sizeBytes) return
      throw new Error(`${info.key} broke off after ${position} of ${info.sizeBytes} bytes`)
    } catch (error) {
      // What the store itself says of the object will not change by asking again.
      if (signal.aborted || attempt === attempts || (error instanceof Error && 'statusCode' in error)) throw error
      body = undefined
      await delay(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()), undefined, { signal })
    }
  }
}

async function rest (store: ObjectStore, { info, position }: { readonly info: ObjectInfo, readonly position: number }, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const found = await store.get(info.key, { range: { start: position, end: info.sizeBytes - 1 }, signal })
  if (found.info.etag !== info.etag) throw new ObjectChangedError(info.key)
  return found.body
}
