import { TrackNotFoundError } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'
import type { NewSharePlay } from './schemas.ts'
import { type ActiveShare, sharesTrack } from './shared-content.ts'

/** A page that sends a play again does so within minutes; links count for themselves. */
const keptDays = 7

/**
 * Notes that somebody heard a track by a link: by the rule of every play, 30 seconds or half. It counts for the link
 * only; what is popular in the house isn't for strangers to say. Sent twice, it counts once.
 * @throws TrackNotFoundError for a track that the link doesn't share
 */
export async function recordSharePlay (db: Database, share: ActiveShare, { id, trackId, playedMs }: NewSharePlay, now: Date): Promise<{ readonly counted: boolean }> {
  if (!await sharesTrack(db, share, trackId)) throw new TrackNotFoundError()
  const { rows: [added] } = await db.pool.query<{ counted: boolean }>({
    name: 'record-share-play',
    text: `WITH added AS (
        INSERT INTO share_play (id, share_id, track_id, played_ms, counted, created_at)
        SELECT $1, $2, t.id, $4, $4 >= 30000 OR $4 * 2 >= t.duration_ms, $5 FROM track t WHERE t.id = $3
        ON CONFLICT (id) DO NOTHING RETURNING share_id, counted),
      counted AS (UPDATE share SET play_count = play_count + 1 FROM added WHERE share.id = added.share_id AND added.counted)
      SELECT counted FROM added`,
    values: [id, share.id, trackId, playedMs, now]
  })
  return { counted: added?.counted ?? false }
}

/** Forgets plays that nobody sends again; strangers could fill the table otherwise. */
export async function forgetSharePlays ({ pool }: Pick<Database, 'pool'>, now: Date): Promise<void> {
  await pool.query('DELETE FROM share_play WHERE created_at < $1::timestamptz - make_interval(days => $2)', [now, keptDays])
}
