import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { tell } from '../platform/database/notifications.ts'
import { applyChange, emptyDocument, type QueueDocument, type QueueOperation } from './queue-operations.ts'

export const QueueFullError = createError('QUEUE_FULL', 'a queue holds 10,000 entries; remove some first', 409)

export interface QueueChanges {
  readonly version: number
  /** What was done since, in order; null where that isn't known any more and the document says it all. */
  operations: QueueOperation[] | null
  document: QueueDocument | null
}

interface QueueRow {
  readonly version: number
  readonly entries: QueueDocument['entries']
  readonly current: string | null
  readonly repeat: QueueDocument['repeat']
  readonly seed: number | null
}

const maxEntries = 10_000
/** A browser that was away for longer reads the whole queue. */
const keptOperations = 200
/** Larger ones aren't kept: reading the queue costs no more. */
const keptOperationBytes = 16_384
const columns = 'version, entries, current_key AS current, repeat, shuffle_seed AS seed'

/** The actor's queue: what changed after a version, else the whole of it. */
export async function readQueue (db: Database, actor: Actor, after: number): Promise<QueueChanges> {
  authorise(actor, 'listen')
  const { rows: [row] } = await db.pool.query<{ version: number }>({ name: 'queue-version', text: 'SELECT version FROM play_queue WHERE user_id = $1', values: [actor.userId] })
  const version = row?.version ?? 0
  if (after >= 0 && after <= version) {
    const { rows } = await db.pool.query<{ operation: QueueOperation | null }>({
      name: 'queue-operations',
      text: 'SELECT operation FROM play_queue_operation WHERE user_id = $1 AND version > $2 AND version <= $3 ORDER BY version',
      values: [actor.userId, after, version]
    })
    const operations = rows.flatMap(({ operation }) => operation ?? [])
    if (operations.length === version - after) return { version, operations, document: null }
  }
  return { ...await queueOf(db, actor.userId), operations: null }
}

/** A user's queue as it is, for whoever may read all that is theirs. */
export async function queueOf (db: Database, userId: string): Promise<{ version: number, document: QueueDocument }> {
  const { rows: [row] } = await db.pool.query<QueueRow>({ name: 'queue', text: `SELECT ${columns} FROM play_queue WHERE user_id = $1`, values: [userId] })
  return row === undefined ? { version: 0, document: emptyDocument } : { version: row.version, document: documentOf(row) }
}

/**
 * Does to the actor's queue what wasn't done yet, in this order, and tells the actor's other browsers.
 * @returns the version that the operations met, and the one they made
 * @throws QueueFullError, after which nothing has been done
 */
export async function changeQueue (db: Database, actor: Actor, operations: readonly QueueOperation[], now: Date): Promise<{ before: number, version: number }> {
  authorise(actor, 'listen')
  const { userId } = actor
  return db.prisma.$transaction(async (tx) => {
    const { version: before, ...row } = await lockQueue(tx, userId)
    const fresh = await newOnes(tx, userId, operations)
    if (fresh.length === 0) return { before, version: before }
    const queue = documentOf(row)
    const changed = fresh.reduce<QueueDocument>(applyChange, queue)
    if (changed.entries.length > maxEntries && changed.entries.length > queue.entries.length) throw new QueueFullError()
    const version = before + fresh.length
    await writeQueue(tx, userId, { queue, changed, version, now })
    await keepOperations(tx, userId, { operations: fresh, before, now })
    await tell(tx, { to: { userId }, topic: 'queue', data: { version } })
    return { before, version }
  })
}

/** Operations of one queue come one after another. */
async function lockQueue (tx: Transaction, userId: string): Promise<QueueRow> {
  await tx.$executeRaw`INSERT INTO play_queue (user_id) VALUES (${userId}::uuid) ON CONFLICT DO NOTHING`
  const [row] = await tx.$queryRawUnsafe<QueueRow[]>(`SELECT ${columns} FROM play_queue WHERE user_id = $1::uuid FOR UPDATE`, userId)
  if (row === undefined) throw new Error('the queue went while it was written')
  return row
}

async function newOnes (tx: Transaction, userId: string, operations: readonly QueueOperation[]): Promise<QueueOperation[]> {
  const ids = operations.map(({ id }) => id)
  const done = await tx.$queryRaw<Array<{ id: string }>>`SELECT id FROM play_queue_operation WHERE user_id = ${userId}::uuid AND id = ANY(${ids})`
  const known = new Set(done.map(({ id }) => id))
  return operations.filter(({ id }) => !known.has(id) && known.add(id))
}

async function writeQueue (tx: Transaction, userId: string, { queue, changed, version, now }: { queue: QueueDocument, changed: QueueDocument, version: number, now: Date }): Promise<void> {
  const { current, repeat, seed } = changed
  // Skipping is most of what happens, and leaves the entries as they are.
  const entries = changed.entries === queue.entries ? null : JSON.stringify(changed.entries)
  await tx.$executeRaw`UPDATE play_queue SET version = ${version}, entries = COALESCE(${entries}::jsonb, entries), current_key = ${current}, repeat = ${repeat},
    shuffle_seed = ${seed}, updated_at = ${now} WHERE user_id = ${userId}::uuid`
}

async function keepOperations (tx: Transaction, userId: string, { operations, before, now }: { operations: readonly QueueOperation[], before: number, now: Date }): Promise<void> {
  const rows = operations.map((operation, index) => {
    const text = JSON.stringify(operation)
    return { id: operation.id, version: before + index + 1, operation: text.length > keptOperationBytes ? null : operation }
  })
  await tx.$executeRaw`INSERT INTO play_queue_operation (user_id, id, version, operation, created_at)
    SELECT ${userId}::uuid, id, version, NULLIF(operation, 'null'::jsonb), ${now} FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS kept (id text, version int, operation jsonb)`
  await tx.$executeRaw`DELETE FROM play_queue_operation WHERE user_id = ${userId}::uuid AND version <= ${before + operations.length - keptOperations}`
}

function documentOf ({ entries, current, repeat, seed }: Omit<QueueRow, 'version'>): QueueDocument {
  return { entries, current, repeat, seed }
}
