import createError from '@fastify/error'
import { indexDocuments } from '../catalog/search-index.ts'
import { overlaid, readOverlays, renewBases } from '../editing/overlays.ts'
import { sameValue } from '../editing/tag-values.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { type Claim, finishJob, lockClaim } from './claim.ts'
import { readMembership, updateCounters } from './counters.ts'
import { type Candidate, judge, type Verdict } from './identity.ts'
import { holdSweep } from './sweep-lock.ts'
import type { TrackTags } from './processors/processed-track.ts'
import type { StoredArtwork, StoredAudio } from './store-artefacts.ts'
import { tellUpload } from './tell-upload.ts'
import { inTransaction } from './transaction.ts'
import { lockAlbums } from './upsert-catalogue.ts'
import { bringBackTrack } from './withdraw-track.ts'
import { writeArtwork, writeAudio } from './write-artefacts.ts'
import { writeTrack } from './write-track.ts'

export const VerdictOutdatedError = createError('VERDICT_OUTDATED', 'another file was published meanwhile that changes what becomes of this one', 409)
export const OriginalMissingError = createError<[string]>('ORIGINAL_MISSING', 'the original %s has gone from the store', 409)

export interface OriginalFile {
  readonly key: string
  readonly sizeBytes: number
  readonly contentType: string
  readonly fileName: string
}

export interface Publication {
  readonly claim: Claim
  readonly uploadId: string
  readonly candidate: Candidate & { readonly durationMs: number }
  readonly verdict: Verdict & { readonly trackId: string }
  readonly original: OriginalFile
  /** Made for the verdicts create and replace. */
  readonly audio: StoredAudio | null
  readonly artwork: StoredArtwork
  /** For the curator; shown with the upload. */
  readonly warnings: readonly string[]
}

/**
 * The one transaction in which a track appears or changes, whole: original, catalogue, renditions, counters, search,
 * upload and job. Locks are always taken in this order: job, audio, albums, artwork, artists, genres, words.
 * @throws ClaimLostError; VerdictOutdatedError: judge again; OriginalMissingError, ArtworkGoneError: begin again
 */
export async function publish ({ db, store, now }: { readonly db: Database, readonly store: ObjectStore, readonly now: () => Date }, publication: Publication): Promise<void> {
  await inTransaction(db, async (tx) => {
    const { claim, candidate, verdict, original } = publication
    await lockClaim(tx, claim)
    await holdSweep(tx)
    await lockAudio(tx, candidate.audio.audioHash)
    if (verdict.kind === 'duplicate') {
      await requireVerdict(tx, publication)
      await endUpload(tx, publication, 'duplicate', now())
      return
    }
    if (await store.head(original.key) === null) throw new OriginalMissingError(original.key)
    const left = await tx.track.findUnique({ where: { id: verdict.trackId }, select: { albumId: true } })
    const overlays = await readOverlays(tx, [verdict.trackId])
    const tags = overlaid(candidate.tags, overlays)
    const albumId = await lockAlbums(tx, tags, left?.albumId)
    await requireVerdict(tx, publication)
    // Under the albums' locks nobody edits; until then somebody may have.
    if (!sameValue(overlays, await readOverlays(tx, [verdict.trackId]))) throw new VerdictOutdatedError()
    await keepOriginal(tx, publication)
    if (verdict.kind !== 'alternative') {
      await change(tx, publication, { albumId, tags, publishedAt: now() })
      await renewBases(tx, candidate.tags, overlays)
    }
    await tx.original.update({ where: { sha256: candidate.sha256 }, data: { trackId: verdict.trackId } })
    await endUpload(tx, publication, 'published', now())
  })
}

/** Files of one recording are judged one after the other, whatever their tags say. */
async function lockAudio (tx: Transaction, audioHash: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${audioHash}, 0))`
}

async function requireVerdict (tx: Transaction, { candidate, verdict }: Publication): Promise<void> {
  const now = await judge(tx, candidate)
  if (now.kind !== verdict.kind || (now.kind !== 'create' && now.trackId !== verdict.trackId)) throw new VerdictOutdatedError()
}

async function keepOriginal (tx: Transaction, { candidate, original }: Publication): Promise<void> {
  const { sha256, audio, durationMs } = candidate
  const { key, sizeBytes, contentType, fileName } = original
  await tx.storedObject.createMany({ data: [{ key, sizeBytes, sha256, contentType }], skipDuplicates: true })
  await tx.original.createMany({ data: [{ sha256, objectKey: key, fileName, durationMs, ...audio }], skipDuplicates: true })
}

interface Change {
  readonly albumId: string
  /** Those of the file, with what curators have set. */
  readonly tags: TrackTags
  readonly publishedAt: Date
}

async function change (tx: Transaction, { candidate, verdict, audio, artwork }: Publication, { albumId, tags, publishedAt }: Change): Promise<void> {
  const { trackId } = verdict
  // Read under the album's lock: another publication may have changed artists and genres until then.
  const left = await readMembership(tx, trackId)
  const artworkId = await writeArtwork(tx, artwork)
  await writeTrack(tx, { trackId, albumId, tags, originalId: candidate.sha256, durationMs: candidate.durationMs, publishedAt })
  if (audio !== null) {
    await writeAudio(tx, trackId, audio)
    const { integratedLufs, truePeakDbtp } = audio.loudness
    await tx.track.update({ where: { id: trackId }, data: { loudnessLufs: integratedLufs, truePeakDbtp } })
  }
  if (artworkId !== null) await hangArtwork(tx, { trackId, albumId, artworkId })
  if (verdict.kind === 'create') await tx.album.update({ where: { id: albumId }, data: { addedAt: publishedAt } })
  const after = await readMembership(tx, trackId)
  await updateCounters(tx, left, after)
  await indexDocuments(tx, [
    { kind: 'track', id: trackId },
    ...[...left.albumIds, ...after.albumIds].map((id) => ({ kind: 'album' as const, id })),
    ...[...left.artistIds, ...after.artistIds].map((id) => ({ kind: 'artist' as const, id }))
  ])
}

/** An album shows the cover of its first track that has one, and follows that track's; a curator's choice stays. */
async function hangArtwork (tx: Transaction, { trackId, albumId, artworkId }: { readonly trackId: string, readonly albumId: string, readonly artworkId: string }): Promise<void> {
  await tx.$executeRaw`
    UPDATE album SET artwork_id = ${artworkId}::uuid
    WHERE id = ${albumId}::uuid AND NOT EXISTS (SELECT FROM artwork_edit WHERE kind = 'album' AND item_id = ${albumId}::uuid)
      AND (artwork_id IS NULL OR artwork_id = (SELECT artwork_id FROM track WHERE id = ${trackId}::uuid))`
  await tx.track.update({ where: { id: trackId }, data: { artworkId } })
}

async function endUpload (tx: Transaction, { claim, uploadId, candidate, verdict, original, warnings }: Publication, state: 'published' | 'duplicate', finishedAt: Date): Promise<void> {
  const { source } = await tx.upload.update({
    where: { id: uploadId },
    data: {
      state,
      stage: null,
      sha256: candidate.sha256,
      trackId: verdict.trackId,
      objectKey: original.key,
      reasonCode: null,
      reason: warnings.length === 0 ? null : warnings.join(' '),
      finishedAt
    }
  })
  // Who uploads it by hand wants it heard; an archive imported once more must not undo what a curator took out.
  if (source === 'browser') await bringBackTrack(tx, verdict.trackId)
  await finishJob(tx, claim)
  await tellUpload(tx, { id: uploadId, state, trackId: verdict.trackId, reason: warnings.length === 0 ? null : warnings.join(' ') })
}
