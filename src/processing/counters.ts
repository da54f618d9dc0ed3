import type { Transaction } from '../platform/database/database.ts'
import { albumLoudness } from './processors/album-loudness.ts'

/** What counts a track: its album, the artists of both (main and featured), its genres. Empty while it isn't published. */
export interface Membership {
  readonly albumIds: readonly string[]
  readonly artistIds: readonly string[]
  readonly genreIds: readonly string[]
}

const nowhere: Membership = { albumIds: [], artistIds: [], genreIds: [] }

export async function readMembership (tx: Transaction, trackId: string): Promise<Membership> {
  const track = await tx.track.findUnique({
    where: { id: trackId, state: 'published' },
    select: {
      albumId: true,
      album: { select: { artists: { select: { artistId: true } } } },
      artists: { where: { role: { in: ['main', 'featured'] } }, select: { artistId: true } },
      genres: { select: { genreId: true } }
    }
  })
  if (track === null) return nowhere
  return {
    albumIds: [track.albumId],
    artistIds: [...new Set([...track.artists, ...track.album.artists].map(({ artistId }) => artistId))],
    genreIds: track.genres.map(({ genreId }) => genreId)
  }
}

/**
 * Brings all counters in line with a track that was in `before` and is in `after`. Albums, which are locked by now, are
 * counted anew; artists and genres, which may have any number of tracks, by the difference. Rows are locked by id.
 */
export async function updateCounters (tx: Transaction, before: Membership, after: Membership): Promise<void> {
  const albumCounts = new Map<string, number>()
  for (const albumId of [...new Set([...before.albumIds, ...after.albumIds])].sort()) {
    const change = await recountAlbum(tx, albumId)
    if (change === 0) continue
    const credited = await tx.albumArtist.findMany({ where: { albumId }, select: { artistId: true } })
    for (const { artistId } of credited) albumCounts.set(artistId, (albumCounts.get(artistId) ?? 0) + change)
  }
  await addToArtists(tx, difference(before.artistIds, after.artistIds), albumCounts)
  await addToGenres(tx, difference(before.genreIds, after.genreIds))
}

/** @returns 1 when the album has got its first track, -1 when it has lost its last one, else 0 */
export async function recountAlbum (tx: Transaction, albumId: string): Promise<number> {
  const { trackCount } = await tx.album.findUniqueOrThrow({ where: { id: albumId }, select: { trackCount: true } })
  const tracks = await tx.track.findMany({ where: { albumId, state: 'published' }, select: { durationMs: true, loudnessLufs: true, truePeakDbtp: true } })
  await tx.album.update({
    where: { id: albumId },
    data: {
      trackCount: tracks.length,
      durationMs: tracks.reduce((sum, { durationMs }) => sum + durationMs, 0),
      loudnessLufs: albumLoudness(tracks.map(({ durationMs, loudnessLufs }) => ({ durationMs, integratedLufs: loudnessLufs }))),
      truePeakDbtp: highest(tracks.map(({ truePeakDbtp }) => truePeakDbtp))
    }
  })
  return Math.sign(tracks.length) - Math.sign(trackCount)
}

function highest (values: ReadonlyArray<number | null>): number | null {
  return values.reduce<number | null>((most, value) => value === null || (most !== null && most >= value) ? most : value, null)
}

function difference (before: readonly string[], after: readonly string[]): Map<string, number> {
  const changes = new Map<string, number>()
  for (const id of after) if (!before.includes(id)) changes.set(id, 1)
  for (const id of before) if (!after.includes(id)) changes.set(id, -1)
  return changes
}

export async function addToArtists (tx: Transaction, tracks: ReadonlyMap<string, number>, albums: ReadonlyMap<string, number>): Promise<void> {
  const ids = [...new Set([...tracks.keys(), ...albums.keys()])].sort()
  if (ids.length === 0) return
  await tx.$queryRaw`SELECT 1 FROM artist WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`
  await tx.$executeRaw`
    UPDATE artist SET track_count = track_count + change.tracks, album_count = album_count + change.albums
    FROM unnest(${ids}::uuid[], ${ids.map((id) => tracks.get(id) ?? 0)}::int[], ${ids.map((id) => albums.get(id) ?? 0)}::int[]) AS change(id, tracks, albums)
    WHERE artist.id = change.id`
}

export async function addToGenres (tx: Transaction, tracks: ReadonlyMap<string, number>): Promise<void> {
  const ids = [...tracks.keys()].sort()
  if (ids.length === 0) return
  await tx.$queryRaw`SELECT 1 FROM genre WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`
  await tx.$executeRaw`
    UPDATE genre SET track_count = track_count + change.tracks
    FROM unnest(${ids}::uuid[], ${ids.map((id) => tracks.get(id) ?? 0)}::int[]) AS change(id, tracks) WHERE genre.id = change.id`
}
