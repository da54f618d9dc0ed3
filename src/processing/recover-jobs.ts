import type { Database } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { relayJobs, uploadJobKey } from './jobs.ts'

/** A message this much older than the oldest one in the queue was lost, or is dead. */
const lostAfterSeconds = 600

/** Jobs whose worker died twice are tried so far apart: one of them may be what kills, and the others must not die with it. */
const apartSeconds = 30

/**
 * What makes every job end without a person: finds jobs whose worker died, and sends what was never sent.
 * @returns how many jobs failed, their workers having died at them as often as they may be tried
 */
export async function recoverJobs ({ db, queue }: { readonly db: Database, readonly queue: JobQueue }): Promise<number> {
  const wornOut = await failWornOut(db)
  await db.pool.query(
    `WITH dead AS (
       SELECT id, row_number() OVER (PARTITION BY attempts ORDER BY id) - 1 AS place FROM job
       WHERE state = 'running' AND lease_until < now() - interval '2 seconds' AND attempts < max_attempts)
     UPDATE job SET state = 'waiting', sent_at = NULL, lease_until = NULL,
       not_before = CASE WHEN attempts > 1 THEN now() + make_interval(secs => dead.place * $1) ELSE not_before END
     FROM dead WHERE job.id = dead.id AND state = 'running' AND lease_until < now() - interval '2 seconds'`, [apartSeconds])
  await relayJobs({ db, queue })
  return wornOut
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
  // Others receive: they know, and look for lost jobs too.
  if (oldestSeconds === null) return
  await db.pool.query(
    `UPDATE job SET sent_at = NULL
     WHERE state = 'waiting' AND greatest(sent_at, not_before) < now() - make_interval(secs => $1)`, [oldestSeconds + lostAfterSeconds])
}

/** Its workers died at it as often as it may be tried. */
async function failWornOut (db: Database): Promise<number> {
  const { rows: [row] } = await db.pool.query<{ count: number }>(
    `WITH worn_out AS (
       UPDATE job SET state = 'failed', finished_at = now(), lease_until = NULL, stage = NULL, error_code = 'WORKER_DIED',
         last_error = 'The worker died while it worked on this, ' || attempts || ' times.'
       WHERE state = 'running' AND lease_until < now() AND attempts >= max_attempts RETURNING upload_id, error_code, last_error),
     shown AS (
       UPDATE upload SET reason_code = error_code, reason = last_error, stage = NULL, updated_at = now()
       FROM worn_out WHERE upload.id = upload_id AND state = 'received')
     SELECT count(*)::int AS count FROM worn_out`)
  return row?.count ?? 0
}
