import { sortKey } from '../catalog/normalise.ts'
import type { Transaction } from '../platform/database/database.ts'
import { albumIdentityKey, nameKeyOf } from './identity.ts'
import type { CreditedArtist, TrackTags } from './processors/processed-track.ts'

/** Ids of artists by the key of their credit; see `artistKey`. */
export type ArtistIds = ReadonlyMap<string, string>

export function artistKey ({ name, musicBrainzId }: CreditedArtist): string {
  return `${nameKeyOf(name)}\n${musicBrainzId ?? ''}`
}

/**
 * Finds or makes the album and locks it until the commit, together with the one the track leaves: all that is
 * published into one album is published in turn, which makes its counters and its tracks' identity exact. Locks are
 * taken in the order of the ids.
 */
export async function lockAlbums (tx: Transaction, tags: TrackTags, leftAlbumId: string | undefined): Promise<string> {
  const id = await findRenamed(tx, tags) ?? await makeAlbum(tx, tags)
  const ids = [id, ...(leftAlbumId === undefined ? [] : [leftAlbumId])]
  await tx.$queryRaw`SELECT 1 FROM album WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`
  return id
}

/** The album that a curator gave another name since the file was tagged. */
async function findRenamed (tx: Transaction, { album }: TrackTags): Promise<string | undefined> {
  const identityKey = albumIdentityKey(album)
  if (await tx.album.count({ where: { identityKey } }) > 0) return undefined
  return (await tx.albumAlias.findUnique({ where: { identityKey }, select: { albumId: true } }))?.albumId
}

async function makeAlbum (tx: Transaction, tags: TrackTags): Promise<string> {
  const identityKey = albumIdentityKey(tags.album)
  await tx.album.createMany({
    data: [{
      identityKey,
      title: tags.album.title,
      sortTitle: sortKey(tags.album.title),
      artistCredit: tags.album.artistCredit,
      musicBrainzId: tags.album.musicBrainzId,
      year: tags.year,
      label: tags.album.label
    }],
    skipDuplicates: true
  })
  const { id } = await tx.album.findUniqueOrThrow({ where: { identityKey }, select: { id: true } })
  return id
}

/** Credits the album's artists when it is new, and fills in what earlier tracks didn't know. */
export async function completeAlbum (tx: Transaction, albumId: string, { tags, artists }: { readonly tags: TrackTags, readonly artists: ArtistIds }): Promise<void> {
  await tx.$executeRaw`
    UPDATE album SET year = coalesce(year, ${tags.year}), label = coalesce(label, ${tags.album.label})
    WHERE id = ${albumId}::uuid AND (year IS NULL OR label IS NULL)`
  if (await tx.albumArtist.count({ where: { albumId } }) > 0) return
  const ids = idsOf(tags.album.artists, artists)
  await tx.albumArtist.createMany({ data: ids.map((artistId, position) => ({ albumId, artistId, position })), skipDuplicates: true })
}

/** Ids in the order of the credits, each once. */
export function idsOf (credited: readonly CreditedArtist[], artists: ArtistIds): string[] {
  return [...new Set(credited.flatMap((artist) => artists.get(artistKey(artist)) ?? []))]
}

/**
 * Finds or makes every artist credited, in the order of their keys, so that two publications with the same new artists
 * wait for one another rather than crosswise.
 */
export async function upsertArtists (tx: Transaction, credited: readonly CreditedArtist[]): Promise<ArtistIds> {
  const wanted = new Map(credited.map((artist) => [artistKey(artist), artist]))
  const ids = new Map<string, string>()
  for (const [key, artist] of [...wanted].sort(([a], [b]) => a < b ? -1 : 1)) ids.set(key, await upsertArtist(tx, artist))
  return ids
}

/**
 * A MusicBrainz id is an identity; a name alone means the artist of that name, whoever it is. An artist known by name
 * gets the id from the first file that has it.
 */
async function upsertArtist (tx: Transaction, { name, musicBrainzId }: CreditedArtist): Promise<string> {
  const nameKey = nameKeyOf(name)
  const known = await findArtist(tx, nameKey, musicBrainzId)
  if (known !== undefined) return known
  await tx.artist.createMany({ data: [{ name, nameKey, sortName: sortKey(name), musicBrainzId: musicBrainzId ?? '' }], skipDuplicates: true })
  const made = await tx.artist.findUniqueOrThrow({ where: { nameKey_musicBrainzId: { nameKey, musicBrainzId: musicBrainzId ?? '' } }, select: { id: true } })
  return made.id
}

async function findArtist (tx: Transaction, nameKey: string, musicBrainzId: string | null): Promise<string | undefined> {
  if (musicBrainzId === null) {
    const named = await tx.artist.findFirst({ where: { nameKey }, orderBy: [{ musicBrainzId: 'asc' }, { id: 'asc' }], select: { id: true } })
    return named?.id
  }
  const identified = await tx.artist.findFirst({ where: { musicBrainzId }, orderBy: { id: 'asc' }, select: { id: true } })
  if (identified !== null) return identified.id
  const [named] = await tx.artist.updateManyAndReturn({ where: { nameKey, musicBrainzId: '' }, data: { musicBrainzId }, select: { id: true } })
  return named?.id
}

/** Ids of the genres, made where they are new. */
export async function upsertGenres (tx: Transaction, names: readonly string[]): Promise<string[]> {
  const wanted = new Map(names.map((name) => [nameKeyOf(name), name]))
  const rows = [...wanted].sort(([a], [b]) => a < b ? -1 : 1).map(([nameKey, name]) => ({ nameKey, name }))
  await tx.genre.createMany({ data: rows, skipDuplicates: true })
  const genres = await tx.genre.findMany({ where: { nameKey: { in: [...wanted.keys()] } }, select: { id: true } })
  return genres.map(({ id }) => id)
}
