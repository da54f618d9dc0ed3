import type { Database, Transaction } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'

export type JobKind = 'process-upload' | 'backfill-track'

/** What the job of an upload may carry beside the upload's row. */
export interface ProcessUploadPayload {
  /** Key of a picture that lay beside the file (cover.jpg, folder.jpg); used where the file has none inside. */
  readonly folderArtworkKey?: string
}

export interface NewJob {
  readonly kind: JobKind
  /** One job a cause: a second one with the same key is dropped. See `uploadJobKey`. */
  readonly dedupeKey: string
  readonly uploadId?: string
  readonly payload?: ProcessUploadPayload | { readonly trackId: string }
}

export function uploadJobKey (uploadId: string): string {
  return `upload:${uploadId}`
}

/** As many as one statement locks and SQS-sized batches carry without holding the transaction long. */
const relayBatch = 100

/**
 * Writes the job into the caller's transaction (the outbox): it exists if and only if its cause does. Call `relayJobs`
 * after the commit; should the process die before, a worker's sweep sends it.
 */
export async function enqueueJob (tx: Transaction, job: NewJob): Promise<void> {
  await tx.job.createMany({
    data: [{
      kind: job.kind,
      dedupeKey: job.dedupeKey,
      ...(job.uploadId === undefined ? {} : { uploadId: job.uploadId }),
      payload: { ...job.payload }
    }],
    skipDuplicates: true
  })
}

/**
 * Hands every job that is due and not yet sent to the queue, and returns how many. A crash after sending and before
 * noting it sends a message twice, which does no harm: only one claim of a job wins.
 */
export async function relayJobs ({ db, queue }: { readonly db: Database, readonly queue: JobQueue }): Promise<number> {
  let sent = 0
  for (;;) {
    const batch = await relayOnce(db, queue)
    sent += batch
    if (batch < relayBatch) return sent
  }
}

async function relayOnce (db: Database, queue: JobQueue): Promise<number> {
  const client = await db.pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM job WHERE state = 'waiting' AND sent_at IS NULL AND not_before <= now()
       ORDER BY not_before LIMIT $1 FOR UPDATE SKIP LOCKED`, [relayBatch])
    const ids = rows.map((row) => row.id)
    if (ids.length > 0) {
      await queue.send(ids.map((id) => JSON.stringify({ jobId: id })))
      await client.query('UPDATE job SET sent_at = now() WHERE id = ANY($1::uuid[])', [ids])
    }
    await client.query('COMMIT')
    client.release()
    return ids.length
  } catch (error) {
    // The connection is dropped, which rolls back, also where ROLLBACK itself would fail.
    client.release(true)
    throw error
  }
}
