import type { Database } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { relayJobs, uploadJobKey } from './jobs.ts'

/** A message this much older than the oldest one in the queue was lost, or is dead. */
const lostAfterSeconds = 600

/** What makes every job end without a person: finds jobs whose worker died, and sends what was never sent. */
export async function recoverJobs ({ db, queue }: { readonly db: Database, readonly queue: JobQueue }): Promise<void> {
  await failWornOut(db)
  await db.pool.query("UPDATE job SET state = 'waiting', sent_at = NULL, lease_until = NULL WHERE state = 'running' AND lease_until < now() - interval '2 seconds' AND attempts < max_attempts")
  await relayJobs({ db, queue })
}

/**
 * Finds jobs whose message was lost and received uploads that have no job; `recoverJobs` sends them. Reads everything
 * that waits, so not to be done often.
 */
export async function findLostJobs ({ db, queue }: { readonly db: Database, readonly queue: JobQueue }): Promise<void> {
  await db.pool.query(
    `INSERT INTO job (id, kind, dedupe_key, upload_id)
     SELECT gen_random_uuid(), 'process-upload', $1 || id, id FROM upload
     WHERE state = 'received' AND updated_at < now() - interval '30 seconds'
       AND NOT EXISTS (SELECT 1 FROM job WHERE job.upload_id = upload.id)
     LIMIT 1000 ON CONFLICT (dedupe_key) DO NOTHING`, [uploadJobKey('')])
  const { oldestSeconds } = await queue.depth()
  await db.pool.query(
    `UPDATE job SET sent_at = NULL
     WHERE state = 'waiting' AND greatest(sent_at, not_before) < now() - make_interval(secs => $1)`, [oldestSeconds + lostAfterSeconds])
}

/** Its workers died at it as often as it may be tried. */
async function failWornOut (db: Database): Promise<void> {
  await db.pool.query(
    `WITH worn_out AS (
       UPDATE job SET state = 'failed', finished_at = now(), lease_until = NULL, stage = NULL, error_code = 'WORKER_DIED',
         last_error = 'The worker died while it worked on this, ' || attempts || ' times.'
       WHERE state = 'running' AND lease_until < now() AND attempts >= max_attempts RETURNING upload_id, error_code, last_error)
     UPDATE upload SET reason_code = error_code, reason = last_error, stage = NULL, updated_at = now()
     FROM worn_out WHERE upload.id = upload_id AND state = 'received'`)
}
