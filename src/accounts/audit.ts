import { createHash } from 'node:crypto'
import type { Transaction } from '../platform/database/database.ts'

export interface AuditEntry {
  /** null for what nobody who is signed in did: the command line, or a stranger. */
  readonly actorId: string | null
  /** What was done, such as `user.created`. */
  readonly action: string
  /** To what, such as `user:<id>`. */
  readonly subject: string
  readonly details?: Readonly<Record<string, string | number | boolean | null>>
  readonly at: Date
}

export interface AuditBreak {
  readonly id: bigint
  readonly reason: string
}

/** Any number; all that append to the log wait for one another on it. */
const lockKey = 7_270_736_910
const firstHash = '0'.repeat(64)
const pageRows = 1_000

/**
 * Appends to the audit log in the caller's transaction, so that what is done and what is logged are one. From here to
 * the commit nobody else can append: call it last.
 */
export async function appendAudit (tx: Transaction, entry: AuditEntry): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockKey}::bigint)`
  const last = await tx.auditEvent.findFirst({ orderBy: { id: 'desc' }, select: { hash: true } })
  const prevHash = last?.hash ?? firstHash
  const { at, actorId, action, subject, details = {} } = entry
  await tx.auditEvent.create({ data: { at, actorId, action, subject, details, prevHash, hash: hashOf(prevHash, { at, actorId, action, subject, details }) } })
}

/**
 * Walks the whole log and returns the first row that doesn't fit: changed, or with a neighbour taken out. Rows cut off
 * at the end leave no trace here; whoever must prove that keeps the newest hash elsewhere.
 */
export async function verifyAuditChain (db: { readonly prisma: Pick<Transaction, 'auditEvent'> }): Promise<AuditBreak | null> {
  let prevHash = firstHash
  let after = 0n
  while (true) {
    const rows = await db.prisma.auditEvent.findMany({ where: { id: { gt: after } }, orderBy: { id: 'asc' }, take: pageRows })
    for (const row of rows) {
      if (row.prevHash !== prevHash) return { id: row.id, reason: 'the row before it is missing or another' }
      if (row.hash !== hashOf(prevHash, row)) return { id: row.id, reason: 'it was changed' }
      prevHash = row.hash
      after = row.id
    }
    if (rows.length < pageRows) return null
  }
}

interface HashedFields {
  readonly at: Date
  readonly actorId: string | null
  readonly action: string
  readonly subject: string
  readonly details: unknown
}

function hashOf (prevHash: string, { at, actorId, action, subject, details }: HashedFields): string {
  const text = JSON.stringify([prevHash, at.toISOString(), actorId, action, subject, inOrder(details)])
  return createHash('sha256').update(text).digest('hex')
}

/** jsonb keeps no order of keys, a hash does. */
function inOrder (details: unknown): unknown {
  if (details === null || typeof details !== 'object') return details
  return Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1))
}
