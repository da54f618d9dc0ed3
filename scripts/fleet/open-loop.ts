import { setTimeout as delay } from 'node:timers/promises'

export interface OpenLoop {
  /** Sends no more; resolves when what was sent has ended. */
  stop(): Promise<void>
}

/** Arrivals that are late by more than this are let go: the driver itself was held up, and a burst would test only that. */
const longestLateMs = 250

/** Calls `fire` at random times, so many a second on average, however long each takes. */
export function startOpenLoop (perSecond: number, fire: () => Promise<void>): OpenLoop {
  const underWay = new Set<Promise<void>>()
  const ending = new AbortController()
  const loop = (async () => {
    let nextAt = performance.now()
    while (!ending.signal.aborted) {
      const now = performance.now()
      if (now - nextAt > longestLateMs) nextAt = now
      while (nextAt <= now) {
        const request = fire()
        underWay.add(request)
        request.finally(() => underWay.delete(request)).catch(() => {})
        nextAt += -Math.log(1 - Math.random()) * 1000 / perSecond
      }
      await delay(2)
    }
  })()
  return {
    async stop () {
      ending.abort()
      await loop
      await Promise.all(underWay)
    }
  }
}
