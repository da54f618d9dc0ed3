import { type Actor, authorise } from '../accounts/actor.ts'
import { TrackNotFoundError, tracksByIds } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'

/**
 * Rates a track with one to five stars, in place of an earlier rating of the actor's.
 * @throws TrackNotFoundError also for a track that isn't published
 */
export async function rateTrack (db: Database, actor: Actor, { trackId, stars }: { trackId: string, stars: number }, now: Date): Promise<void> {
  authorise(actor, 'keep playlists')
  const [track] = await tracksByIds(db, actor, [trackId])
  if (track === undefined) throw new TrackNotFoundError()
  const key = { userId: actor.userId, trackId }
  await db.prisma.rating.upsert({ where: { userId_trackId: key }, create: { ...key, stars, updatedAt: now }, update: { stars, updatedAt: now } })
}

/** A track without a rating stays so. */
export async function unrateTrack (db: Database, actor: Actor, trackId: string): Promise<void> {
  authorise(actor, 'keep playlists')
  await db.prisma.rating.deleteMany({ where: { userId: actor.userId, trackId } })
}
