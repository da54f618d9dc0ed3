import type { Transaction } from '../platform/database/database.ts'
import { addToArtists, addToGenres, recountAlbum } from '../processing/counters.ts'

/** What counts a set of tracks, before or after a change. */
export interface Standing {
  /** Ids of the tracks of each artist and genre. */
  readonly artists: ReadonlyMap<string, number>
  readonly genres: ReadonlyMap<string, number>
  /** Albums with tracks, by the artists they are credited to. */
  readonly albumArtists: ReadonlyMap<string, number>
  readonly albumIds: readonly string[]
}

interface Counted {
  readonly id: string
  readonly n: number
}

/** @param scope tracks that may change, and every album that one of them is on before or after */
export async function readStanding (tx: Transaction, { trackIds, albumIds }: { readonly trackIds: readonly string[], readonly albumIds: readonly string[] }): Promise<Standing> {
  const tracks = [...trackIds]
  const albums = [...albumIds]
  // Albums' artists are counted with every track of the album, so those of the other tracks count too.
  const artists = await tx.$queryRaw<Counted[]>`
    SELECT artist_id::text AS id, count(*)::int AS n FROM (
      SELECT ta.track_id, ta.artist_id FROM track_artist ta JOIN track t ON t.id = ta.track_id
      WHERE t.state = 'published' AND ta.role IN ('main', 'featured') AND (t.id = ANY(${tracks}::uuid[]) OR t.album_id = ANY(${albums}::uuid[]))
      UNION
      SELECT t.id, aa.artist_id FROM track t JOIN album_artist aa ON aa.album_id = t.album_id
      WHERE t.state = 'published' AND (t.id = ANY(${tracks}::uuid[]) OR t.album_id = ANY(${albums}::uuid[]))) counted GROUP BY artist_id`
  const genres = await tx.$queryRaw<Counted[]>`
    SELECT genre_id::text AS id, count(*)::int AS n FROM track_genre tg JOIN track t ON t.id = tg.track_id WHERE t.state = 'published' AND t.id = ANY(${tracks}::uuid[]) GROUP BY genre_id`
  const albumArtists = await tx.$queryRaw<Counted[]>`
    SELECT aa.artist_id::text AS id, count(*)::int AS n FROM album_artist aa
    WHERE aa.album_id = ANY(${albums}::uuid[]) AND EXISTS (SELECT FROM track WHERE album_id = aa.album_id AND state = 'published') GROUP BY aa.artist_id`
  return { artists: mapOf(artists), genres: mapOf(genres), albumArtists: mapOf(albumArtists), albumIds: albums }
}

/** Brings the counters in line. Rows are locked in the order of publish.ts: albums are locked by now, then artists, then genres. */
export async function applyStanding (tx: Transaction, before: Standing, after: Standing): Promise<void> {
  for (const albumId of [...new Set([...before.albumIds, ...after.albumIds])].sort()) await recountAlbum(tx, albumId)
  await addToArtists(tx, difference(before.artists, after.artists), difference(before.albumArtists, after.albumArtists))
  await addToGenres(tx, difference(before.genres, after.genres))
}

function mapOf (rows: readonly Counted[]): Map<string, number> {
  return new Map(rows.map(({ id, n }) => [id, n]))
}

function difference (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): Map<string, number> {
  const changes = new Map<string, number>()
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const change = (after.get(id) ?? 0) - (before.get(id) ?? 0)
    if (change !== 0) changes.set(id, change)
  }
  return changes
}
