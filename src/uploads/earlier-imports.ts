import { createHash } from 'node:crypto'
import type { JobState, UploadState } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { ArchiveFile } from './walk-archive.ts'

/** What became of a file that an earlier run took in. */
export interface EarlierImport {
  readonly uploadId: string
  readonly state: UploadState
  readonly jobState: JobState | null
  readonly trackId: string | null
  readonly reasonCode: string | null
  readonly reason: string | null
}

/** The same as long as the file lies there unchanged; found without reading it. */
export function fingerprintOf ({ path, sizeBytes, mtimeMs, inode }: ArchiveFile): string {
  return createHash('sha256').update(JSON.stringify([path, sizeBytes, mtimeMs, inode])).digest('hex')
}

/** The newest import of each fingerprint, in one query. */
export async function findEarlierImports (db: Database, fingerprints: readonly string[]): Promise<Map<string, EarlierImport>> {
  const { rows } = await db.pool.query<EarlierImport & { fingerprint: string }>({
    name: 'earlier-imports',
    text: `SELECT DISTINCT ON (u.fingerprint) u.fingerprint, u.id AS "uploadId", u.state, u.track_id AS "trackId",
        u.reason_code AS "reasonCode", u.reason, j.state AS "jobState"
      FROM upload u LEFT JOIN job j ON j.upload_id = u.id AND u.state = 'received'
      WHERE u.user_id IS NULL AND u.fingerprint = ANY($1) AND u.source = 'import'
      ORDER BY u.fingerprint, u.created_at DESC`,
    values: [fingerprints]
  })
  return new Map(rows.map((row) => [row.fingerprint, row]))
}
