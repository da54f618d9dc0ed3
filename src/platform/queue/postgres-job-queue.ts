import pg from 'pg'
import { connectionOptions, type DatabaseAddress } from '../database/database-address.ts'
import type { JobQueue, QueueDepth, QueueMessage, ReceiveOptions } from './job-queue.ts'
import { checkQueueOption, queueLimits } from './queue-limits.ts'
import { PostgresWakeUp } from './postgres-wake-up.ts'

export interface PostgresJobQueueOptions {
  readonly address: DatabaseAddress
  /** Name of the queue; several may share a database. */
  readonly queue: string
  /** Receipts after which a message is set aside as dead, as in the redrive policy of SQS. */
  readonly maxReceives: number
  /** Told of lost connections; the queue mends them by itself. */
  readonly onError: (error: Error) => void
}

interface ReceivedRow {
  readonly id: string
  readonly body: string
  readonly receive_count: number
  readonly receipt: string
}

/**
 * The semantics of SQS in one table. All times are on the database's clock; waiting receivers are woken by NOTIFY and
 * by the time at which the next hidden message shows again. It has connections of its own, so that a full pool
 * elsewhere can't stop it.
 */
export class PostgresJobQueue implements JobQueue {
  readonly #options: PostgresJobQueueOptions
  readonly #pool: pg.Pool
  readonly #wakeUp: PostgresWakeUp
  readonly #closed = new AbortController()

  constructor (options: PostgresJobQueueOptions) {
    this.#options = options
    this.#pool = new pg.Pool({ ...connectionOptions(options.address), max: 3, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000, application_name: 'freshet-queue' })
    this.#pool.on('error', options.onError)
    this.#wakeUp = new PostgresWakeUp({ address: options.address, channel: channelOf(options.queue), onError: options.onError })
  }

  async send (bodies: readonly string[], { delaySeconds = 0 }: { readonly delaySeconds?: number } = {}): Promise<void> {
    checkQueueOption('delaySeconds', delaySeconds)
    if (bodies.length === 0) return
    await this.#pool.query(
      `WITH sent AS (
         INSERT INTO queue_message (queue, body, visible_at)
         SELECT $1, body, now() + make_interval(secs => $3) FROM unnest($2::text[]) AS body RETURNING 1)
       SELECT pg_notify($4, '') FROM (SELECT count(*) FROM sent) AS counted`,
      [this.#options.queue, bodies, delaySeconds, channelOf(this.#options.queue)])
  }

  async receive ({ max, waitSeconds, visibilitySeconds, signal }: ReceiveOptions): Promise<QueueMessage[]> {
    checkQueueOption('max', max)
    checkQueueOption('waitSeconds', waitSeconds)
    checkQueueOption('visibilitySeconds', visibilitySeconds)
    const stop = AbortSignal.any([signal, this.#closed.signal])
    const deadline = performance.now() + waitSeconds * 1_000
    while (!stop.aborted) {
      // Listening before looking: a message sent in between is not missed.
      const woken = this.#wakeUp.next(stop)
      try {
        const messages = await this.#take(max, visibilitySeconds)
        const leftMs = deadline - performance.now()
        if (messages.length > 0 || leftMs <= 0) return messages
        await woken.within(Math.min(leftMs, await this.#untilNextMs()))
      } finally {
        woken.cancel()
      }
    }
    return []
  }

  async hide (message: QueueMessage, seconds: number): Promise<boolean> {
    checkQueueOption('visibilitySeconds', seconds)
    // Receivers are woken only for what shows sooner than they reckoned with, not by every heartbeat.
    const { rowCount } = await this.#pool.query(
      `WITH before AS (
         SELECT id, visible_at FROM queue_message WHERE id = $1 AND receipt = $2 AND dead_at IS NULL FOR UPDATE),
       hidden AS (
         UPDATE queue_message AS message SET visible_at = clock_timestamp() + make_interval(secs => $3)
         FROM before WHERE message.id = before.id RETURNING message.visible_at < before.visible_at AS sooner)
       SELECT CASE WHEN sooner THEN pg_notify($4, '') END FROM hidden`,
      [message.id, message.receipt, seconds, channelOf(this.#options.queue)])
    return rowCount === 1
  }

  async delete (message: QueueMessage): Promise<boolean> {
    const { rowCount } = await this.#pool.query('DELETE FROM queue_message WHERE id = $1 AND receipt = $2 AND dead_at IS NULL', [message.id, message.receipt])
    return rowCount === 1
  }

  async depth (): Promise<QueueDepth> {
    const { rows: [row] } = await this.#pool.query<{ waiting: number, in_flight: number, dead: number, oldest: number }>(
      `SELECT count(*) FILTER (WHERE dead_at IS NULL AND visible_at <= now())::int AS waiting,
              count(*) FILTER (WHERE dead_at IS NULL AND visible_at > now() AND receipt IS NOT NULL)::int AS in_flight,
              count(*) FILTER (WHERE dead_at IS NOT NULL)::int AS dead,
              coalesce(extract(epoch FROM now() - min(sent_at) FILTER (WHERE dead_at IS NULL AND visible_at <= now())), 0)::float8 AS oldest
       FROM queue_message WHERE queue = $1`, [this.#options.queue])
    return { waiting: row?.waiting ?? 0, inFlight: row?.in_flight ?? 0, dead: row?.dead ?? 0, oldestSeconds: row?.oldest ?? 0 }
  }

  /** Its table is made by the migrations, and the database was reached for those. */
  async check (): Promise<void> {
    await this.#pool.query('SELECT FROM queue_message LIMIT 1')
  }

  async close (): Promise<void> {
    this.#closed.abort()
    await this.#wakeUp.close()
    await this.#pool.end()
  }

  /** What was received too often becomes dead in the same look that would have handed it out once more. */
  async #take (max: number, visibilitySeconds: number): Promise<QueueMessage[]> {
    const { queue, maxReceives } = this.#options
    const { rows } = await this.#pool.query<ReceivedRow>(
      `WITH due AS MATERIALIZED (
         SELECT id, receive_count >= $4 AS worn_out FROM queue_message
         WHERE queue = $1 AND dead_at IS NULL AND visible_at <= now()
         ORDER BY visible_at, id LIMIT $2 FOR UPDATE SKIP LOCKED),
       dead AS (
         UPDATE queue_message SET dead_at = now(), receipt = NULL WHERE id IN (SELECT id FROM due WHERE worn_out))
       UPDATE queue_message AS message
       SET receive_count = receive_count + 1, receipt = gen_random_uuid(), visible_at = clock_timestamp() + make_interval(secs => $3)
       FROM due WHERE message.id = due.id AND NOT due.worn_out
       RETURNING message.id::text, body, receive_count, receipt::text`, [queue, max, visibilitySeconds, maxReceives])
    return rows.map(({ id, body, receive_count: receiveCount, receipt }) => ({ id, body, receiveCount, receipt }))
  }

  /** How long until a hidden or delayed message shows again, in milliseconds; a second at most if the database says nothing. */
  async #untilNextMs (): Promise<number> {
    const { rows: [row] } = await this.#pool.query<{ ms: number | null }>(
      `SELECT extract(epoch FROM min(visible_at) - clock_timestamp())::float8 * 1000 AS ms
       FROM queue_message WHERE queue = $1 AND dead_at IS NULL`, [this.#options.queue])
    return row?.ms == null ? queueLimits.maxWaitSeconds * 1_000 : Math.max(1, Math.ceil(row.ms))
  }
}

function channelOf (queue: string): string {
  return `freshet_queue_${queue}`
}
