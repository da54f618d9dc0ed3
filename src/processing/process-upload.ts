import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import createError from '@fastify/error'
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { Upload } from '../generated/prisma/client.ts'
import { type Claim, finishJob, lockClaim } from './claim.ts'
import { fetchObject, type FetchedObject } from './fetch-object.ts'
import { type Candidate, judge, type Verdict } from './identity.ts'
import type { JobContext } from './job-context.ts'
import { keepOriginal, originalOf } from './keep-original.ts'
import { artworkId, isArtworkStoredIn } from './known-artwork.ts'
import { pictureOf, processPicture } from './process-picture.ts'
import { makeArtwork } from './processors/artwork.ts'
import { readTrack, renderTrack } from './processors/process-track.ts'
import type { ProcessedTrack, ProcessingContext, ProcessingOptions, TrackReading } from './processors/processed-track.ts'
import { RejectedError } from './processors/rejected-error.ts'
import { publish, type Publication, VerdictOutdatedError } from './publish.ts'
import { storeArtwork, storeAudio } from './store-artefacts.ts'
import { tellUpload } from './tell-upload.ts'
import { inTransaction } from './transaction.ts'

export const UploadChangedError = createError('UPLOAD_CHANGED', 'the bytes are not those that were announced; upload the file again', 409)

const Payload = Type.Object({ folderArtworkKey: Type.Optional(Type.String()) })
/** Each time somebody else's publication changed the verdict; more often than this something is wrong. */
const mostVerdicts = 5

/** Everything that stays the same while the verdict may change. */
interface Work {
  readonly claim: Claim
  readonly upload: Upload
  readonly file: FetchedObject
  readonly processing: ProcessingContext
  readonly reading: TrackReading
  readonly options: ProcessingOptions
}

/**
 * Turns an uploaded file into a track, or says why it can't be one. The job ends in the same transaction as its upload.
 * @throws what may be tried again: faults of the store, the database, the machine; the signal's reason when aborted
 */
export async function processUpload (context: JobContext, claim: Claim, folder: string): Promise<void> {
  const upload = claim.job.uploadId === null ? null : await context.db.prisma.upload.findUnique({ where: { id: claim.job.uploadId } })
  if (upload?.state !== 'received') {
    await inTransaction(context.db, (tx) => finishJob(tx, claim))
    return
  }
  try {
    const picture = pictureOf(upload)
    if (picture === undefined) await publishUpload(context, claim, { upload, folder })
    else await processPicture(context, claim, { picture, folder })
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    await reject(context, claim, { upload, error })
  }
  // Should we die before this, the sweep finds it.
  if (upload.objectKey.startsWith('incoming/')) await context.store.delete(upload.objectKey)
}

async function publishUpload (context: JobContext, claim: Claim, { upload, folder }: { readonly upload: Upload, readonly folder: string }): Promise<void> {
  const { db, store, signal } = context
  const outDir = join(folder, 'out')
  await mkdir(outDir)
  context.onStage('fetch')
  const file = await fetchObject(store, { key: upload.objectKey, path: join(folder, 'original') }, signal)
  if (upload.sha256 !== null && upload.sha256 !== file.sha256) throw new UploadChangedError()
  const known = await db.prisma.original.findUnique({ where: { sha256: file.sha256 }, include: { track: { select: { id: true } } } })
  const processing = { ...context, outDir }
  const reading = await readTrack({ path: file.path, relativePath: upload.relativePath, sizeBytes: file.sizeBytes }, processing)
  const options = { ...await folderArtwork(context, claim, folder), isArtworkStored: isArtworkStoredIn(context) }
  const work = { claim, upload, file, processing, reading, options }
  if (known?.track == null) await publishFile(context, work)
  else await publish(context, duplicateOf(work, known.track.id))
}

async function publishFile (context: JobContext, work: Work): Promise<void> {
  let processed: ProcessedTrack | undefined
  for (let verdicts = 1; ; verdicts++) {
    const verdict = await judge(context.db.prisma, candidateOf(work, processed))
    if (verdict.kind === 'create' || verdict.kind === 'replace') processed ??= await context.encodingTurn(() => renderTrack(work.reading, work.processing, work.options))
    try {
      await publish(context, await prepare(context, work, { verdict, processed }))
      // The job was written when the last byte had come.
      if (verdict.kind !== 'duplicate') context.events.trackPublished((context.now().getTime() - work.claim.job.createdAt.getTime()) / 1_000)
      return
    } catch (error) {
      if (!(error instanceof VerdictOutdatedError) || verdicts === mostVerdicts) throw error
    }
  }
}

function candidateOf ({ file, reading }: Pick<Work, 'file' | 'reading'>, processed: ProcessedTrack | undefined): Candidate {
  return { sha256: file.sha256, audio: reading.audio, tags: reading.tags, durationMs: processed?.probe.durationMs ?? reading.announcedMs }
}

/** Makes and stores what the verdict asks for. */
async function prepare (context: JobContext, work: Work, { verdict, processed }: { readonly verdict: Verdict, readonly processed: ProcessedTrack | undefined }): Promise<Publication> {
  if (verdict.kind === 'duplicate') return duplicateOf(work, verdict.trackId)
  if (verdict.kind === 'retag' || verdict.kind === 'alternative') return prepareKnown(context, work, { kind: verdict.kind, trackId: verdict.trackId })
  if (processed === undefined) throw new Error('a track is to be heard that was not rendered')
  const trackId = verdict.kind === 'create' ? randomUUID() : verdict.trackId
  return {
    ...await basics(context, work, processed),
    verdict: { kind: verdict.kind, trackId },
    candidate: { ...candidateOf(work, processed), durationMs: processed.probe.durationMs },
    audio: await storeAudio(context.store, trackId, processed)
  }
}

/** Of a track that goes on sounding as it does: nothing is encoded, but the cover of other tags may be another one. */
async function prepareKnown (context: JobContext, work: Work, verdict: { readonly kind: 'retag' | 'alternative', readonly trackId: string }): Promise<Publication> {
  const { reading, processing, options } = work
  const pictures = [reading.picturePath, options.folderArtworkPath].filter((path) => typeof path === 'string')
  const { artwork, warnings } = await makeArtwork(verdict.kind === 'retag' ? pictures : [], processing, options)
  const { durationMs } = await context.db.prisma.track.findUniqueOrThrow({ where: { id: verdict.trackId }, select: { durationMs: true } })
  return {
    ...await basics(context, work, { artwork, warnings: [...reading.warnings, ...warnings] }),
    verdict,
    candidate: { ...candidateOf(work, undefined), durationMs },
    audio: null
  }
}

async function basics (context: JobContext, work: Work, { artwork, warnings }: Pick<ProcessedTrack, 'artwork' | 'warnings'>) {
  const { store } = context
  context.onStage('publish')
  return {
    claim: work.claim,
    uploadId: work.upload.id,
    original: await keepOriginal(store, work),
    artwork: await storeArtwork(store, await artworkId(context, artwork), artwork),
    warnings
  }
}

function duplicateOf (work: Work, trackId: string): Publication {
  return {
    claim: work.claim,
    uploadId: work.upload.id,
    verdict: { kind: 'duplicate', trackId },
    candidate: { ...candidateOf(work, undefined), durationMs: 0 },
    original: originalOf(work),
    audio: null,
    artwork: null,
    warnings: []
  }
}

/** The picture beside the file, when the job names one. */
async function folderArtwork ({ store, signal }: JobContext, { job }: Claim, folder: string): Promise<Pick<ProcessingOptions, 'folderArtworkPath'>> {
  const key = Value.Check(Payload, job.payload) ? job.payload.folderArtworkKey : undefined
  if (key === undefined || await store.head(key) === null) return {}
  const { path } = await fetchObject(store, { key, path: join(folder, 'folder-artwork') }, signal)
  return { folderArtworkPath: path }
}

async function reject ({ db, now }: JobContext, claim: Claim, { upload, error }: { readonly upload: Upload, readonly error: RejectedError }): Promise<void> {
  await inTransaction(db, async (tx) => {
    await lockClaim(tx, claim)
    await tx.upload.update({ where: { id: upload.id }, data: { state: 'rejected', stage: null, reasonCode: error.code, reason: error.reason, finishedAt: now() } })
    await finishJob(tx, claim)
    await tellUpload(tx, { id: upload.id, state: 'rejected', reasonCode: error.code, reason: error.reason })
  })
}
