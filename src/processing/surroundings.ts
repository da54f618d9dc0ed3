import { setTimeout as delay } from 'node:timers/promises'
import { isDatabaseAway } from '../platform/database/database-away.ts'

/** Of Node, its libraries and ours: the network, a full disk, a machine out of memory, files or processes. */
const codes = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE',
  'ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN',
  'STORE_FULL', 'BUCKET_UNUSABLE', 'MEDIA_HELPER'
])
const names = new Set(['TimeoutError', 'RequestTimeout', 'CredentialsProviderError', 'NetworkingError'])
/** Not let in, too often, or broken at the other end; what a server never learnt (501) doesn’t pass. */
const isStatusOfSurroundings = (status: number): boolean => status === 401 || status === 403 || status === 408 || status === 429 || (status >= 500 && status !== 501)

/**
 * Whether an attempt failed for what a job stands on (the object store, the database, the disk, the network, ffmpeg) and not
 * for its file: tried again when that is mended, it ends well.
 */
export function isFaultOfSurroundings (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && typeof error.code === 'string' && codes.has(error.code)) return true
  return names.has(error.name) || isDatabaseAway(error) || isStatusOfSurroundings(statusOf(error)) || isFaultOfSurroundings(error.cause)
}

/** Of an answer of AWS; 0 for all other errors. */
function statusOf (error: Error): number {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  const status = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0
  return typeof status === 'number' ? status : 0
}

/** How a worker waits for its surroundings: all its slots together, longer each time. */
export interface Surroundings {
  /** Something failed. @returns ms to leave it alone */
  failed(): number
  /** A job went through. */
  worked(): void
  /** Resolves when it is time to try again. */
  ready(signal: AbortSignal): Promise<void>
}

const longestMs = 180_000

/** @param firstMs pause after the first fault; each further one doubles it, up to three minutes */
export function createSurroundings (firstMs: number): Surroundings {
  let faults = 0
  let until = -Infinity
  const leftMs = () => Math.max(0, until - performance.now())
  return {
    failed () {
      // Slots that fail together are one fault.
      if (leftMs() === 0) {
        until = performance.now() + Math.min(longestMs, firstMs * 2 ** faults) * (0.75 + Math.random() / 2)
        faults += 1
      }
      return leftMs()
    },
    worked () { faults = 0 },
    async ready (signal) {
      // A timer may go off a fraction of a millisecond early.
      while (leftMs() > 0 && !signal.aborted) {
        await delay(leftMs(), undefined, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error })
      }
    }
  }
}
