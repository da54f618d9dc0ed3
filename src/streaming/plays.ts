import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page, PageQuery } from '../catalog/schemas.ts'
import { TrackNotFoundError, tracksByIds } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'
import type { CountedPlay, NewPlay, Play } from './schemas.ts'

export const PlayTimeInvalidError = createError<[string]>('PLAY_TIME_INVALID', 'startedAt is %s, which is no moment in the calendar', 400)
export const PlayIdTakenError = createError('PLAY_ID_TAKEN', 'another play has this id; choose a random one for each play', 409)

const newestFirst: Order = { name: 'plays', key: 'p.started_at', id: 'p.id', type: 'timestamptz', descending: true }

/**
 * Keeps a play. It counts when 30 seconds or half of the track were played; sent twice, it counts once.
 * @returns `added` is false for a play that was known already
 * @throws TrackNotFoundError, PlayTimeInvalidError, PlayIdTakenError
 */
export async function recordPlay (db: Database, actor: Actor, { id, trackId, startedAt, playedMs }: NewPlay, now: Date): Promise<CountedPlay & { added: boolean }> {
  authorise(actor, 'listen')
  const started = new Date(startedAt)
  if (Number.isNaN(started.getTime())) throw new PlayTimeInvalidError(startedAt)
  const { rows: [added] } = await db.pool.query<{ counted: boolean }>({
    name: 'record-play',
    text: `WITH added AS (
        INSERT INTO play (id, user_id, track_id, started_at, played_ms, counted, created_at)
        SELECT $1, $2, t.id, $4, $5, $5 >= 30000 OR $5 * 2 >= t.duration_ms, $6 FROM track t WHERE t.id = $3 AND t.state = 'published'
        ON CONFLICT (id) DO NOTHING RETURNING track_id, counted),
      counted AS (UPDATE track SET play_count = play_count + 1 FROM added WHERE track.id = added.track_id AND added.counted)
      SELECT counted FROM added`,
    // A client's clock may be ahead; the history has no plays of tomorrow.
    values: [id, actor.userId, trackId, started > now ? now : started, playedMs, now]
  })
  if (added !== undefined) return { counted: added.counted, added: true }
  const known = await db.prisma.play.findUnique({ where: { id }, select: { userId: true, counted: true } })
  if (known === null) throw new TrackNotFoundError()
  if (known.userId !== actor.userId) throw new PlayIdTakenError()
  return { counted: known.counted, added: false }
}

interface PlayRow {
  id: string
  track_id: string
  started_at: Date
  played_ms: number
  counted: boolean
}

/**
 * What the actor played of what is still in the catalogue, the newest first.
 * @throws InvalidCursorError
 */
export async function listPlays (db: Database, actor: Actor, { limit, cursor }: PageQuery): Promise<Page<Play>> {
  authorise(actor, 'listen')
  const clause = keyset(newestFirst, cursor, 3)
  const { rows } = await db.pool.query<PlayRow>({
    name: clause.name,
    text: `SELECT p.id, p.track_id, p.started_at, p.played_ms, p.counted FROM play p JOIN track t ON t.id = p.track_id AND t.state = 'published'
      WHERE p.user_id = $1 AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [actor.userId, limit + 1, ...clause.values]
  })
  const page = cutPage(rows, { limit, order: newestFirst }, { item: (row) => row, place: (row) => ({ key: row.started_at, id: row.id }) })
  const tracks = new Map((await tracksByIds(db, actor, page.items.map((row) => row.track_id))).map((track) => [track.id, track]))
  const items = page.items.flatMap((row) => {
    const track = tracks.get(row.track_id)
    return track === undefined ? [] : [{ id: row.id, startedAt: row.started_at.toISOString(), playedMs: row.played_ms, counted: row.counted, track }]
  })
  return { items, nextCursor: page.nextCursor }
}
