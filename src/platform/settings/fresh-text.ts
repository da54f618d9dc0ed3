import { setTimeout as delay } from 'node:timers/promises'

/** A text that may change elsewhere, such as a password that AWS rotates. */
export interface FreshTextOptions {
  /** As it was read first. */
  readonly text: string
  readonly again: () => Promise<string>
  /** Asked for again within this time, it isn't read anew. Default 10 s. */
  readonly freshMs?: number
  /** Nobody waits longer for it to be read. Default 2 s. */
  readonly waitMs?: number
}

const defaultFreshMs = 10_000
/** A connection to the database is given up after 5 s, and the last password is probably good. */
const defaultWaitMs = 2_000

/**
 * Reads the text whenever it is asked for and not fresh; where it can't be read, or not in time, the last one may still
 * be good.
 */
export function freshText ({ text, again, freshMs = defaultFreshMs, waitMs = defaultWaitMs }: FreshTextOptions): () => Promise<string> {
  let last = text
  let readAt = performance.now()
  let reading: Promise<void> | undefined
  const read = async () => {
    try {
      last = await again()
    } catch {
      // A password that is wrong by now says so itself, when the database refuses it.
    } finally {
      readAt = performance.now()
      reading = undefined
    }
  }
  return async () => {
    if (performance.now() - readAt > freshMs) {
      reading ??= read()
      await Promise.race([reading, delay(waitMs, undefined, { ref: false })])
    }
    return last
  }
}
