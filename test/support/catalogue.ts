import { createHash, randomUUID } from 'node:crypto'
import { normalise, sortKey } from '../../src/catalog/normalise.ts'
import { type DocumentRef, indexDocuments } from '../../src/catalog/search-index.ts'
import type { Database, Transaction } from '../../src/platform/database/database.ts'

export interface SeedTrack {
  readonly title: string
  readonly artist?: string
  readonly durationMs?: number
  readonly state?: 'published' | 'processing' | 'withdrawn'
  readonly genres?: readonly string[]
  readonly playCount?: number
  readonly discNo?: number
  /** Default: all four. */
  readonly renditions?: readonly RenditionName[]
}
export interface SeedAlbum {
  readonly title: string
  readonly artist: string
  readonly year?: number
  readonly addedAt?: Date
  readonly artwork?: boolean
  readonly tracks: readonly SeedTrack[]
}
export interface SeededAlbum {
  readonly albumId: string
  readonly artistId: string
  readonly artworkId: string | null
  readonly trackIds: string[]
}

const renditions = {
  'aac-96': { codec: 'aac', mimeType: 'audio/mp4; codecs="mp4a.40.2"', bitrateKbps: 96, encoderDelay: 1024 },
  'aac-160': { codec: 'aac', mimeType: 'audio/mp4; codecs="mp4a.40.2"', bitrateKbps: 160, encoderDelay: 1024 },
  'aac-256': { codec: 'aac', mimeType: 'audio/mp4; codecs="mp4a.40.2"', bitrateKbps: 256, encoderDelay: 1024 },
  flac: { codec: 'flac', mimeType: 'audio/mp4; codecs="flac"', bitrateKbps: 900, encoderDelay: 0 }
} as const
export type RenditionName = keyof typeof renditions
const allRenditions: readonly RenditionName[] = ['aac-96', 'aac-160', 'aac-256', 'flac']

/** An album as the publishing transaction leaves it, with counters, objects and search documents. */
export async function seedAlbum (db: Database, album: SeedAlbum): Promise<SeededAlbum> {
  return db.prisma.$transaction(async (tx) => {
    const artistId = await seedArtist(tx, album.artist)
    const artworkId = album.artwork === true ? await seedArtwork(tx) : null
    const published = album.tracks.filter((track) => (track.state ?? 'published') === 'published')
    const { id: albumId } = await tx.album.create({
      data: {
        title: album.title,
        sortTitle: sortKey(album.title),
        identityKey: randomUUID(),
        artistCredit: album.artist,
        year: album.year ?? null,
        artworkId,
        addedAt: album.addedAt ?? new Date(),
        trackCount: published.length,
        durationMs: published.reduce((sum, { durationMs = 180_000 }) => sum + durationMs, 0),
        artists: { create: { artistId, position: 0 } }
      }
    })
    const trackIds: string[] = []
    const refs: DocumentRef[] = [{ kind: 'album', id: albumId }, { kind: 'artist', id: artistId }]
    for (const [index, track] of album.tracks.entries()) {
      const id = await seedTrack(tx, { albumId, album, index }, track)
      trackIds.push(id)
      refs.push({ kind: 'track', id })
    }
    await tx.artist.update({ where: { id: artistId }, data: { albumCount: { increment: published.length > 0 ? 1 : 0 } } })
    await indexDocuments(tx, refs)
    return { albumId, artistId, artworkId, trackIds }
  }, { maxWait: 120_000, timeout: 120_000 })
}

export async function seedArtist (tx: Transaction, name: string): Promise<string> {
  const { id } = await tx.artist.upsert({
    where: { nameKey_musicBrainzId: { nameKey: normalise(name), musicBrainzId: '' } },
    create: { name, nameKey: normalise(name), sortName: sortKey(name) },
    update: {}
  })
  return id
}

async function seedTrack (tx: Transaction, { albumId, album, index }: { albumId: string, album: SeedAlbum, index: number }, seed: SeedTrack): Promise<string> {
  const { title, durationMs = 180_000, state = 'published', genres = [], playCount = 0, discNo = 1 } = seed
  const artistCredit = seed.artist ?? album.artist
  const artistId = await seedArtist(tx, artistCredit)
  const id = randomUUID()
  const sha256 = createHash('sha256').update(id).digest('hex')
  const objectKey = `originals/sha256/${sha256.slice(0, 2)}/${sha256}`
  await seedObject(tx, objectKey)
  const original = { sha256, objectKey, fileName: `${title}.flac`, audioHash: sha256, container: 'flac', codec: 'flac', lossless: true, sampleRate: 44_100, channels: 2, bitDepth: 16, durationMs }
  await tx.original.create({ data: original })
  const publishedAt = state === 'processing' ? null : new Date()
  await tx.track.create({
    data: {
      id,
      title,
      sortTitle: sortKey(title),
      albumId,
      artistCredit,
      discNo,
      trackNo: index + 1,
      durationMs,
      state,
      playCount,
      publishedAt,
      originalId: sha256,
      loudnessLufs: -9.5,
      truePeakDbtp: -0.3,
      year: album.year ?? null,
      artists: { create: { artistId, position: 0 } },
      genres: { create: genres.map((name) => ({ genre: { connectOrCreate: { where: { nameKey: normalise(name) }, create: { name, nameKey: normalise(name) } } } })) }
    }
  })
  await tx.original.update({ where: { sha256 }, data: { trackId: id } })
  if (state === 'published') await countTrack(tx, artistId, genres)
  if (state !== 'processing') await seedMedia(tx, id, seed.renditions ?? allRenditions)
  return id
}

async function countTrack (tx: Transaction, artistId: string, genres: readonly string[]): Promise<void> {
  await tx.artist.update({ where: { id: artistId }, data: { trackCount: { increment: 1 } } })
  await tx.genre.updateMany({ where: { nameKey: { in: genres.map(normalise) } }, data: { trackCount: { increment: 1 } } })
}

async function seedMedia (tx: Transaction, trackId: string, names: readonly RenditionName[]): Promise<void> {
  const prefix = `media/${trackId}/1`
  for (const name of names) {
    const objectKey = `${prefix}/${name}.mp4`
    await seedObject(tx, objectKey)
    await tx.rendition.create({
      data: { ...renditions[name], trackId, name, sampleRate: 44_100, channels: 2, objectKey, recipeVersion: 1, initBytes: 1_200, timescale: 44_100, fragments: [[1_200, 80_000, 176_400], [81_200, 70_000, 176_400]], sampleCount: 352_800 }
    })
  }
  await seedObject(tx, `${prefix}/waveform.bin`)
  await tx.waveform.create({ data: { trackId, objectKey: `${prefix}/waveform.bin`, recipeVersion: 2, bars: 400, outline: '0123456789abcdef'.repeat(3) } })
}

async function seedArtwork (tx: Transaction): Promise<string> {
  const id = randomUUID()
  await tx.artwork.create({ data: { id, sourceSha256: id, widthPx: 1_200, heightPx: 1_200, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', dominantColour: '#7a3b2c', recipeVersion: 1 } })
  for (const sizePx of [64, 300]) {
    for (const format of ['webp', 'avif']) {
      const objectKey = `media/artwork/${id}/1/${sizePx}.${format}`
      await seedObject(tx, objectKey)
      await tx.artworkImage.create({ data: { artworkId: id, sizePx, format, objectKey } })
    }
  }
  return id
}

async function seedObject (tx: Transaction, key: string): Promise<void> {
  await tx.storedObject.create({ data: { key, sizeBytes: 1_000, sha256: createHash('sha256').update(key).digest('hex'), contentType: 'application/octet-stream' } })
}
