import createError from '@fastify/error'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Database } from '../platform/database/database.ts'
import { byIds, type Listener, readTracks, type Selection } from './catalogue-rows.ts'
import { cutPage, keyset, type Order } from './keyset.ts'
import type { Lyrics, Page, Track, TrackDetail, TracksQuery } from './schemas.ts'

export const TrackNotFoundError = createError('TRACK_NOT_FOUND', 'there is no such track', 404)

const orders = {
  title: { name: 'tracks-title', key: 't.sort_title', id: 't.id', type: 'text', descending: false },
  added: { name: 'tracks-added', key: 't.published_at', id: 't.id', type: 'timestamptz', descending: true }
} as const satisfies Record<string, Order>

/**
 * Published tracks, A–Z or newest first, of one genre or artist where asked for.
 * @throws InvalidCursorError
 */
export async function listTracks (db: Database, listener: Listener, query: TracksQuery): Promise<Page<Track>> {
  const order = orders[query.sort]
  const rows = await readTracks(db, listener, selectPage(order, query))
  return cutPage(rows, { limit: query.limit, order }, {
    item: ({ track }) => track,
    place: ({ track, sortTitle, publishedAt }) => ({ key: query.sort === 'title' ? sortTitle : publishedAt ?? 0, id: track.id })
  })
}

function selectPage (order: Order, { limit, cursor, genre, artist }: TracksQuery): Selection {
  const values: unknown[] = [limit + 1]
  const filters: string[] = []
  if (genre !== undefined) filters.push(`AND EXISTS (SELECT FROM track_genre tg WHERE tg.track_id = t.id AND tg.genre_id = $${values.push(genre) + 1})`)
  if (artist !== undefined) filters.push(`AND EXISTS (SELECT FROM track_artist ta WHERE ta.track_id = t.id AND ta.artist_id = $${values.push(artist) + 1})`)
  const clause = keyset(order, cursor, values.length + 2)
  return {
    name: [clause.name, genre && 'genre', artist && 'artist'].filter(Boolean).join('-'),
    sql: `SELECT t.id, row_number() OVER (ORDER BY ${clause.orderBy}) AS ord FROM track t
      WHERE t.state = 'published' AND t.published_at IS NOT NULL AND ${clause.where} ${filters.join(' ')} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [...values, ...clause.values]
  }
}

/** Tracks that are published, in the order of the ids; others are left out. */
export async function tracksByIds (db: Database, listener: Listener, ids: readonly string[]): Promise<Track[]> {
  if (ids.length === 0) return []
  return (await readTracks(db, listener, byIds(ids))).map(({ track }) => track)
}

/** @throws TrackNotFoundError also for a track that isn't published */
export async function getTrack (db: Database, listener: Listener, id: string): Promise<TrackDetail> {
  const [track] = await tracksByIds(db, listener, [id])
  const more = await db.prisma.track.findUnique({
    where: { id },
    select: { isrc: true, musicBrainzId: true, loudnessLufs: true, truePeakDbtp: true, lyrics: true, original: true, renditions: { select: { name: true }, orderBy: { bitrateKbps: 'asc' } } }
  })
  if (track === undefined || more === null) throw new TrackNotFoundError()
  const { container, codec, sampleRate, channels, bitDepth, bitrateKbps, lossless, fileName } = more.original
  return {
    ...track,
    isrc: more.isrc,
    musicBrainzId: more.musicBrainzId,
    lyrics: more.lyrics === null ? null : toLyrics(more.lyrics),
    original: { container, codec, sampleRate, channels, bitDepth, bitrateKbps, lossless, fileName },
    loudnessLufs: more.loudnessLufs,
    truePeakDbtp: more.truePeakDbtp,
    renditions: more.renditions.map(({ name }) => name)
  }
}

const SyncedLines = Type.Array(Type.Object({ atMs: Type.Integer(), text: Type.String() }))

function toLyrics ({ text, synced }: { text: string, synced: unknown }): Lyrics {
  return { text, synced: synced === null ? null : Value.Parse(SyncedLines, synced) }
}
