import type { AuditEvent } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import { type Actor, authorise } from './actor.ts'

/**
 * Newest first, from before `beforeId` on.
 * @throws ForbiddenError
 */
export async function listAuditEvents (db: Database, actor: Actor, { beforeId, limit }: { readonly beforeId: bigint | undefined, readonly limit: number }): Promise<AuditEvent[]> {
  authorise(actor, 'see the audit log')
  return await db.prisma.auditEvent.findMany({
    ...(beforeId === undefined ? {} : { where: { id: { lt: beforeId } } }),
    orderBy: { id: 'desc' },
    take: limit
  })
}
