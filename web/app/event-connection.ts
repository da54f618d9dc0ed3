import { accessToken, renew } from './access-token.ts'
import { parseEvents } from './parse-events.ts'

type Hear = (topic: string, data: Readonly<Record<string, unknown>> | null) => void

/** What ended a connection: nobody is signed in any more, or it is to be tried again after so many ms at least. */
type Outcome = { readonly over: true } | { readonly over: false, readonly waitMs: number }

const firstWaitMs = 1_000
const longestWaitMs = 60_000
/** The server says something every 15 s. */
const silentMs = 40_000

/** Reads the event stream and opens it again whenever it ends, until the session is over. */
export class EventConnection {
  readonly #hear: Hear

  constructor (hear: Hear) {
    this.#hear = hear
  }

  async run (signal: AbortSignal): Promise<void> {
    let tries = 0
    while (!signal.aborted) {
      tries += 1
      const outcome = await this.#once(signal, () => { tries = 0 }).catch((): Outcome => ({ over: false, waitMs: 0 }))
      if (outcome.over) return
      // Spread over the whole span: many browsers lose the same server at the same moment.
      const spanMs = Math.min(longestWaitMs, firstWaitMs * 2 ** tries)
      await pause(Math.max(outcome.waitMs, spanMs * Math.random()), signal)
    }
  }

  async #once (signal: AbortSignal, opened: () => void): Promise<Outcome> {
    const token = accessToken()
    if (token === null) return { over: true }
    const silence = new AbortController()
    let timer = setTimeout(() => { silence.abort() }, silentMs)
    try {
      const response = await fetch('/api/events', { headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` }, signal: AbortSignal.any([signal, silence.signal]), cache: 'no-store' })
      if (response.status === 401 || response.status === 403) return await refused(token)
      if (!response.ok || response.body === null) return { over: false, waitMs: Number(response.headers.get('retry-after') ?? 0) * 1_000 }
      opened()
      await this.#read(response.body, () => {
        clearTimeout(timer)
        timer = setTimeout(() => { silence.abort() }, silentMs)
      })
      return { over: false, waitMs: 0 }
    } finally {
      clearTimeout(timer)
    }
  }

  async #read (body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const text = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    for (const reader = text.getReader(), rest = parseEvents(); ;) {
      const { done, value } = await reader.read()
      if (done) return
      alive()
      for (const { event, data } of rest(value)) this.#hear(event === 'ready' ? 'resync' : event, data)
    }
  }
}

/** A token that ran out is renewed; a session that is over ends it. */
async function refused (token: string): Promise<Outcome> {
  const renewed = accessToken() === token ? await renew() : accessToken() !== null
  return renewed ? { over: false, waitMs: 0 } : { over: true }
}

/** A line that comes back ends the wait. */
async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      removeEventListener('online', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    addEventListener('online', end)
    signal.addEventListener('abort', end)
  })
}
