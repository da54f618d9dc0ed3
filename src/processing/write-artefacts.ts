import createError from '@fastify/error'
import type { Transaction } from '../platform/database/database.ts'
import type { Artefact } from './processors/processed-track.ts'
import { contentTypeOf, type Stored, type StoredArtwork, type StoredAudio } from './store-artefacts.ts'

export const ArtworkGoneError = createError<[string]>('ARTWORK_GONE', 'the artwork made from %s was there and is not any more; it is made anew', 409)

/** Puts one rendition set and waveform in the place of whatever the track had. What they replace becomes garbage. */
export async function writeAudio (tx: Transaction, trackId: string, { renditions, waveform }: StoredAudio): Promise<void> {
  const old = [
    ...await tx.rendition.findMany({ where: { trackId }, select: { objectKey: true } }),
    ...await tx.waveform.findMany({ where: { trackId }, select: { objectKey: true } })
  ]
  await tx.rendition.deleteMany({ where: { trackId } })
  await tx.waveform.deleteMany({ where: { trackId } })
  await retireObjects(tx, old)
  await recordObjects(tx, [...renditions, waveform])
  await tx.rendition.createMany({
    data: renditions.map((file) => ({
      trackId,
      name: file.name,
      codec: file.codec,
      mimeType: file.mimeType,
      bitrateKbps: file.bitrateKbps,
      sampleRate: file.sampleRate,
      channels: file.channels,
      objectKey: file.key,
      recipeVersion: file.recipeVersion,
      initBytes: file.initBytes,
      timescale: file.timescale,
      fragments: file.fragments.map((fragment) => [...fragment]),
      sampleCount: file.sampleCount,
      encoderDelay: file.encoderDelay
    }))
  })
  await tx.waveform.create({ data: { trackId, objectKey: waveform.key, recipeVersion: waveform.recipeVersion, bars: waveform.bars, outline: waveform.outline } })
}

/**
 * Writes artwork that nobody else has written, or by a newer recipe than theirs.
 * @returns its id, null without artwork
 * @throws ArtworkGoneError
 */
export async function writeArtwork (tx: Transaction, artwork: StoredArtwork): Promise<string | null> {
  if (artwork === null) return null
  const { sourceSha256 } = artwork
  if (artwork.kind === 'new') await writeNewArtwork(tx, artwork)
  const row = await tx.artwork.findUnique({ where: { sourceSha256 }, select: { id: true } })
  if (row === null) throw new ArtworkGoneError(sourceSha256)
  return row.id
}

async function writeNewArtwork (tx: Transaction, artwork: Extract<StoredArtwork, { kind: 'new' }>): Promise<void> {
  const { id, sourceSha256, widthPx, heightPx, blurhash, dominantColour, recipeVersion } = artwork
  const facts = { widthPx, heightPx, blurhash, dominantColour, recipeVersion }
  const { count: made } = await tx.artwork.createMany({ data: [{ id, sourceSha256, ...facts }], skipDuplicates: true })
  const { count: renewed } = made === 1 ? { count: 0 } : await tx.artwork.updateMany({ where: { sourceSha256, recipeVersion: { lt: recipeVersion } }, data: facts })
  if (made + renewed === 0) return
  const { id: artworkId } = await tx.artwork.findUniqueOrThrow({ where: { sourceSha256 }, select: { id: true } })
  const old = await tx.artworkImage.findMany({ where: { artworkId }, select: { objectKey: true } })
  await tx.artworkImage.deleteMany({ where: { artworkId } })
  await retireObjects(tx, old)
  await recordObjects(tx, artwork.images)
  await tx.artworkImage.createMany({ data: artwork.images.map(({ sizePx, format, key }) => ({ artworkId, sizePx, format, objectKey: key })) })
}

async function recordObjects (tx: Transaction, files: ReadonlyArray<Stored<Artefact>>): Promise<void> {
  await tx.storedObject.createMany({ data: files.map((file) => ({ key: file.key, sizeBytes: file.sizeBytes, sha256: file.sha256, contentType: contentTypeOf(file) })) })
}

/** Their rows keep them from the sweep until the grace time is over: somebody may be listening. */
async function retireObjects (tx: Transaction, objects: ReadonlyArray<{ readonly objectKey: string }>): Promise<void> {
  await tx.storedObject.updateMany({ where: { key: { in: objects.map(({ objectKey }) => objectKey) } }, data: { replacedAt: new Date() } })
}
