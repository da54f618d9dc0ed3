import { sortKey } from '../catalog/normalise.ts'
import type { Transaction } from '../platform/database/database.ts'
import { albumIdentityKey } from '../processing/identity.ts'
import { artistKey, type ArtistIds, idsOf } from '../processing/upsert-catalogue.ts'
import type { EditedTrack } from './stored-values.ts'
import { sameValue, type TagValues } from './tag-values.ts'

/** A track and what is to be shown of it. */
export interface NewValues {
  readonly track: EditedTrack
  readonly values: TagValues
}

type AlbumValue = TagValues['album']

/** Tracks of one album that are to be on an album of this description. */
interface Move {
  readonly fromId: string
  readonly to: AlbumValue
  readonly label: string | null
  readonly year: number | null
  readonly trackIds: readonly string[]
}

const keyOf = (album: AlbumValue): string => albumIdentityKey({ ...album, compilation: false, label: null })

/**
 * Finds or makes the albums that tracks move to. When all of an album's tracks move alike and no such album exists,
 * the album itself is renamed: its id, and all that listeners keep of it, stay. Of several that get one name the largest
 * is renamed, and the others' tracks move to it; undone, it gets its old name back and they leave it. A name that only a
 * MusicBrainz release has leads to that. Locks all albums concerned, in the order of their ids.
 * @returns the album of each track that changes its album, and the albums that were renamed
 */
export async function placeAlbums (tx: Transaction, changed: readonly NewValues[], keepAlias: boolean): Promise<{ readonly albumOf: ReadonlyMap<string, string>, readonly renamed: ReadonlyMap<string, AlbumValue> }> {
  const moves = movesOf(changed)
  const renamed = new Map<string, AlbumValue>()
  const albumOf = new Map<string, string>()
  const claimed = new Map<string, string>()
  const emptied = await emptiedAlbums(tx, moves)
  for (const move of moves) {
    const key = keyOf(move.to)
    const known = claimed.get(key) ?? await findAlbum(tx, move)
    const alike = known === undefined && emptied.get(move.fromId) === 1
    const rename = emptied.has(move.fromId) && !renamed.has(move.fromId) && (alike || known === move.fromId)
    const albumId = rename ? move.fromId : known ?? await makeAlbum(tx, move)
    if (rename) renamed.set(move.fromId, move.to)
    claimed.set(key, albumId)
    for (const trackId of move.trackIds) albumOf.set(trackId, albumId)
  }
  const ids = [...new Set([...changed.map(({ track }) => track.albumId), ...albumOf.values()])]
  await tx.$queryRaw`SELECT 1 FROM album WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`
  for (const [albumId, to] of renamed) await rename(tx, albumId, { to, keepAlias })
  return { albumOf, renamed }
}

function movesOf (changed: readonly NewValues[]): Move[] {
  const moves = new Map<string, Move & { readonly trackIds: string[] }>()
  for (const { track, values } of changed) {
    if (sameValue(track.values.album, values.album)) continue
    const key = `${track.albumId}\n${JSON.stringify(values.album)}`
    const move = moves.get(key) ?? { fromId: track.albumId, to: values.album, label: values.label, year: values.year, trackIds: [] }
    move.trackIds.push(track.id)
    moves.set(key, move)
  }
  return [...moves.values()].map((move) => ({ move, key: keyOf(move.to) }))
    .sort((a, b) => compare(a.key, b.key) || b.move.trackIds.length - a.move.trackIds.length || compare(a.move.fromId, b.move.fromId))
    .map(({ move }) => move)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Albums that all tracks leave, with the number of albums that they go to. */
async function emptiedAlbums (tx: Transaction, moves: readonly Move[]): Promise<Map<string, number>> {
  const byAlbum = Map.groupBy(moves, ({ fromId }) => fromId)
  const counts = await tx.track.groupBy({ by: ['albumId'], where: { albumId: { in: [...byAlbum.keys()] }, state: 'published' }, _count: true })
  return new Map(counts.flatMap(({ albumId, _count }) => {
    const leaving = byAlbum.get(albumId) ?? []
    return leaving.reduce((sum, { trackIds }) => sum + trackIds.length, 0) === _count ? [[albumId, leaving.length] as const] : []
  }))
}

/** The album of this identity, the one that a curator gave another name since, or the release of that name. */
async function findAlbum (tx: Transaction, move: Move): Promise<string | undefined> {
  const identityKey = keyOf(move.to)
  const album = await tx.album.findUnique({ where: { identityKey }, select: { id: true } })
  if (album !== null) return album.id
  const alias = await tx.albumAlias.findUnique({ where: { identityKey }, select: { albumId: true } })
  return alias?.albumId ?? await findRelease(tx, move)
}

/**
 * The one MusicBrainz release that bears the names already: whoever gives an album these means that one. Files that
 * come under these names go to it from now on. Of several releases none is meant.
 */
async function findRelease (tx: Transaction, { to, fromId }: Move): Promise<string | undefined> {
  if (to.musicBrainzId !== null) return undefined
  const identityKey = keyOf(to)
  const releases = await tx.album.findMany({
    where: { sortTitle: sortKey(to.title), trackCount: { gt: 0 }, musicBrainzId: { not: null }, id: { not: fromId } },
    select: { id: true, title: true, artistCredit: true }
  })
  const [release, another] = releases.filter((album) => keyOf({ ...to, title: album.title, artistCredit: album.artistCredit }) === identityKey)
  if (release === undefined || another !== undefined) return undefined
  await tx.albumAlias.createMany({ data: [{ identityKey, albumId: release.id }], skipDuplicates: true })
  return release.id
}

async function makeAlbum (tx: Transaction, { to, label, year }: Move): Promise<string> {
  const identityKey = keyOf(to)
  await tx.album.createMany({
    data: [{ identityKey, title: to.title, sortTitle: sortKey(to.title), artistCredit: to.artistCredit, musicBrainzId: to.musicBrainzId, label, year }],
    skipDuplicates: true
  })
  const { id } = await tx.album.findUniqueOrThrow({ where: { identityKey }, select: { id: true } })
  return id
}

/** A file that still names the album as before finds it by the alias. */
async function rename (tx: Transaction, albumId: string, { to, keepAlias }: { readonly to: AlbumValue, readonly keepAlias: boolean }): Promise<void> {
  const { identityKey: before } = await tx.album.findUniqueOrThrow({ where: { id: albumId }, select: { identityKey: true } })
  const identityKey = keyOf(to)
  await tx.albumAlias.deleteMany({ where: { identityKey } })
  if (keepAlias && before !== identityKey) await tx.albumAlias.createMany({ data: [{ identityKey: before, albumId }], skipDuplicates: true })
  await tx.album.update({ where: { id: albumId }, data: { identityKey, title: to.title, sortTitle: sortKey(to.title), artistCredit: to.artistCredit, musicBrainzId: to.musicBrainzId } })
}

/** Credits the artists of albums that were renamed, and of those that have none yet. */
export async function creditAlbums (tx: Transaction, { albums, renamed, artists }: { readonly albums: ReadonlyMap<string, AlbumValue>, readonly renamed: ReadonlySet<string>, readonly artists: ArtistIds }): Promise<void> {
  for (const [albumId, album] of albums) {
    if (renamed.has(albumId)) await tx.albumArtist.deleteMany({ where: { albumId } })
    else if (await tx.albumArtist.count({ where: { albumId } }) > 0) continue
    const ids = idsOf(album.artists.filter((artist) => artists.has(artistKey(artist))), artists)
    await tx.albumArtist.createMany({ data: ids.map((artistId, position) => ({ albumId, artistId, position })), skipDuplicates: true })
  }
}
