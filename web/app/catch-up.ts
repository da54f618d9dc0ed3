import { ApiError, UnreachableError } from './api.ts'
import { waitOrOnline } from '../player/retry-wait.ts'

const firstWaitMs = 1_000
const mostDoublings = 5

/**
 * The line tells but once that it is back, and a server that is busy just then refuses: what was missed is asked after
 * until there is an answer. Called again, it begins anew.
 * @param read rejects where there is no answer; one that can't change ends it
 */
export function createCatchUp (read: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
  let running: AbortController | null = null
  return async () => {
    running?.abort()
    const { signal } = running = new AbortController()
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        await read(signal)
        return
      } catch (error) {
        if (!mayPass(error)) return
        // Spread: all browsers hear of the line at the same moment.
        await waitOrOnline(firstWaitMs * 2 ** Math.min(tries, mostDoublings) * (0.5 + Math.random() / 2), signal)
      }
    }
  }
}

function mayPass (error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && (error.status >= 500 || error.status === 429))
}
