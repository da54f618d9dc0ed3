import createError from '@fastify/error'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { Job } from '../generated/prisma/client.ts'

export const ClaimLostError = createError<[string]>('CLAIM_LOST', 'job %s belongs to another worker by now', 409)

/** The right to finish a job, good until somebody claims it anew; `fence` tells the claims apart. */
export interface Claim {
  readonly job: Job
  readonly fence: number
}

/** `waits`: not before so many seconds. `held`: another worker is at it. `failed`: a person must look. `ended`: done, or gone. */
export type ClaimOutcome =
  | { readonly kind: 'claimed', readonly claim: Claim }
  | { readonly kind: 'waits', readonly seconds: number }
  | { readonly kind: 'held' | 'failed' | 'ended' }

/** Takes a waiting job, or a running one whose lease has lapsed. All times are on the database's clock. */
export async function claimJob (db: Database, jobId: string, leaseSeconds: number): Promise<ClaimOutcome> {
  const { rows: [claimed] } = await db.pool.query<{ fence: number }>(
    `UPDATE job SET state = 'running', attempts = attempts + 1, fence = fence + 1, stage = NULL,
       lease_until = now() + make_interval(secs => $2), started_at = coalesce(started_at, now())
     WHERE id = $1 AND attempts < max_attempts
       AND ((state = 'waiting' AND not_before <= now()) OR (state = 'running' AND lease_until < now()))
     RETURNING fence`, [jobId, leaseSeconds])
  const job = await db.prisma.job.findUnique({ where: { id: jobId } })
  // The fence is the one of our own claim: by the time the row is read, somebody else may have the next one.
  if (claimed !== undefined && job !== null) return { kind: 'claimed', claim: { job, fence: claimed.fence } }
  if (job?.state === 'running') return { kind: 'held' }
  if (job?.state === 'failed') return { kind: 'failed' }
  if (job?.state !== 'waiting') return { kind: 'ended' }
  return { kind: 'waits', seconds: await secondsUntilDue(db, jobId) }
}

async function secondsUntilDue (db: Database, jobId: string): Promise<number> {
  const { rows: [row] } = await db.pool.query<{ seconds: number }>(
    'SELECT greatest(0, extract(epoch FROM not_before - now()))::float8 AS seconds FROM job WHERE id = $1', [jobId])
  return row?.seconds ?? 0
}

/** @returns false when the claim is lost: stop working */
export async function extendLease (db: Database, { job, fence }: Claim, leaseSeconds: number): Promise<boolean> {
  const { rowCount } = await db.pool.query(
    'UPDATE job SET lease_until = now() + make_interval(secs => $3) WHERE id = $1 AND fence = $2 AND state = \'running\'',
    [job.id, fence, leaseSeconds])
  return rowCount === 1
}

/**
 * First statement of a publishing transaction: holds the job's row to the commit, so that nobody can claim it meanwhile.
 * @throws ClaimLostError
 */
export async function lockClaim (tx: Transaction, { job, fence }: Claim): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM job WHERE id = ${job.id}::uuid AND fence = ${fence} AND state = 'running' FOR UPDATE`
  if (rows.length !== 1) throw new ClaimLostError(job.id)
}

/** @throws ClaimLostError */
export async function finishJob (tx: Transaction, { job, fence }: Claim): Promise<void> {
  const { count } = await tx.job.updateMany({
    where: { id: job.id, fence, state: 'running' },
    data: { state: 'done', stage: null, leaseUntil: null, errorCode: null, lastError: null, finishedAt: new Date() }
  })
  if (count !== 1) throw new ClaimLostError(job.id)
}

export interface JobFault {
  readonly code: string
  readonly message: string
}

/**
 * Notes a failed attempt: the job waits `retryInMs` for the next one or, after the last, has failed and its upload
 * says why.
 * @returns the state the job has now
 * @throws ClaimLostError
 */
export async function failJob (db: Database, { job, fence }: Claim, fault: JobFault, retryInMs: number): Promise<'waiting' | 'failed'> {
  const { rows: [row] } = await db.pool.query<{ state: 'waiting' | 'failed' }>(
    `WITH failed AS (
       UPDATE job SET state = CASE WHEN attempts >= max_attempts THEN 'failed' ELSE 'waiting' END::"JobState",
         finished_at = CASE WHEN attempts >= max_attempts THEN now() END,
         not_before = now() + make_interval(secs => $5), lease_until = NULL, stage = NULL, error_code = $3, last_error = $4
       WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING state, upload_id),
     shown AS (
       UPDATE upload SET reason_code = $3, reason = $4, stage = NULL, updated_at = now()
       FROM failed WHERE upload.id = failed.upload_id AND failed.state = 'failed' AND upload.state = 'received')
     SELECT state FROM failed`, [job.id, fence, fault.code, fault.message, retryInMs / 1_000])
  if (row === undefined) throw new ClaimLostError(job.id)
  return row.state
}

/**
 * Gives the job back as if it had not been tried; the relay sends it anew. A lost claim is nothing to give back, but one
 * that merely lapsed is: nobody has the job yet.
 */
export async function releaseJob (db: Database, claim: Claim): Promise<void> {
  await postponeJob(db, claim, { fault: null, pauseMs: 0 })
}

/** The same, for a while, with what was wrong meanwhile. */
export async function postponeJob (db: Database, { job, fence }: Claim, { fault, pauseMs }: { readonly fault: JobFault | null, readonly pauseMs: number }): Promise<void> {
  await db.pool.query(
    `UPDATE job SET state = 'waiting', attempts = attempts - 1, sent_at = NULL, not_before = now() + make_interval(secs => $3),
       lease_until = NULL, stage = NULL, error_code = $4, last_error = $5
     WHERE id = $1 AND fence = $2 AND state IN ('running', 'waiting') AND attempts > 0`, [job.id, fence, pauseMs / 1_000, fault?.code ?? null, fault?.message ?? null])
}
