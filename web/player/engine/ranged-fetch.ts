import { waitOrOnline } from '../retry-wait.ts'
import { countTransfer } from './throughput.ts'

/** The address was not honoured: it ended, or what it names isn't there. */
export class NotHonouredError extends Error {
  constructor (status: number) {
    super(`the address answered ${status}`)
    this.name = 'NotHonouredError'
  }
}

/** First and last byte. */
export interface Range { readonly start: number, readonly end: number }

/** A line that brings nothing for so long is taken for cut. */
const stallMs = 8_000

/**
 * Fetches a range and hands on each piece as it comes.
 * @throws NotHonouredError, or what `fetch` does where the line breaks or brings nothing for 8 s
 */
export async function fetchRange (url: string, { start, end }: Range, { signal, cache, take }: { readonly signal: AbortSignal, readonly cache?: RequestCache | undefined, take (bytes: Uint8Array): void }): Promise<void> {
  const stalled = new AbortController()
  let timer = setTimeout(() => { stalled.abort() }, stallMs)
  try {
    const response = await fetch(url, { headers: { range: `bytes=${start}-${end}` }, ...(cache === undefined ? {} : { cache }), signal: AbortSignal.any([signal, stalled.signal]) })
    if (response.status === 403 || response.status === 404 || response.status === 410) throw new NotHonouredError(response.status)
    if (response.status !== 206 || response.body === null) throw new Error(`the range answered ${response.status}`)
    let [beganAt, received] = [0, 0]
    for await (const bytes of piecesOf(response.body)) {
      clearTimeout(timer)
      timer = setTimeout(() => { stalled.abort() }, stallMs)
      if (beganAt === 0) beganAt = performance.now()
      else received += bytes.byteLength
      take(bytes)
    }
    countTransfer(received, performance.now() - beganAt)
  } finally {
    clearTimeout(timer)
  }
}

/** Not every browser's streams can be iterated. */
async function * piecesOf (body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** Waits between tries, ms, a minute in all; a line that comes back ends the wait at once. */
const retryMs = [0, 500, 1_000, 2_000, ...Array.from({ length: 14 }, () => 4_000)]

/** Waits before the n-th try; false where enough were made. */
export async function waitForTry (n: number, signal: AbortSignal): Promise<boolean> {
  const wait = retryMs[n]
  if (wait === undefined) return false
  await waitOrOnline(wait, signal)
  return true
}
