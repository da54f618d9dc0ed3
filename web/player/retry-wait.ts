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
