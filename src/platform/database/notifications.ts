import createError from '@fastify/error'
import type { PoolClient } from 'pg'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database, Transaction } from './database.ts'

/** What an event is about; clients ask for events by these names. */
export type Topic = 'queue' | 'devices' | 'upload' | 'job' | 'request' | 'preferences'

/** Who is told: one user, or everybody whose role has a permission. */
export type Recipient = { readonly userId: string } | { readonly permission: string }

/** A hint and no more: whoever hears it asks for what it tells of. Ids, versions and small states, never secrets. */
export interface ToldEvent {
  readonly to: Recipient
  readonly topic: Topic
  readonly data: Readonly<Record<string, unknown>>
}

export interface NotificationListener {
  told (event: ToldEvent): void
  /** Something may have been told while nobody listened. */
  missed (): void
}

export interface Notifications {
  start (): Promise<void>
  stop (): void
}

export const EventTooLargeError = createError<[number]>('EVENT_TOO_LARGE', 'an event has %d bytes; tell an id and let the client ask for the rest', 500)

const channel = 'freshet_event'
/** Postgres takes less than 8,000 in one NOTIFY. */
const maxPayloadBytes = 7_900
const reconnectMs = 1_000
/** A connection can be dead without a word, after a failover for one: it is asked this often, and given up without an answer. */
const askEveryMs = 15_000
const answerWithinMs = 5_000

const Payload = Type.Object({
  to: Type.Union([Type.Object({ userId: Type.String() }), Type.Object({ permission: Type.String() })]),
  topic: Type.Enum(['queue', 'devices', 'upload', 'job', 'request', 'preferences']),
  data: Type.Record(Type.String(), Type.Unknown())
})

/**
 * Tells every web process, each of which tells the browsers it concerns. Inside a transaction it is told at the commit,
 * or never.
 * @throws EventTooLargeError
 */
export async function tell (db: Database | Transaction, event: ToldEvent): Promise<void> {
  if ('pool' in db) await db.pool.query({ name: 'tell', text: 'SELECT pg_notify($1, $2)', values: [...notification(event)] })
  else await db.$executeRaw`SELECT pg_notify(${channel}, ${payloadOf(event)})`
}

/**
 * What pg_notify takes, for a statement that tells of what it writes: what is told of a row then comes in the order in which it was written.
 * @throws EventTooLargeError
 */
export function notification (event: ToldEvent): readonly [channel: string, payload: string] {
  return [channel, payloadOf(event)]
}

/**
 * Tells many users the same at the commit, in one statement however many they are.
 * @throws EventTooLargeError
 */
export async function tellUsers (tx: Transaction, userIds: readonly string[], news: Omit<ToldEvent, 'to'>): Promise<void> {
  const payloads = userIds.map((userId) => payloadOf({ to: { userId }, ...news }))
  if (payloads.length > 0) await tx.$executeRaw`SELECT pg_notify(${channel}, payload) FROM unnest(${payloads}::text[]) AS told(payload)`
}

function payloadOf ({ to, topic, data }: ToldEvent): string {
  const payload = JSON.stringify({ to, topic, data })
  const bytes = Buffer.byteLength(payload)
  if (bytes > maxPayloadBytes) throw new EventTooLargeError(bytes)
  return payload
}

/** Hears what any process tells, on one connection, which is opened again whenever it is lost. */
export function createNotifications (db: Database, listener: NotificationListener, onError: (error: Error) => void): Notifications {
  let client: PoolClient | undefined
  let stopped = false
  let retry: NodeJS.Timeout | undefined
  let asking: NodeJS.Timeout | undefined

  const again = () => { retry = setTimeout(() => { listen(true) }, reconnectMs).unref() }
  const lost = (error?: Error) => {
    if (stopped || client === undefined) return
    clearInterval(asking)
    client.release(true)
    client = undefined
    if (error !== undefined) onError(error)
    again()
  }
  const ask = async (asked: PoolClient) => {
    const timer = setTimeout(() => { if (client === asked) lost(new Error('the connection that hears events gives no answer')) }, answerWithinMs).unref()
    // A fault of the connection arrives as its event, too.
    await asked.query('SELECT 1').catch((error: Error) => { if (client === asked) lost(error) })
    clearTimeout(timer)
  }
  const listen = async (missed: boolean) => {
    try {
      const opened = await db.pool.connect()
      // Stopped meanwhile: a client that is kept would keep the pool from closing.
      if (stopped) return opened.release(true)
      client = opened
      opened.on('notification', ({ payload }) => { hear(payload, listener, onError) })
      opened.once('end', () => { if (client === opened) lost() })
      opened.on('error', (error) => { if (client === opened) lost(error) })
      await opened.query(`LISTEN ${channel}`)
      asking = setInterval(() => { ask(opened) }, askEveryMs).unref()
      if (missed) listener.missed()
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
      if (client !== undefined) lost()
      else if (!stopped) again()
    }
  }
  return {
    start: () => listen(false),
    stop () {
      stopped = true
      clearTimeout(retry)
      clearInterval(asking)
      client?.release(true)
      client = undefined
    }
  }
}

/** Another release, which runs beside us while a fleet changes over, may tell what we don't know. */
function hear (payload: string | undefined, listener: NotificationListener, onError: (error: Error) => void): void {
  try {
    listener.told(Value.Parse(Payload, JSON.parse(payload ?? '')))
  } catch (error) {
    onError(new Error('an event could not be read', { cause: error }))
  }
}
