import { PassThrough, type Readable } from 'node:stream'
import createError from '@fastify/error'
import type { AccountState, AccountStates } from '../accounts/account-states.ts'
import { may, permissionsOf } from '../accounts/actor.ts'
import type { Recipient, ToldEvent } from '../platform/database/notifications.ts'

export const TooManyStreamsError = createError('TOO_MANY_STREAMS', 'too many event streams of yours are open; close one first', 429)

export interface EventStreams {
  /**
   * A stream of what concerns the session's user, in the form of server-sent events.
   * @throws TooManyStreamsError
   */
  open (sessionId: string, state: AccountState): Readable
  tell (event: ToldEvent): void
  /** Tells everybody to fetch anew what events keep fresh. */
  resync (): void
  /** Ends the streams of a user whose session or role is no longer what it was. */
  recheck (userId: string): void
  start (): void
  /** Ends all of them, in good order. */
  close (): void
}

export interface EventStreamsDeps {
  readonly states: Pick<AccountStates, 'session'>
  readonly now: () => Date
  readonly onError: (error: unknown) => void
  readonly heartbeatMs?: number
}

interface OpenStream {
  readonly sessionId: string
  readonly state: AccountState
  readonly out: PassThrough
  checkAtMs: number
  readonly endAtMs: number
}

/** Well below the 60 s after which load balancers take a silent connection for dead. */
const heartbeatMs = 15_000
/** A browser has one for all its tabs. */
const maxPerUser = 10
/** What waits for a reader who doesn't read; then the stream ends, and the reader begins anew. */
const maxWaitingBytes = 65_536
/** Changes of accounts are told at once; what was told while nobody listened is found by then. */
const checkEveryMs = 60_000
/** Streams move on now and then, so that new instances get their share. */
const livesMs = 30 * 60_000

/** The open streams of this process. */
export function createEventStreams ({ states, now, onError, heartbeatMs: beatMs = heartbeatMs }: EventStreamsDeps): EventStreams {
  const byUser = new Map<string, Set<OpenStream>>()
  let beating: NodeJS.Timeout | undefined
  let closing = false

  const all = () => [...byUser.values()].flatMap((streams) => [...streams])
  const drop = (userId: string, stream: OpenStream) => {
    const streams = byUser.get(userId)
    streams?.delete(stream)
    if (streams?.size === 0) byUser.delete(userId)
  }
  const check = async (stream: OpenStream) => {
    stream.checkAtMs = performance.now() + checkEveryMs
    const { role, epoch } = stream.state
    const current = await states.session(stream.sessionId)
    const expired = current !== null && current.expiresAt !== null && current.expiresAt <= now()
    if (current === null || expired || current.role !== role || current.epoch !== epoch) stream.out.end()
  }
  const beat = async () => {
    const at = performance.now()
    const streams = all()
    for (const stream of streams) {
      if (stream.endAtMs <= at) stream.out.end()
      else write(stream, ': \n\n')
    }
    // One after another: this may be thousands, and nobody waits for it.
    for (const stream of streams) if (stream.checkAtMs <= at && !stream.out.writableEnded) await check(stream)
  }

  return {
    open (sessionId, state) {
      const streams = byUser.get(state.userId) ?? new Set()
      if (streams.size >= maxPerUser) throw new TooManyStreamsError()
      const at = performance.now()
      const stream = { sessionId, state, out: new PassThrough(), checkAtMs: at + checkEveryMs * (0.5 + Math.random()), endAtMs: at + livesMs * (0.5 + Math.random()) }
      byUser.set(state.userId, streams.add(stream))
      stream.out.once('close', () => { drop(state.userId, stream) })
      write(stream, messageOf('ready', {}))
      if (closing) stream.out.end()
      return stream.out
    },
    tell ({ to, topic, data }) {
      const message = messageOf(topic, data)
      for (const stream of 'userId' in to ? byUser.get(to.userId) ?? [] : all()) if (concerns(to, stream.state)) write(stream, message)
    },
    resync () {
      for (const stream of all()) write(stream, messageOf('resync', {}))
    },
    recheck (userId) {
      for (const stream of byUser.get(userId) ?? []) check(stream).catch(onError)
    },
    start () {
      beating ??= setInterval(() => { beat().catch(onError) }, beatMs).unref()
    },
    close () {
      closing = true
      clearInterval(beating)
      for (const stream of all()) stream.out.end()
    }
  }
}

/** A permission that nobody knows is nobody's. */
function concerns (to: Recipient, { userId, role }: AccountState): boolean {
  if (!may(role, 'listen')) return false
  return 'userId' in to ? to.userId === userId : permissionsOf(role).some((permission) => permission === to.permission)
}

function write ({ out }: OpenStream, message: string): void {
  if (out.writableEnded || out.destroyed) return
  if (out.writableLength + out.readableLength > maxWaitingBytes) out.destroy()
  else out.write(message)
}

/** The form of the HTML standard, 9.2; JSON has no line breaks of its own. */
function messageOf (event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
