import createError from '@fastify/error'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Reader } from '../platform/database/database.ts'
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
export async function listTracks (reader: Reader, listener: Listener, query: TracksQuery): Promise<Page<Track>> {
  const order = orders[query.sort]
  const small = query.genre !== undefined && query.artist === undefined && await isSmall(reader, query.genre)
  const rows = await readTracks(reader, listener, small ? selectPageOfSmall(order, query) : selectPage(order, query))
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

/**
 * Of a genre with more tracks, walking all tracks in order soon fills a page; one with fewer is read whole, track by
 * track (LATERAL and LIMIT: the planner would rather read the table), and sorted.
 */
const smallGenre = 10_000

async function isSmall ({ pool }: Reader, genre: string): Promise<boolean> {
  const { rows: [row] } = await pool.query<{ tracks: number }>({ name: 'genre-size', text: 'SELECT track_count AS tracks FROM genre WHERE id = $1', values: [genre] })
  return (row?.tracks ?? 0) <= smallGenre
}

function selectPageOfSmall (order: Order, { limit, cursor, genre }: TracksQuery): Selection {
  const clause = keyset(order, cursor, 4)
  return {
    name: `${clause.name}-small-genre`,
    sql: `WITH held AS MATERIALIZED (SELECT one.* FROM track_genre tg CROSS JOIN LATERAL (SELECT t.id, t.sort_title, t.published_at FROM track t
        WHERE t.id = tg.track_id AND t.state = 'published' AND t.published_at IS NOT NULL LIMIT 1) one WHERE tg.genre_id = $3)
      SELECT t.id, row_number() OVER (ORDER BY ${clause.orderBy}) AS ord FROM held t WHERE ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [limit + 1, genre, ...clause.values]
  }
}

/** Tracks that are published, in the order of the ids; others are left out. */
export async function tracksByIds (reader: Reader, listener: Listener, ids: readonly string[]): Promise<Track[]> {
  if (ids.length === 0) return []
  return (await readTracks(reader, listener, byIds(ids))).map(({ track }) => track)
}

/** @throws TrackNotFoundError also for a track that isn't published */
export async function getTrack (reader: Reader, listener: Listener, id: string): Promise<TrackDetail> {
  const [track] = await tracksByIds(reader, listener, [id])
  const { rows: [more] } = await reader.pool.query<TrackMore>({ name: 'track-more', text: moreOfTrack, values: [id] })
  if (track === undefined || more === undefined) throw new TrackNotFoundError()
  const { lyrics, renditions, ...details } = more
  return { ...track, ...details, lyrics: lyrics === null ? null : toLyrics(lyrics), renditions: renditions ?? [] }
}

interface TrackMore extends Pick<TrackDetail, 'isrc' | 'musicBrainzId' | 'loudnessLufs' | 'truePeakDbtp' | 'original'> {
  lyrics: { text: string, synced: unknown } | null
  renditions: string[] | null
}

const moreOfTrack = `SELECT t.isrc, t.musicbrainz_id AS "musicBrainzId", t.loudness_lufs AS "loudnessLufs", t.true_peak_dbtp AS "truePeakDbtp",
    (SELECT json_build_object('text', l.text, 'synced', l.synced) FROM lyrics l WHERE l.track_id = t.id) AS lyrics,
    json_build_object('container', o.container, 'codec', o.codec, 'sampleRate', o.sample_rate, 'channels', o.channels, 'bitDepth', o.bit_depth,
      'bitrateKbps', o.bitrate_kbps, 'lossless', o.lossless, 'fileName', o.file_name) AS original,
    (SELECT array_agg(v.name ORDER BY v.bitrate_kbps) FROM rendition v WHERE v.track_id = t.id) AS renditions
  FROM track t JOIN original o ON o.sha256 = t.original_id WHERE t.id = $1`

const SyncedLines = Type.Array(Type.Object({ atMs: Type.Integer(), text: Type.String() }))

function toLyrics ({ text, synced }: { text: string, synced: unknown }): Lyrics {
  return { text, synced: synced === null ? null : Value.Parse(SyncedLines, synced) }
}
