import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { relayJobs } from './jobs.ts'
import { findJob } from './list-jobs.ts'
import { tellJobs } from './tell-upload.ts'
import type { Job } from './schemas.ts'

export const JobNotFailedError = createError('JOB_NOT_FAILED', 'only a failed job can be tried again', 409)

export interface RetryDeps {
  readonly db: Database
  readonly queue: JobQueue
  readonly now: () => Date
}

/**
 * Lets a failed job begin anew, with all its attempts; its upload no longer shows the old fault.
 * @throws ForbiddenError, JobNotFoundError, JobNotFailedError
 */
export async function retryJob (deps: RetryDeps, actor: Actor, id: string): Promise<Job> {
  authorise(actor, 'retry jobs')
  await findJob(deps.db, id)
  const retried = await retry(deps, actor, id)
  if (retried === 0) throw new JobNotFailedError()
  return findJob(deps.db, id)
}

/**
 * The same for every failed job.
 * @returns how many
 * @throws ForbiddenError
 */
export async function retryFailedJobs (deps: RetryDeps, actor: Actor): Promise<number> {
  authorise(actor, 'retry jobs')
  return retry(deps, actor, null)
}

/** @param id null: every failed job */
async function retry ({ db, queue, now }: RetryDeps, actor: Actor, id: string | null): Promise<number> {
  const retried = await db.prisma.$transaction(async (tx) => {
    const count = await reset(tx, id)
    if (count > 0) await appendAudit(tx, { actorId: actor.userId, action: 'jobs.retried', subject: id === null ? 'jobs:failed' : `job:${id}`, details: { count }, at: now() })
    return count
  })
  await relayJobs({ db, queue })
  await tellJobs(db)
  return retried
}

function reset (tx: Transaction, id: string | null): Promise<number> {
  return tx.$executeRaw`
    WITH retried AS (
      UPDATE job SET state = 'waiting', attempts = 0, not_before = now(), sent_at = NULL, finished_at = NULL, error_code = NULL, last_error = NULL
      WHERE state = 'failed' AND (${id}::uuid IS NULL OR id = ${id}::uuid) RETURNING upload_id),
    shown AS (
      UPDATE upload SET reason_code = NULL, reason = NULL, updated_at = now() FROM retried WHERE upload.id = retried.upload_id AND upload.state = 'received')
    SELECT 1 FROM retried`
}
