import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import createError from '@fastify/error'
import Type from 'typebox'
import { Value } from 'typebox/value'
import type { Database, Transaction } from '../platform/database/database.ts'
import { backfillOutline } from './backfill-outline.ts'
import { type Claim, finishJob, lockClaim } from './claim.ts'
import { readMembership, updateCounters } from './counters.ts'
import { fetchObject } from './fetch-object.ts'
import type { JobContext } from './job-context.ts'
import { manifest } from './manifest.ts'
import { readTrack, renderTrack } from './processors/process-track.ts'
import { storeAudio, type StoredAudio } from './store-artefacts.ts'
import { holdSweep } from './sweep-lock.ts'
import { inTransaction } from './transaction.ts'
import { writeAudio } from './write-artefacts.ts'

export const TrackChangedError = createError<[string]>('TRACK_CHANGED', 'track %s was published anew meanwhile', 409)
export const OriginalDamagedError = createError<[string]>('ORIGINAL_DAMAGED', 'the original %s no longer has its sha256; restore it from a backup', 500)

const Payload = Type.Object({ trackId: Type.String() })

/** Versions of what a backfill makes anew; another recipe is another job. */
const recipe = `r${manifest.renditions.version}w${manifest.waveform.version}`

/**
 * Writes a job for every published track whose renditions or waveform are missing or of an older recipe than the
 * manifest's. A job that is there already stays as it is.
 * @returns how many were new
 */
export async function enqueueBackfills (db: Database): Promise<number> {
  const { rowCount } = await db.pool.query(
    `INSERT INTO job (id, kind, dedupe_key, payload)
     SELECT gen_random_uuid(), 'backfill-track', 'track:' || track.id || ':' || $1, jsonb_build_object('trackId', track.id)
     FROM track WHERE state = 'published' AND (
       NOT EXISTS (SELECT FROM rendition WHERE track_id = track.id)
       OR EXISTS (SELECT FROM rendition WHERE track_id = track.id AND recipe_version < $2)
       OR NOT EXISTS (SELECT FROM waveform WHERE track_id = track.id AND recipe_version >= $3))
     ON CONFLICT (dedupe_key) DO NOTHING`, [recipe, manifest.renditions.version, manifest.waveform.version])
  return rowCount ?? 0
}

/**
 * Makes renditions and waveform of a track anew from its original. Its id and its tags stay.
 * @throws TrackChangedError when it was published anew meanwhile: the next attempt sees whether anything is left to do
 */
export async function backfillTrack (context: JobContext, claim: Claim, folder: string): Promise<void> {
  const { db, store, signal } = context
  const trackId = Value.Check(Payload, claim.job.payload) ? claim.job.payload.trackId : ''
  const track = trackId === '' ? null : await db.prisma.track.findUnique({ where: { id: trackId }, include: { original: true } })
  if (track === null) {
    await inTransaction(db, (tx) => finishJob(tx, claim))
    return
  }
  if (await backfillOutline(context, claim, trackId)) return
  const outDir = join(folder, 'out')
  await mkdir(outDir)
  context.onStage('fetch')
  const file = await fetchObject(store, { key: track.original.objectKey, path: join(folder, 'original') }, signal)
  if (file.sha256 !== track.original.sha256) throw new OriginalDamagedError(track.original.objectKey)
  const processing = { ...context, outDir }
  const reading = await readTrack({ path: file.path, relativePath: track.original.fileName, sizeBytes: file.sizeBytes }, processing)
  // Covers have a recipe of their own; nothing is drawn here.
  const processed = await context.encodingTurn(() => renderTrack({ ...reading, picturePath: null }, processing))
  context.onStage('publish')
  const audio = await storeAudio(store, trackId, processed)
  await inTransaction(db, (tx) => publishAnew(tx, claim, { trackId, fence: track.fence, audio }))
}

interface Renewal {
  readonly trackId: string
  /** Of the track when its original was read. */
  readonly fence: number
  readonly audio: StoredAudio
}

async function publishAnew (tx: Transaction, claim: Claim, { trackId, fence, audio }: Renewal): Promise<void> {
  await lockClaim(tx, claim)
  await holdSweep(tx)
  const membership = await readMembership(tx, trackId)
  await tx.$queryRaw`SELECT 1 FROM album WHERE id = ANY(${[...membership.albumIds]}::uuid[]) FOR NO KEY UPDATE`
  const { count } = await tx.track.updateMany({
    where: { id: trackId, fence },
    data: { fence: { increment: 1 }, durationMs: audio.durationMs, loudnessLufs: audio.loudness.integratedLufs, truePeakDbtp: audio.loudness.truePeakDbtp }
  })
  if (count !== 1) throw new TrackChangedError(trackId)
  await writeAudio(tx, trackId, audio)
  await updateCounters(tx, membership, membership)
  await finishJob(tx, claim)
}
