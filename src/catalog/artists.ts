import createError from '@fastify/error'
import type { Reader } from '../platform/database/database.ts'
import { byIds, type Listener, readAlbums, readArtists, readTracks } from './catalogue-rows.ts'
import { cutPage, keyset, keysetFrom, type Order } from './keyset.ts'
import { readLetters } from './letters.ts'
import type { Album, Artist, ArtistDetail, ArtistsQuery, Page, PageQuery } from './schemas.ts'

export const ArtistNotFoundError = createError('ARTIST_NOT_FOUND', 'there is no such artist', 404)

const topTracks = 5
const firstAlbums = 50

const byName: Order = { name: 'artists-name', key: 'p.sort_name', id: 'p.id', type: 'text', descending: false }
const newestFirst: Order = { name: 'artist-albums', key: 'COALESCE(a.year, 0)', id: 'a.id', type: 'int', descending: true }

/**
 * Artists with published tracks, A–Z.
 * @throws InvalidCursorError
 */
export async function listArtists (reader: Reader, listener: Listener, { limit, cursor, from }: ArtistsQuery): Promise<Page<Artist>> {
  const clause = keysetFrom(byName, { cursor, from }, 3)
  const rows = await readArtists(reader, listener, {
    name: clause.name,
    sql: `SELECT p.id, row_number() OVER (ORDER BY ${clause.orderBy}) AS ord FROM artist p
      WHERE p.track_count > 0 AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [limit + 1, ...clause.values]
  })
  return cutPage(rows, { limit, order: byName }, { item: ({ artist }) => artist, place: ({ artist, sortName }) => ({ key: sortName, id: artist.id }) })
}

/** First letters of the names of artists with published tracks. */
export async function artistLetters (reader: Reader): Promise<string[]> {
  return readLetters(reader, { table: 'artist', key: 'sort_name' })
}

/** Artists with published tracks, in the order of the ids; others are left out. */
export async function artistsByIds (reader: Reader, listener: Listener, ids: readonly string[]): Promise<Artist[]> {
  if (ids.length === 0) return []
  return (await readArtists(reader, listener, byIds(ids))).map(({ artist }) => artist)
}

/** @throws ArtistNotFoundError also for an artist without published tracks */
export async function getArtist (reader: Reader, listener: Listener, id: string): Promise<ArtistDetail> {
  const artist = await requireArtist(reader, listener, id)
  const [top, albums, appearsOn] = await Promise.all([
    readTracks(reader, listener, {
      name: 'artist-top',
      sql: `SELECT t.id, row_number() OVER (ORDER BY t.play_count DESC, t.published_at DESC, t.id) AS ord
        FROM track t WHERE t.state = 'published' AND t.id IN (SELECT track_id FROM track_artist WHERE artist_id = $2 AND role IN ('main', 'featured'))
        ORDER BY ord LIMIT ${topTracks}`,
      values: [id]
    }),
    readArtistAlbums(reader, listener, id, { limit: firstAlbums }),
    readAlbums(reader, listener, {
      name: 'appears-on',
      sql: `SELECT a.id, row_number() OVER (ORDER BY COALESCE(a.year, 0) DESC, a.id DESC) AS ord
        FROM album a WHERE a.track_count > 0
          AND a.id IN (SELECT t.album_id FROM track_artist ta JOIN track t ON t.id = ta.track_id WHERE ta.artist_id = $2 AND t.state = 'published')
          AND NOT EXISTS (SELECT FROM album_artist aa WHERE aa.album_id = a.id AND aa.artist_id = $2)
        ORDER BY ord LIMIT ${firstAlbums}`,
      values: [id]
    })
  ])
  return { ...artist, topTracks: top.map(({ track }) => track), albums: albums.items, appearsOn: appearsOn.map(({ album }) => album) }
}

/**
 * Albums that the artist is credited with, newest first.
 * @throws ArtistNotFoundError, InvalidCursorError
 */
export async function listArtistAlbums (reader: Reader, listener: Listener, id: string, query: PageQuery): Promise<Page<Album>> {
  await requireArtist(reader, listener, id)
  return readArtistAlbums(reader, listener, id, query)
}

async function requireArtist (reader: Reader, listener: Listener, id: string): Promise<Artist> {
  const [artist] = await artistsByIds(reader, listener, [id])
  if (artist === undefined) throw new ArtistNotFoundError()
  return artist
}

async function readArtistAlbums (reader: Reader, listener: Listener, id: string, { limit, cursor }: PageQuery): Promise<Page<Album>> {
  const clause = keyset(newestFirst, cursor, 4)
  const rows = await readAlbums(reader, listener, {
    name: clause.name,
    sql: `SELECT a.id, row_number() OVER (ORDER BY ${clause.orderBy}) AS ord FROM album_artist aa JOIN album a ON a.id = aa.album_id
      WHERE aa.artist_id = $3 AND a.track_count > 0 AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [limit + 1, id, ...clause.values]
  })
  return cutPage(rows, { limit, order: newestFirst }, { item: ({ album }) => album, place: ({ album }) => ({ key: album.year ?? 0, id: album.id }) })
}
