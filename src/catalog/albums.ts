import createError from '@fastify/error'
import type { Reader } from '../platform/database/database.ts'
import { byIds, type Listener, readAlbums, readTracks, type TrackEntry } from './catalogue-rows.ts'
import { cutPage, keyset, keysetFrom, type Order } from './keyset.ts'
import { readLetters } from './letters.ts'
import type { Album, AlbumDetail, AlbumsQuery, Disc, Page } from './schemas.ts'

export const AlbumNotFoundError = createError('ALBUM_NOT_FOUND', 'there is no such album', 404)

const orders = {
  title: { name: 'albums-title', key: 'a.sort_title', id: 'a.id', type: 'text', descending: false },
  added: { name: 'albums-added', key: 'a.added_at', id: 'a.id', type: 'timestamptz', descending: true },
  year: { name: 'albums-year', key: 'COALESCE(a.year, 0)', id: 'a.id', type: 'int', descending: true }
} as const satisfies Record<string, Order>

/** What each order goes on by. */
const keys = {
  title: ({ sortTitle }: { sortTitle: string }) => sortTitle,
  added: ({ album }: { album: Album }) => new Date(album.addedAt),
  year: ({ album }: { album: Album }) => album.year ?? 0
}

/**
 * Albums with published tracks: A–Z, or newest first (albums without a year come last).
 * @throws InvalidCursorError
 */
export async function listAlbums (reader: Reader, listener: Listener, { sort, limit, cursor, from }: AlbumsQuery): Promise<Page<Album>> {
  const order = orders[sort]
  const clause = sort === 'title' ? keysetFrom(order, { cursor, from }, 3) : keyset(order, cursor, 3)
  const rows = await readAlbums(reader, listener, {
    name: clause.name,
    sql: `SELECT a.id, row_number() OVER (ORDER BY ${clause.orderBy}) AS ord FROM album a
      WHERE a.track_count > 0 AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [limit + 1, ...clause.values]
  })
  return cutPage(rows, { limit, order }, { item: ({ album }) => album, place: (row) => ({ key: keys[sort](row), id: row.album.id }) })
}

/** First letters of the titles of albums with published tracks. */
export async function albumLetters (reader: Reader): Promise<string[]> {
  return readLetters(reader, { table: 'album', key: 'sort_title' })
}

/** Albums with published tracks, in the order of the ids; others are left out. */
export async function albumsByIds (reader: Reader, listener: Listener, ids: readonly string[]): Promise<Album[]> {
  if (ids.length === 0) return []
  return (await readAlbums(reader, listener, byIds(ids))).map(({ album }) => album)
}

/** @throws AlbumNotFoundError also for an album without published tracks */
export async function getAlbum (reader: Reader, listener: Listener, id: string): Promise<AlbumDetail> {
  const [album] = await albumsByIds(reader, listener, [id])
  const { rows: [more] } = await reader.pool.query<Pick<AlbumDetail, 'label' | 'loudnessLufs'>>({
    name: 'album-more',
    text: 'SELECT label, loudness_lufs AS "loudnessLufs" FROM album WHERE id = $1',
    values: [id]
  })
  if (album === undefined || more === undefined) throw new AlbumNotFoundError()
  const tracks = await readTracks(reader, listener, {
    name: 'album',
    sql: 'SELECT t.id, row_number() OVER (ORDER BY t.disc_no, t.track_no, t.sort_title, t.id) AS ord FROM track t WHERE t.album_id = $2',
    values: [id]
  })
  const outlines = await reader.pool.query<{ id: string, outline: string | null }>({
    name: 'album-outlines',
    text: 'SELECT t.id, w.outline FROM track t JOIN waveform w ON w.track_id = t.id WHERE t.album_id = $1',
    values: [id]
  })
  return { ...album, ...more, discs: toDiscs(tracks, new Map(outlines.rows.map((row) => [row.id, row.outline]))) }
}

function toDiscs (entries: readonly TrackEntry[], outlines: ReadonlyMap<string, string | null>): Disc[] {
  const discs = new Map<number, Disc>()
  for (const { track, discTitle } of entries) {
    const disc = discs.get(track.discNo) ?? { discNo: track.discNo, title: null, tracks: [] }
    disc.title ??= discTitle
    disc.tracks.push({ ...track, outline: outlines.get(track.id) ?? null })
    discs.set(track.discNo, disc)
  }
  return [...discs.values()]
}
