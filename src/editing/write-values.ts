import { sortKey } from '../catalog/normalise.ts'
import { type DocumentRef, indexDocuments } from '../catalog/search-index.ts'
import type { Transaction } from '../platform/database/database.ts'
import { nameKeyOf } from '../processing/identity.ts'
import { type ArtistIds, artistKey, idsOf, upsertArtists, upsertGenres } from '../processing/upsert-catalogue.ts'
import { creditAlbums, type NewValues, placeAlbums } from './place-albums.ts'
import { applyStanding, readStanding, type Standing } from './recount.ts'
import { creditRoles, sameValue, type TagField, type TagValues } from './tag-values.ts'

/**
 * Writes what is to be shown of tracks, all at once: catalogue, counters, search. Ids never change. Locks are taken in
 * the order of publish.ts: albums, artists, genres, words.
 * @param keepAlias false when a name is taken back: nothing then goes by the one that is left
 */
export async function writeValues (tx: Transaction, changed: readonly NewValues[], { keepAlias }: { readonly keepAlias: boolean }): Promise<void> {
  const { albumOf, renamed } = await placeAlbums(tx, changed, keepAlias)
  const trackIds = changed.map(({ track }) => track.id)
  const albumIds = [...new Set([...changed.map(({ track }) => track.albumId), ...albumOf.values()])]
  const before = await readStanding(tx, { trackIds, albumIds })
  const artists = await upsertArtists(tx, changed.filter(credited).flatMap(({ values }) => [...values.credits.people, ...values.album.artists]))
  await respellArtists(tx, changed, artists)
  await writeTracks(tx, changed, albumOf)
  const albums = new Map(changed.filter(changes('album')).map(({ track, values }) => [albumOf.get(track.id) ?? track.albumId, values.album]))
  await creditAlbums(tx, { albums, renamed: new Set(renamed.keys()), artists })
  await writeCredits(tx, changed.filter(changes('credits')), artists)
  await writeGenres(tx, changed.filter(changes('genres')))
  await writeLabels(tx, changed, albumOf)
  await hangPictures(tx, albumIds)
  const after = await readStanding(tx, { trackIds, albumIds })
  await applyStanding(tx, before, after)
  await indexDocuments(tx, await documentsOf(tx, { trackIds, albumIds, renamed: [...renamed.keys()], standings: [before, after] }))
}

const changes = (field: TagField) => ({ track, values }: NewValues): boolean => !sameValue(track.values[field], values[field])
const credited = (change: NewValues): boolean => changes('credits')(change) || changes('album')(change)

/** An artist known by another spelling of the name is spelt as the curator does. */
async function respellArtists (tx: Transaction, changed: readonly NewValues[], artists: ArtistIds): Promise<void> {
  const spelt = new Map<string, string>()
  for (const { track, values } of changed) {
    const old = new Set([...track.values.credits.people, ...track.values.album.artists].map(({ name }) => name))
    for (const artist of [...values.credits.people, ...values.album.artists]) {
      const id = artists.get(artistKey(artist))
      if (id !== undefined && !old.has(artist.name) && [...old].some((name) => nameKeyOf(name) === nameKeyOf(artist.name))) spelt.set(id, artist.name)
    }
  }
  for (const [id, name] of [...spelt].sort(([a], [b]) => (a < b ? -1 : 1))) await tx.artist.update({ where: { id }, data: { name, sortName: sortKey(name) } })
}

async function writeTracks (tx: Transaction, changed: readonly NewValues[], albumOf: ReadonlyMap<string, string>): Promise<void> {
  const rows = changed.map(({ track, values: { title, credits, discNo, discTitle, trackNo, year } }) => ({
    id: track.id, album_id: albumOf.get(track.id) ?? track.albumId, title, sort_title: sortKey(title), artist_credit: credits.credit, disc_no: discNo, disc_title: discTitle, track_no: trackNo, year
  }))
  await tx.$executeRaw`
    UPDATE track SET album_id = r.album_id, title = r.title, sort_title = r.sort_title, artist_credit = r.artist_credit,
      disc_no = r.disc_no, disc_title = r.disc_title, track_no = r.track_no, year = r.year, fence = fence + 1
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS r(id uuid, album_id uuid, title text, sort_title text, artist_credit text, disc_no int, disc_title text, track_no int, year int)
    WHERE track.id = r.id`
}

async function writeCredits (tx: Transaction, changed: readonly NewValues[], artists: ArtistIds): Promise<void> {
  if (changed.length === 0) return
  await tx.trackArtist.deleteMany({ where: { trackId: { in: changed.map(({ track }) => track.id) } } })
  const rows = changed.flatMap(({ track, values }) => creditRoles.flatMap((role) =>
    idsOf(values.credits.people.filter((person) => person.role === role), artists).map((artistId) => ({ track_id: track.id, artist_id: artistId, role }))
  ).map((credit, position) => ({ ...credit, position })))
  await tx.$executeRaw`
    INSERT INTO track_artist (track_id, artist_id, role, position)
    SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(track_id uuid, artist_id uuid, role "ArtistRole", position int) ON CONFLICT DO NOTHING`
}

async function writeGenres (tx: Transaction, changed: readonly NewValues[]): Promise<void> {
  if (changed.length === 0) return
  await upsertGenres(tx, changed.flatMap(({ values }) => values.genres))
  await tx.trackGenre.deleteMany({ where: { trackId: { in: changed.map(({ track }) => track.id) } } })
  const rows = changed.flatMap(({ track, values }) => values.genres.map((name) => ({ track_id: track.id, name_key: nameKeyOf(name) })))
  await tx.$executeRaw`
    INSERT INTO track_genre (track_id, genre_id)
    SELECT r.track_id, genre.id FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(track_id uuid, name_key text) JOIN genre USING (name_key) ON CONFLICT DO NOTHING`
}

/** The label is the album's: the last one given counts. */
async function writeLabels (tx: Transaction, changed: readonly NewValues[], albumOf: ReadonlyMap<string, string>): Promise<void> {
  const labels = new Map(changed.filter(changes('label')).map(({ track, values }) => [albumOf.get(track.id) ?? track.albumId, values.label]))
  for (const [id, label] of [...labels].sort(([a], [b]) => (a < b ? -1 : 1))) await tx.album.update({ where: { id }, data: { label } })
}

/** An album that tracks came to shows the cover of its first track that has one. */
async function hangPictures (tx: Transaction, albumIds: readonly string[]): Promise<void> {
  await tx.$executeRaw`
    UPDATE album SET artwork_id = (SELECT artwork_id FROM track WHERE album_id = album.id AND artwork_id IS NOT NULL ORDER BY disc_no, track_no, id LIMIT 1)
    WHERE id = ANY(${[...albumIds]}::uuid[]) AND artwork_id IS NULL AND NOT EXISTS (SELECT FROM artwork_edit WHERE kind = 'album' AND item_id = album.id)`
}

interface Touched {
  readonly trackIds: readonly string[]
  readonly albumIds: readonly string[]
  readonly renamed: readonly string[]
  readonly standings: readonly Standing[]
}

/** Tracks are found by their album's title too. */
async function documentsOf (tx: Transaction, { trackIds, albumIds, renamed, standings }: Touched): Promise<DocumentRef[]> {
  const others = renamed.length === 0 ? [] : await tx.track.findMany({ where: { albumId: { in: [...renamed] } }, select: { id: true } })
  return [
    ...[...trackIds, ...others.map(({ id }) => id)].map((id) => ({ kind: 'track' as const, id })),
    ...albumIds.map((id) => ({ kind: 'album' as const, id })),
    ...standings.flatMap(({ artists }) => [...artists.keys()].map((id) => ({ kind: 'artist' as const, id })))
  ]
}

/** The year an album shows: that of its tracks where they agree. */
export async function agreedYears (tx: Transaction, albumIds: readonly string[]): Promise<Array<{ readonly id: string, readonly before: number | null, readonly after: number | null }>> {
  return await tx.$queryRaw`
    SELECT album.id::text, album.year AS before, min(track.year) AS after FROM album JOIN track ON track.album_id = album.id AND track.state = 'published'
    WHERE album.id = ANY(${[...albumIds]}::uuid[]) GROUP BY album.id
    HAVING count(DISTINCT coalesce(track.year, 0)) = 1 AND album.year IS DISTINCT FROM min(track.year)`
}

/** Fields that differ between what is shown and what is to be. */
export function differingFields (before: TagValues, after: TagValues, fields: readonly TagField[]): TagField[] {
  return fields.filter((field) => !sameValue(before[field], after[field]))
}
