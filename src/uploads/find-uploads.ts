import createError from '@fastify/error'
import { type Actor, authorise, may } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page } from '../catalog/schemas.ts'
import type { Upload as UploadRow } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { Upload, UploadsQuery } from './schemas.ts'

export const UploadNotFoundError = createError('UPLOAD_NOT_FOUND', 'you have no such upload', 404)

const newestFirst: Order = { name: 'uploads', key: 'u.created_at', id: 'u.id', type: 'timestamptz', descending: true }

/** What a ledger tells apart, as SQL over `upload u`. */
export const shownStates = {
  running: "(u.state = 'open' OR (u.state = 'received' AND u.reason_code IS NULL))",
  failed: "(u.state = 'received' AND u.reason_code IS NOT NULL)",
  rejected: "u.state = 'rejected'",
  done: "u.state IN ('published', 'duplicate')"
} as const

/** Curators see what they uploaded, admins everything. */
export function seesAll (actor: Actor): boolean {
  return may(actor.role, 'manage users')
}

/**
 * The upload, if it is the actor's own or the actor is an admin.
 * @throws ForbiddenError; UploadNotFoundError, also for another curator's
 */
export async function requireUpload (db: Database, actor: Actor, id: string): Promise<UploadRow> {
  authorise(actor, 'upload music')
  const upload = await db.prisma.upload.findUnique({ where: { id } })
  if (upload === null || (upload.userId !== actor.userId && !seesAll(actor))) throw new UploadNotFoundError()
  return upload
}

/** @throws as requireUpload */
export async function getUpload (db: Database, actor: Actor, id: string): Promise<Upload> {
  const upload = await requireUpload(db, actor, id)
  const user = upload.userId === null ? null : await db.prisma.user.findUnique({ where: { id: upload.userId }, select: { displayName: true } })
  return toUpload({ ...upload, displayName: user?.displayName ?? null })
}

/**
 * Newest first.
 * @throws ForbiddenError, InvalidCursorError
 */
export async function listUploads (db: Database, actor: Actor, { limit, cursor, state, show, reason }: UploadsQuery): Promise<Page<Upload>> {
  authorise(actor, 'upload music')
  const clause = keyset(newestFirst, cursor, 5)
  const { rows } = await db.pool.query<ListedRow>(
    `SELECT u.id, u.user_id AS "userId", u.relative_path AS "relativePath", u.size_bytes AS "sizeBytes", u.state, u.stage, u.source,
       u.reason_code AS "reasonCode", u.reason, u.track_id AS "trackId", u.created_at AS "createdAt", u.finished_at AS "finishedAt",
       a.display_name AS "displayName"
     FROM upload u LEFT JOIN user_account a ON a.id = u.user_id
     WHERE u.artwork_item_id IS NULL AND ($2::uuid IS NULL OR u.user_id = $2) AND ($3::"UploadState" IS NULL OR u.state = $3) AND ($4::text IS NULL OR u.reason_code = $4) AND ${show === undefined ? 'TRUE' : shownStates[show]} AND ${clause.where}
     ORDER BY ${clause.orderBy} LIMIT $1`,
    [limit + 1, seesAll(actor) ? null : actor.userId, state ?? null, reason ?? null, ...clause.values])
  return cutPage(rows, { limit, order: newestFirst }, { item: toUpload, place: (row) => ({ key: row.createdAt, id: row.id }) })
}

type ListedRow = Pick<UploadRow, 'id' | 'userId' | 'relativePath' | 'state' | 'stage' | 'source' | 'reasonCode' | 'reason' | 'trackId' | 'createdAt' | 'finishedAt'> & {
  readonly sizeBytes: bigint | string
  readonly displayName: string | null
}

function toUpload (row: ListedRow): Upload {
  const { id, relativePath, state, stage, reasonCode, reason, trackId, source, userId, displayName } = row
  return {
    id,
    relativePath,
    sizeBytes: Number(row.sizeBytes),
    state,
    stage,
    reasonCode,
    reason,
    trackId,
    source,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    uploadedBy: userId === null || displayName === null ? null : { id: userId, displayName }
  }
}
