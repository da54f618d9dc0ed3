/** Waits between tries, ms; a line that comes back ends the wait at once. Five minutes in all. */
export const retryMs = [0, 1_000, 2_000, 4_000, ...Array.from({ length: 8 }, () => 5_000), 10_000, 10_000, 10_000, ...Array.from({ length: 7 }, () => 30_000)]

/** Waits so long, or until the line is back or `signal` aborts. Never rejects. */
export async function waitOrOnline (ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const listening = new AbortController()
    const done = (): void => {
      clearTimeout(timer)
      listening.abort()
      resolve()
    }
    const timer = setTimeout(done, ms)
    addEventListener('online', done, { signal: listening.signal })
    signal.addEventListener('abort', done, { signal: listening.signal })
  })
}
