import createError from '@fastify/error'

export const BusyError = createError('BUSY', 'too much is going on; try again in a moment', 503)

/** Runs the task when its turn comes. */
export type Turnstile = <T>(task: () => Promise<T>) => Promise<T>

/**
 * Lets `width` tasks run at once and `queue` wait; each starts in the order in which it came.
 * @throws BusyError (as a rejection) when that many wait already
 */
export function createTurnstile ({ width, queue }: { readonly width: number, readonly queue: number }): Turnstile {
  const waiting: Array<() => void> = []
  let running = 0
  return async (task) => {
    if (running >= width) {
      if (waiting.length >= queue) throw new BusyError()
      // Whoever ends hands its place on, so that nobody who came later slips in between.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running += 1
    }
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
