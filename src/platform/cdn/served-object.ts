import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { DiskObjectStore } from '../storage/disk-object-store.ts'
import type { ByteRange, ObjectInfo, ObjectStore } from '../storage/object-store.ts'
import { ObjectNotFoundError } from '../storage/object-store-errors.ts'
import type { OpenObject } from '../storage/read-handles.ts'

/** An object that the edge is about to send. Whoever got it closes it. */
export interface ServedObject {
  readonly info: ObjectInfo
  /** Ends when all bytes are with the kernel, or the client has left. The response isn't ended. */
  sendTo(response: ServerResponse, range: ByteRange): Promise<void>
  close(): void
}

/** @throws ObjectNotFoundError */
export type ReadObject = (key: string) => Promise<ServedObject>

const bufferBytes = 256 * 1024
/** Listeners who have paused keep their buffer, so only so many get a large one: 16 MiB in all. */
const largeBuffers = 64
const smallBufferBytes = 32 * 1024

/** From the disk store: positional reads of files that stay open, into buffers that are used again. */
export function readFromDisk (store: Pick<DiskObjectStore, 'openForReading'>): ReadObject {
  const buffers = bufferPool()
  return async (key) => {
    const object = await store.openForReading(key)
    return {
      info: object.info,
      async sendTo (response, range) {
        const buffer = buffers.take()
        try {
          await pump(object, buffer, range, response)
        } finally {
          buffers.giveBack(buffer)
        }
      },
      close: () => object.close()
    }
  }
}

/** From any store, by its streams. */
export function readFromStore (store: Pick<ObjectStore, 'head' | 'get'>): ReadObject {
  return async (key) => {
    const info = await store.head(key)
    if (info === null) throw new ObjectNotFoundError(key)
    return {
      info,
      async sendTo (response, range) {
        const left = new AbortController()
        const onClose = () => left.abort()
        response.once('close', onClose)
        try {
          const { body } = await store.get(key, { range, signal: left.signal })
          await pipeline(body, response, { end: false })
        } catch (error) {
          if (!response.destroyed) throw error
        } finally {
          response.off('close', onClose)
        }
      },
      close () {}
    }
  }
}

async function pump (object: OpenObject, buffer: Buffer, { start, end }: ByteRange, response: ServerResponse): Promise<void> {
  for (let position = start; position <= end;) {
    const length = await object.read(buffer, Math.min(buffer.length, end + 1 - position), position)
    if (length === 0) throw new Error(`${object.info.key} is shorter than its ${object.info.sizeBytes} bytes`)
    // The buffer is free again only when the kernel has its bytes.
    if (!await written(response, buffer.subarray(0, length))) return
    position += length
  }
}

/** False when the client has left. */
function written (response: ServerResponse, bytes: Buffer): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const onClose = () => resolve(false)
    response.once('close', onClose)
    response.write(bytes, (error) => {
      response.off('close', onClose)
      resolve(error === null || error === undefined)
    })
  })
}

function bufferPool (): { take(): Buffer, giveBack(buffer: Buffer): void } {
  const free: Buffer[] = []
  let taken = 0
  return {
    take () {
      if (taken >= largeBuffers) return Buffer.allocUnsafe(smallBufferBytes)
      taken++
      return free.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
    },
    giveBack (buffer) {
      if (buffer.length !== bufferBytes) return
      taken--
      free.push(buffer)
    }
  }
}
