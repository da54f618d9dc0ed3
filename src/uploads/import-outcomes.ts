import type { JobState, UploadState } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { ArchiveFile } from './walk-archive.ts'

/**
 * How a file ended. `unchanged`: an earlier run had brought it in; it was not read. `rejected`: it can't become a track,
 * now or in an earlier run. `failed`: it may succeed in another run.
 */
export interface FileOutcome {
  readonly outcome: 'published' | 'duplicate' | 'unchanged' | 'rejected' | 'failed'
  readonly path: string
  readonly sizeBytes: number
  readonly trackId: string | null
  readonly reasonCode: string | null
  readonly reason: string | null
}

/** Uploads that the worker has still to end. */
export interface PendingImports {
  readonly size: number
  add (uploadId: string, file: ArchiveFile): void
  /** Reports those that have ended since, and returns how many. */
  poll (): Promise<number>
}

interface EndedRow {
  readonly id: string
  readonly state: UploadState
  readonly jobState: JobState | null
  readonly trackId: string | null
  readonly reasonCode: string | null
  readonly reason: string | null
}

export function trackPendingImports (db: Database, ended: (outcome: FileOutcome) => void): PendingImports {
  const pending = new Map<string, ArchiveFile>()
  return {
    get size () { return pending.size },
    add (uploadId, file) { pending.set(uploadId, file) },
    async poll () {
      if (pending.size === 0) return 0
      const rows = await findEnded(db, [...pending.keys()])
      for (const row of rows) {
        const file = pending.get(row.id)
        pending.delete(row.id)
        if (file !== undefined) ended(outcomeOf(file, row))
      }
      return rows.length
    }
  }
}

async function findEnded (db: Database, ids: readonly string[]): Promise<EndedRow[]> {
  const { rows } = await db.pool.query<EndedRow>({
    name: 'ended-imports',
    text: `SELECT u.id, u.state, u.track_id AS "trackId", u.reason_code AS "reasonCode", u.reason, j.state AS "jobState"
      FROM upload u LEFT JOIN job j ON j.upload_id = u.id
      WHERE u.id = ANY($1::uuid[]) AND (u.state <> 'received' OR j.state = 'failed')`,
    values: [ids]
  })
  return rows
}

export function outcomeOf ({ path, sizeBytes }: ArchiveFile, row: Omit<EndedRow, 'id'>): FileOutcome {
  const { trackId, reasonCode, reason } = row
  const outcome = row.state === 'published' || row.state === 'duplicate' || row.state === 'rejected' ? row.state : 'failed'
  return { outcome, path, sizeBytes, trackId, reasonCode, reason }
}

/** A file that never became an upload. */
export function failedOutcome ({ path, sizeBytes }: Pick<ArchiveFile, 'path' | 'sizeBytes'>, error: Error): FileOutcome {
  const reasonCode = 'code' in error && typeof error.code === 'string' ? error.code : 'FAULT'
  return { outcome: 'failed', path, sizeBytes, trackId: null, reasonCode, reason: error.message }
}
