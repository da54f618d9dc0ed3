import type { Database } from '../platform/database/database.ts'
import type { Genre } from './schemas.ts'

/** Tags hold anything: beyond this many, genres are slips of the pen. */
const maxGenres = 1_000

/** Genres with published tracks, the largest first, at most 1,000. */
export async function listGenres (db: Database): Promise<Genre[]> {
  return db.prisma.genre.findMany({
    where: { trackCount: { gt: 0 } },
    select: { id: true, name: true, trackCount: true },
    orderBy: [{ trackCount: 'desc' }, { nameKey: 'asc' }],
    take: maxGenres
  })
}
