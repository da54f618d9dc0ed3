import type { Database } from '../platform/database/database.ts'
import type { Genre } from './schemas.ts'

/** Genres with published tracks, the largest first. */
export async function listGenres (db: Database): Promise<Genre[]> {
  return db.prisma.genre.findMany({
    where: { trackCount: { gt: 0 } },
    select: { id: true, name: true, trackCount: true },
    orderBy: [{ trackCount: 'desc' }, { nameKey: 'asc' }]
  })
}
