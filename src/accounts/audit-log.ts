import type { AuditEvent } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import { type Actor, authorise } from './actor.ts'

export interface AuditPlace {
  readonly beforeId: bigint | undefined
  readonly limit: number
  /** An action, or the beginning of several: `user.`. */
  readonly action?: string | undefined
  readonly actorId?: string | undefined
}

/**
 * Newest first, from before `beforeId` on.
 * @throws ForbiddenError
 */
export async function listAuditEvents (db: Database, actor: Actor, { beforeId, limit, action, actorId }: AuditPlace): Promise<AuditEvent[]> {
  authorise(actor, 'see the audit log')
  return await db.prisma.auditEvent.findMany({
    where: {
      ...(beforeId === undefined ? {} : { id: { lt: beforeId } }),
      ...(action === undefined ? {} : { action: { startsWith: action } }),
      ...(actorId === undefined ? {} : { actorId })
    },
    orderBy: { id: 'desc' },
    take: limit
  })
}

/** Names of those who are still users, by id. */
export async function namesOf (db: Database, userIds: readonly string[]): Promise<Map<string, string>> {
  const users = await db.prisma.user.findMany({ where: { id: { in: [...new Set(userIds)] } }, select: { id: true, displayName: true } })
  return new Map(users.map(({ id, displayName }) => [id, displayName]))
}
