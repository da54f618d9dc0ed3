import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import type { Database } from '../platform/database/database.ts'
import { tellJobs } from '../processing/tell-upload.ts'
import { relayJobs } from '../processing/jobs.ts'
import { retryUploads } from '../processing/retry-uploads.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { seesAll, shownStates } from './find-uploads.ts'
import type { UploadSummary } from './schemas.ts'

/** Uploads retried in one call. */
const retriedAtOnce = 5_000

/**
 * How the uploads that the actor sees are getting on, and why files were rejected.
 * @throws ForbiddenError
 */
export async function summariseUploads ({ pool }: Pick<Database, 'pool'>, actor: Actor): Promise<UploadSummary> {
  authorise(actor, 'upload music')
  const owner = seesAll(actor) ? null : actor.userId
  const { rows: [counts] } = await pool.query<Omit<UploadSummary, 'reasons'>>(
    `SELECT ${Object.entries(shownStates).map(([name, where]) => `count(*) FILTER (WHERE ${where})::int AS "${name}"`).join(', ')}
     FROM upload u WHERE artwork_item_id IS NULL AND ($1::uuid IS NULL OR user_id = $1)`, [owner])
  const { rows: reasons } = await pool.query<UploadSummary['reasons'][number]>(
    `SELECT coalesce(reason_code, 'UNKNOWN') AS code, count(*)::int AS count, (array_agg(relative_path ORDER BY created_at DESC))[1:3] AS examples, min(reason) AS reason
     FROM upload WHERE state = 'rejected' AND artwork_item_id IS NULL AND ($1::uuid IS NULL OR user_id = $1) GROUP BY 1 ORDER BY 2 DESC, 1`, [owner])
  return { running: 0, failed: 0, rejected: 0, done: 0, ...counts, reasons }
}

export interface RetryDeps {
  readonly db: Database
  readonly queue: JobQueue
  readonly now: () => Date
}

/**
 * Lets failed uploads begin anew: these, or all that the actor sees.
 * @returns how many
 * @throws ForbiddenError
 */
export async function retryFailedUploads ({ db, queue, now }: RetryDeps, actor: Actor, ids: readonly string[] | undefined): Promise<number> {
  authorise(actor, 'upload music')
  authorise(actor, 'retry jobs')
  const { rows } = await db.pool.query<{ id: string }>(
    `SELECT u.id FROM upload u WHERE ${shownStates.failed} AND ($1::uuid IS NULL OR u.user_id = $1) AND ($2::uuid[] IS NULL OR u.id = ANY($2)) LIMIT ${retriedAtOnce}`,
    [seesAll(actor) ? null : actor.userId, ids ?? null])
  if (rows.length === 0) return 0
  await db.prisma.$transaction(async (tx) => {
    await retryUploads(tx, rows.map(({ id }) => id))
    await appendAudit(tx, { actorId: actor.userId, action: 'jobs.retried', subject: 'uploads:failed', details: { count: rows.length }, at: now() })
  })
  await relayJobs({ db, queue })
  await tellJobs(db)
  return rows.length
}

const csvPage = 1_000

/**
 * All rejected files that the actor sees, as lines of CSV (RFC 4180) with a head, in no order.
 * @throws ForbiddenError
 */
export async function * rejectedAsCsv ({ pool }: Pick<Database, 'pool'>, actor: Actor): AsyncGenerator<string> {
  authorise(actor, 'upload music')
  yield 'file,size in bytes,reason code,reason,at\r\n'
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    const { rows } = await pool.query<{ id: string, path: string, size: string, code: string | null, reason: string | null, at: Date }>(
      `SELECT id, relative_path AS path, size_bytes AS size, reason_code AS code, reason, coalesce(finished_at, updated_at) AS at FROM upload
       WHERE state = 'rejected' AND artwork_item_id IS NULL AND id > $1 AND ($2::uuid IS NULL OR user_id = $2) ORDER BY id LIMIT ${csvPage}`,
      [after, seesAll(actor) ? null : actor.userId])
    for (const { path, size, code, reason, at } of rows) yield [path, String(size), code ?? '', reason ?? '', at.toISOString()].map(cell).join(',') + '\r\n'
    const last = rows.at(-1)
    if (last === undefined || rows.length < csvPage) return
    after = last.id
  }
}

/** A spreadsheet would take what begins like a formula for one. */
function cell (text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
