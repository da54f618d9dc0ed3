import { type Actor, authorise } from '../accounts/actor.ts'
import type { Database } from '../platform/database/database.ts'
import type { KnownFiles } from './schemas.ts'

/**
 * Which of these bytes are tracks already, so that a client need not send them again.
 * @throws ForbiddenError
 */
export async function findKnownFiles (db: Database, actor: Actor, sha256s: readonly string[]): Promise<KnownFiles['files']> {
  authorise(actor, 'upload music')
  const originals = await db.prisma.original.findMany({
    where: { sha256: { in: [...sha256s] }, track: { state: 'published' } },
    select: { sha256: true, trackId: true }
  })
  const tracks = new Map(originals.map(({ sha256, trackId }) => [sha256, trackId]))
  return sha256s.map((sha256) => ({ sha256, trackId: tracks.get(sha256) ?? null }))
}
