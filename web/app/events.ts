import { accessToken, onGrant } from './access-token.ts'
import { EventConnection } from './event-connection.ts'

export type Topic = 'queue' | 'devices' | 'upload' | 'job' | 'request' | 'preferences'

/** `data` is a hint of what changed; null: something may have been missed, so fetch anew. */
export type EventHandler = (data: Readonly<Record<string, unknown>> | null) => void

interface Message { readonly topic: string, readonly data: Readonly<Record<string, unknown>> | null }

const lockName = 'freshet-events'
/** The leading tab says so often that it lives; a tab in sight that hears nothing for long takes its place. */
const aliveEveryMs = 15_000
const deadAfterMs = 40_000

const handlers = new Map<Topic, Set<EventHandler>>()
const tabs = new BroadcastChannel('freshet-events')
let heardAtMs = Date.now()
let leading: AbortController | null = null
let running: AbortController | null = null

/**
 * Calls the handler when the server tells of the topic. All tabs of this browser share one connection, which comes back
 * by itself. Load it with what needs it, not with the first page.
 * @returns what ends it
 */
export function onEvent (topic: Topic, handler: EventHandler): () => void {
  const set = handlers.get(topic) ?? new Set()
  handlers.set(topic, set.add(handler))
  start()
  return () => { set.delete(handler) }
}

function start (): void {
  if (running !== null || accessToken() === null || [...handlers.values()].every((set) => set.size === 0)) return
  running = new AbortController()
  heardAtMs = Date.now()
  lead(running.signal, false)
}

function stop (): void {
  running?.abort()
  running = null
}

/** Waits until no other tab leads, then holds the connection as long as this tab lives. */
async function lead (signal: AbortSignal, steal: boolean): Promise<void> {
  // Only secure pages have locks; elsewhere each tab has a connection of its own.
  if (!('locks' in navigator)) { await hold(signal); return }
  const options = steal ? { steal } : { signal }
  await navigator.locks.request(lockName, options, () => hold(signal)).catch((error: unknown) => {
    // Stopped while waiting, or another tab took the lead.
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
    leading?.abort()
    if (!signal.aborted) lead(signal, false)
  })
}

async function hold (signal: AbortSignal): Promise<void> {
  const mine = new AbortController()
  leading = mine
  const alive = setInterval(() => { tabs.postMessage({ topic: 'alive', data: null } satisfies Message) }, aliveEveryMs)
  await new EventConnection(hear).run(AbortSignal.any([signal, mine.signal]))
  clearInterval(alive)
  if (leading === mine) leading = null
  // The session is over; whoever signs in next begins anew.
  if (running?.signal === signal) running = null
}

function hear (topic: string, data: Message['data']): void {
  const message = { topic, data }
  tabs.postMessage(message)
  dispatch(message)
}

function dispatch ({ topic, data }: Message): void {
  if (topic === 'resync') for (const set of handlers.values()) for (const handler of set) handler(null)
  else for (const handler of handlers.get(topic as Topic) ?? []) handler(data)
}

tabs.onmessage = ({ data }: MessageEvent<Message>) => {
  heardAtMs = Date.now()
  dispatch(data)
}

/** A leader that its system has put to sleep holds the lock and hears nothing. */
function takeOver (): void {
  if (running === null || leading !== null || document.hidden || Date.now() - heardAtMs < deadAfterMs) return
  heardAtMs = Date.now()
  if ('locks' in navigator) lead(running.signal, true)
}

setInterval(takeOver, aliveEveryMs)
document.addEventListener('visibilitychange', () => { setTimeout(takeOver, aliveEveryMs) })
// A page kept for "back" must not lead.
addEventListener('pagehide', stop)
addEventListener('pageshow', start)
// The page may stand before its session is renewed, and somebody may sign in anew.
onGrant(start)
