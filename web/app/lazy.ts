import { UnreachableError } from './api.ts'

/** Waits before the second, third and fourth try, ms. */
const retryMs = [300, 1_000, 3_000]

/**
 * Fetches a part of the client; a server that is busy, or a line that flickers, gets a few more chances.
 * @throws UnreachableError
 */
export async function lazy<T> (load: () => Promise<T>): Promise<T> {
  for (const wait of retryMs) {
    try {
      return await load()
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, wait) })
    }
  }
  try {
    return await load()
  } catch (cause) {
    // So a browser calls a module that it couldn't fetch.
    throw cause instanceof TypeError ? new UnreachableError(cause) : cause
  }
}
