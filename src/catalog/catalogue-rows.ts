import type { Reader } from '../platform/database/database.ts'
import type { Album, Artist, ArtistRef, ArtworkRef, Track } from './schemas.ts'

/**
 * Which rows a page has, and in what order: SQL that yields (id, ord), with parameters from $2 on ($1 is the listener).
 * `name` is that of the prepared statement: one a text.
 */
export interface Selection {
  readonly name: string
  readonly sql: string
  readonly values?: readonly unknown[]
}

/** Rows in the given order; ids that are unknown or not visible are left out. */
export function byIds (ids: readonly string[]): Selection {
  return { name: 'ids', sql: 'SELECT * FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted(id, ord)', values: [ids] }
}

export interface Listener {
  readonly userId: string
}

const artwork = (id: string) => `(
  SELECT json_build_object('id', w.id, 'blurhash', w.blurhash, 'dominantColour', w.dominant_colour,
    'path', (SELECT regexp_replace(i.object_key, '[^/]*$', '') FROM artwork_image i WHERE i.artwork_id = w.id LIMIT 1),
    'sizes', (SELECT json_agg(DISTINCT i.size_px ORDER BY i.size_px) FROM artwork_image i WHERE i.artwork_id = w.id))
  FROM artwork w WHERE w.id = ${id} AND EXISTS (SELECT FROM artwork_image i WHERE i.artwork_id = w.id))`

const favourite = (kind: string, id: string) =>
  `EXISTS (SELECT FROM favourite f WHERE f.user_id = $1 AND f.kind = '${kind}' AND f.item_id = ${id})`

const trackColumns = `
  SELECT t.id, t.title, t.artist_credit, t.disc_no, t.disc_title, t.track_no, t.duration_ms, t.year, t.play_count, t.sort_title, t.published_at,
    a.id AS album_id, a.title AS album_title, a.year AS album_year, ${artwork('COALESCE(a.artwork_id, t.artwork_id)')} AS artwork,
    (SELECT json_agg(json_build_object('id', p.id, 'name', p.name) ORDER BY ta.position) FROM track_artist ta JOIN artist p ON p.id = ta.artist_id
      WHERE ta.track_id = t.id AND ta.role IN ('main', 'featured')) AS artists,
    (SELECT array_agg(g.name ORDER BY g.name) FROM track_genre tg JOIN genre g ON g.id = tg.genre_id WHERE tg.track_id = t.id) AS genres,
    ${favourite('track', 't.id')} AS favourite,
    (SELECT r.stars FROM rating r WHERE r.user_id = $1 AND r.track_id = t.id) AS rating`

interface TrackRow {
  id: string
  title: string
  artist_credit: string
  disc_no: number
  disc_title: string | null
  track_no: number
  duration_ms: number
  year: number | null
  play_count: number
  sort_title: string
  published_at: Date | null
  album_id: string
  album_title: string
  album_year: number | null
  artwork: ArtworkRef
  artists: ArtistRef[] | null
  genres: string[] | null
  favourite: boolean
  rating: number | null
}

/** A track, and what the list that it stands in goes on by. */
export interface TrackEntry {
  readonly track: Track
  readonly sortTitle: string
  readonly publishedAt: Date | null
  readonly discTitle: string | null
}

/** Published tracks of a selection: one query, whatever its length. */
export async function readTracks ({ pool }: Reader, { userId }: Listener, selection: Selection): Promise<TrackEntry[]> {
  const { rows } = await pool.query<TrackRow>({
    name: `tracks-${selection.name}`,
    text: `WITH page AS MATERIALIZED (${selection.sql}) ${trackColumns}
      FROM page JOIN track t ON t.id = page.id AND t.state = 'published' JOIN album a ON a.id = t.album_id ORDER BY page.ord`,
    values: [userId, ...selection.values ?? []]
  })
  return rows.map((row) => ({ track: toTrack(row), sortTitle: row.sort_title, publishedAt: row.published_at, discTitle: row.disc_title }))
}

function toTrack (row: TrackRow): Track {
  return {
    id: row.id,
    title: row.title,
    artists: row.artists ?? [],
    artistCredit: row.artist_credit,
    album: { id: row.album_id, title: row.album_title, artwork: row.artwork, year: row.album_year },
    discNo: row.disc_no,
    trackNo: row.track_no,
    durationMs: row.duration_ms,
    year: row.year,
    genres: row.genres ?? [],
    favourite: row.favourite,
    rating: row.rating,
    playCount: row.play_count
  }
}

const albumColumns = `
  SELECT a.id, a.title, a.sort_title, a.artist_credit, a.year, a.track_count, a.duration_ms, a.added_at, ${artwork('a.artwork_id')} AS artwork,
    (SELECT json_agg(json_build_object('id', p.id, 'name', p.name) ORDER BY aa.position) FROM album_artist aa JOIN artist p ON p.id = aa.artist_id
      WHERE aa.album_id = a.id) AS artists,
    ${favourite('album', 'a.id')} AS favourite`

interface AlbumRow {
  id: string
  title: string
  sort_title: string
  artist_credit: string
  year: number | null
  track_count: number
  /** bigint comes as text. */
  duration_ms: string
  added_at: Date
  artwork: ArtworkRef
  artists: ArtistRef[] | null
  favourite: boolean
}

export interface AlbumEntry {
  readonly album: Album
  readonly sortTitle: string
}

/** Albums of a selection that have published tracks. */
export async function readAlbums ({ pool }: Reader, { userId }: Listener, selection: Selection): Promise<AlbumEntry[]> {
  const { rows } = await pool.query<AlbumRow>({
    name: `albums-${selection.name}`,
    text: `WITH page AS MATERIALIZED (${selection.sql}) ${albumColumns}
      FROM page JOIN album a ON a.id = page.id AND a.track_count > 0 ORDER BY page.ord`,
    values: [userId, ...selection.values ?? []]
  })
  return rows.map((row) => ({ album: toAlbum(row), sortTitle: row.sort_title }))
}

function toAlbum (row: AlbumRow): Album {
  return {
    id: row.id,
    title: row.title,
    artists: row.artists ?? [],
    artistCredit: row.artist_credit,
    year: row.year,
    artwork: row.artwork,
    trackCount: row.track_count,
    durationMs: Number(row.duration_ms),
    addedAt: row.added_at.toISOString(),
    favourite: row.favourite
  }
}

interface ArtistRow {
  id: string
  name: string
  sort_name: string
  album_count: number
  track_count: number
  artwork: ArtworkRef
  favourite: boolean
}

export interface ArtistEntry {
  readonly artist: Artist
  readonly sortName: string
}

/** Artists of a selection that have published tracks. */
export async function readArtists ({ pool }: Reader, { userId }: Listener, selection: Selection): Promise<ArtistEntry[]> {
  const { rows } = await pool.query<ArtistRow>({
    name: `artists-${selection.name}`,
    text: `WITH page AS MATERIALIZED (${selection.sql})
      SELECT p.id, p.name, p.sort_name, p.album_count, p.track_count, ${artwork('p.artwork_id')} AS artwork, ${favourite('artist', 'p.id')} AS favourite
      FROM page JOIN artist p ON p.id = page.id AND p.track_count > 0 ORDER BY page.ord`,
    values: [userId, ...selection.values ?? []]
  })
  return rows.map((row) => ({
    artist: { id: row.id, name: row.name, artwork: row.artwork, albumCount: row.album_count, trackCount: row.track_count, favourite: row.favourite },
    sortName: row.sort_name
  }))
}
