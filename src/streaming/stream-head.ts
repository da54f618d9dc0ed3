import { buffer } from 'node:stream/consumers'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import type { Stream } from './schemas.ts'

/** 1.5 s of the best AAC: until it is heard, the edge has sent what follows. */
const mostBytes = 48 * 1024
/** 24 MB. What is popular is asked for again and again. */
const mostKept = 512
/** A store that takes longer is not waited for: the player fetches the start from the edge, as it does all else. */
const patienceMs = 1_000
const boxHeaderBytes = 8

export type StreamIndex = NonNullable<Stream['index']>

/** The start of a file, without its table of fragments: that grows with the track, and the first sound needs none of it. */
export interface StreamHead {
  /** Of these, so many are the file's first ones; the others begin with the first fragment. */
  readonly initBytes: number
  readonly bytes: Uint8Array
}

export interface StreamHeads {
  /** Empty where the store doesn't give it in time. */
  read (key: string, index: StreamIndex): Promise<StreamHead>
}

const none: StreamHead = { initBytes: 0, bytes: new Uint8Array() }

/** Reads the starts of files, and keeps those last asked for. Objects under a key never change. */
export function createStreamHeads (store: Pick<ObjectStore, 'get'>, onError: (error: unknown, key: string) => void): StreamHeads {
  const kept = new Map<string, StreamHead>()
  return {
    async read (key, index) {
      const head = kept.get(key) ?? await fetchHead(store, key, index).catch((error: unknown) => { onError(error, key) })
      if (head === undefined) return none
      kept.delete(key)
      kept.set(key, head)
      const [oldest] = kept.keys()
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
      return head
    }
  }
}

async function fetchHead (store: Pick<ObjectStore, 'get'>, key: string, { initBytes, fragments }: StreamIndex): Promise<StreamHead> {
  const [offset = initBytes, sizeBytes = 0] = fragments[0] ?? []
  const range = { start: 0, end: offset + Math.min(mostBytes, sizeBytes) - 1 }
  const { body } = await store.get(key, { range, signal: AbortSignal.timeout(patienceMs) })
  const bytes = await buffer(body)
  const init = bytes.subarray(0, tableAt(bytes.subarray(0, offset)))
  return { initBytes: init.length, bytes: Buffer.concat([init, bytes.subarray(offset)]).subarray(0, mostBytes) }
}

/** Where the table of fragments, sidx, begins; the end where there is none. */
function tableAt (init: Buffer): number {
  for (let at = 0; at + boxHeaderBytes <= init.length;) {
    const [size, type] = [init.readUInt32BE(at), init.toString('latin1', at + 4, at + boxHeaderBytes)]
    if (type === 'sidx') return at
    if (size < boxHeaderBytes) break
    at += size
  }
  return init.length
}
