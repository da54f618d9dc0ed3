import { randomUUID } from 'node:crypto'
import type { JobContext } from './job-context.ts'
import { manifest } from './manifest.ts'
import type { ProcessedArtwork } from './processors/processed-track.ts'

/** Whether artwork made from a picture by the present recipe is stored. */
export function isArtworkStoredIn ({ db }: Pick<JobContext, 'db'>): (sourceSha256: string) => Promise<boolean> {
  return async (sourceSha256) => await db.prisma.artwork.count({ where: { sourceSha256, recipeVersion: manifest.artwork.version } }) > 0
}

/** The id of artwork that is known, or one for it to have. */
export async function artworkId ({ db }: Pick<JobContext, 'db'>, artwork: ProcessedArtwork): Promise<string> {
  const known = artwork === null ? null : await db.prisma.artwork.findUnique({ where: { sourceSha256: artwork.sourceSha256 }, select: { id: true } })
  return known?.id ?? randomUUID()
}
