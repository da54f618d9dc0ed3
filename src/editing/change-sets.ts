import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page } from '../catalog/schemas.ts'
import type { Reader, Transaction } from '../platform/database/database.ts'
import type { ChangeSet, ChangesQuery } from './schemas.ts'

export const ChangeSetNotFoundError = createError('CHANGE_SET_NOT_FOUND', 'there is no such edit', 404)

/** One field of one item; `albumYear` is of an album, every other field of a track. */
export interface ChangeRow {
  readonly changeSetId: string
  readonly itemId: string
  readonly field: string
  readonly before: unknown
  readonly after: unknown
  readonly beforeSetId: string | null
}

export interface NewChangeSet {
  readonly id: string
  readonly kind: ChangeSet['kind']
  readonly actor: Pick<Actor, 'userId'>
  readonly subject: string
  readonly itemCount: number
  readonly at: Date
  readonly rows: readonly ChangeRow[]
}

export async function recordChangeSet (tx: Transaction, { id, kind, actor, subject, itemCount, at, rows }: NewChangeSet): Promise<void> {
  const fields = kind === 'artwork' ? ['artwork'] : [...new Set(rows.map(({ field }) => field))].filter((field) => field !== 'albumYear')
  await tx.changeSet.create({ data: { id, userId: actor.userId, kind, subject, fields, itemCount, createdAt: at } })
  if (rows.length === 0) return
  await tx.$executeRaw`
    INSERT INTO tag_change (change_set_id, track_id, field, before, after, before_set_id)
    SELECT ${id}::uuid, track_id, field, coalesce(before, 'null'), coalesce(after, 'null'), before_set_id
    FROM jsonb_to_recordset(${JSON.stringify(rows.map(({ itemId, field, before, after, beforeSetId }) => ({ track_id: itemId, field, before, after, before_set_id: beforeSetId })))}::jsonb)
      AS c(track_id uuid, field text, before jsonb, after jsonb, before_set_id uuid)`
}

interface Row {
  readonly id: string
  readonly kind: ChangeSet['kind']
  readonly subject: string
  readonly fields: string[]
  readonly itemCount: number
  readonly createdAt: Date
  readonly undoneAt: Date | null
  readonly userId: string | null
  readonly displayName: string | null
}

const newestFirst: Order = { name: 'edits', key: 'c.created_at', id: 'c.id', type: 'timestamptz', descending: true }
const columns = `SELECT c.id, c.kind, c.subject, c.fields, c.item_count AS "itemCount", c.created_at AS "createdAt", c.undone_at AS "undoneAt", u.id AS "userId", u.display_name AS "displayName"
  FROM change_set c LEFT JOIN user_account u ON u.id = c.user_id`

/**
 * What curators changed, newest first.
 * @throws ForbiddenError, InvalidCursorError
 */
export async function listChangeSets (db: Reader, actor: Actor, { limit, cursor }: ChangesQuery): Promise<Page<ChangeSet>> {
  authorise(actor, 'edit the catalogue')
  const clause = keyset(newestFirst, cursor, 2)
  const { rows } = await db.pool.query<Row>(`${columns} WHERE ${clause.where} ORDER BY ${clause.orderBy} LIMIT $1`, [limit + 1, ...clause.values])
  return cutPage(rows, { limit, order: newestFirst }, { item: shown, place: ({ createdAt, id }) => ({ key: createdAt, id }) })
}

/** @throws ChangeSetNotFoundError */
export async function findChangeSet (db: Reader, id: string): Promise<ChangeSet> {
  const { rows: [row] } = await db.pool.query<Row>(`${columns} WHERE c.id = $1`, [id])
  if (row === undefined) throw new ChangeSetNotFoundError()
  return shown(row)
}

function shown ({ userId, displayName, createdAt, undoneAt, ...row }: Row): ChangeSet {
  return {
    ...row,
    by: userId === null || displayName === null ? null : { id: userId, displayName },
    createdAt: createdAt.toISOString(),
    undoneAt: undoneAt?.toISOString() ?? null
  }
}
