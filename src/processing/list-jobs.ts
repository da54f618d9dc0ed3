import createError from '@fastify/error'
import type { Actor } from '../accounts/actor.ts'
import { authorise } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page } from '../catalog/schemas.ts'
import type { Database } from '../platform/database/database.ts'
import type { Job, JobsQuery, JobState, JobSummary } from './schemas.ts'

export const JobNotFoundError = createError('JOB_NOT_FOUND', 'there is no such job', 404)

const newestFirst: Order = { name: 'jobs', key: 'job.created_at', id: 'job.id', type: 'timestamptz', descending: true }

const columns = `
  SELECT job.id, job.kind, job.state, job.stage, job.attempts, job.max_attempts, job.error_code, job.last_error, job.upload_id,
    job.created_at, job.started_at, job.finished_at,
    coalesce(upload.relative_path, (SELECT title FROM track WHERE track.id = (job.payload->>'trackId')::uuid), '') AS subject
  FROM job LEFT JOIN upload ON upload.id = job.upload_id`

interface JobRow {
  id: string
  kind: string
  state: JobState
  stage: string | null
  attempts: number
  max_attempts: number
  error_code: string | null
  last_error: string | null
  upload_id: string | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
  subject: string
}

/**
 * Jobs, newest first.
 * @throws ForbiddenError, InvalidCursorError
 */
export async function listJobs (db: Database, actor: Actor, { state, limit, cursor }: JobsQuery): Promise<Page<Job>> {
  authorise(actor, 'see jobs')
  const clause = keyset(newestFirst, cursor, 3)
  const { rows } = await db.pool.query<JobRow>(
    `${columns} WHERE ($1::"JobState" IS NULL OR job.state = $1) AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    [state ?? null, limit + 1, ...clause.values])
  return cutPage(rows, { limit, order: newestFirst }, { item: toJob, place: ({ created_at: key, id }) => ({ key, id }) })
}

/** @throws JobNotFoundError */
export async function findJob (db: Database, id: string): Promise<Job> {
  const { rows: [row] } = await db.pool.query<JobRow>(`${columns} WHERE job.id = $1`, [id])
  if (row === undefined) throw new JobNotFoundError()
  return toJob(row)
}

function toJob (row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    stage: row.stage,
    attempts: row.attempts,
    maxAttempts: row.max_attempts,
    errorCode: row.error_code,
    lastError: row.last_error,
    subject: row.subject,
    uploadId: row.upload_id,
    createdAt: row.created_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    finishedAt: row.finished_at?.toISOString() ?? null
  }
}

/**
 * How much there is to do, and how well it goes.
 * @throws ForbiddenError
 */
export async function summariseJobs (db: Database, actor: Actor): Promise<JobSummary> {
  authorise(actor, 'see jobs')
  const { rows: [row] } = await db.pool.query<JobSummary>(
    `SELECT (SELECT count(*) FROM job WHERE state = 'waiting')::int AS waiting,
            (SELECT count(*) FROM job WHERE state = 'running')::int AS running,
            (SELECT count(*) FROM job WHERE state = 'failed')::int AS failed,
            (SELECT count(*) FROM job WHERE state = 'done' AND created_at > now() - interval '8 days' AND finished_at > now() - interval '1 day')::int AS "done24h",
            (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM job WHERE state = 'waiting')::int AS "oldestWaitingSeconds"`)
  return row ?? { waiting: 0, running: 0, failed: 0, done24h: 0, oldestWaitingSeconds: 0 }
}
