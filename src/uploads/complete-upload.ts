import createError from '@fastify/error'
import type { FastifyBaseLogger } from 'fastify'
import type { Actor } from '../accounts/actor.ts'
import type { Upload as UploadRow } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import type { ObjectInfo, ObjectStore } from '../platform/storage/object-store.ts'
import { MultipartNotFoundError } from '../platform/storage/object-store-errors.ts'
import { enqueueJob, relayJobs, uploadJobKey } from '../processing/jobs.ts'
import { tellUpload } from '../processing/tell-upload.ts'
import { getUpload, requireUpload } from './find-uploads.ts'
import { bytesOfPart, partCountOf } from './parts.ts'
import type { Completion, Upload } from './schemas.ts'

export const UploadIncompleteError = createError<[string]>('UPLOAD_INCOMPLETE', 'parts that are missing, surplus or of the wrong size: %s', 409)
export const UploadCancelledError = createError('UPLOAD_CANCELLED', 'the upload was cancelled or has expired; start it again', 409)
export const UploadLostError = createError('UPLOAD_LOST', 'the store no longer has the parts; start the upload again', 409)

export interface UploadDeps {
  readonly db: Database
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly log: Pick<FastifyBaseLogger, 'warn'>
}

/** Part numbers named in a message. */
const namedParts = 10

/**
 * Puts the parts together and hands the file to the worker. Saying so twice is answered twice alike, so a client that
 * lost the answer may ask again.
 * @throws ForbiddenError, UploadNotFoundError, MultipartInvalidError (an etag is wrong) and the errors above
 */
export async function completeUpload (deps: UploadDeps, actor: Actor, id: string, { parts, sha256 }: Completion): Promise<Upload> {
  const upload = await requireUpload(deps.db, actor, id)
  if (upload.state === 'cancelled') throw new UploadCancelledError()
  if (upload.state === 'open') {
    await putTogether(deps, upload, parts)
    const received = await receiveUpload(deps, upload, sha256)
    if (received.state === 'cancelled') {
      await deps.store.delete(upload.objectKey)
      throw new UploadCancelledError()
    }
  }
  return getUpload(deps.db, actor, id)
}

async function putTogether ({ db, store }: UploadDeps, upload: UploadRow, parts: Completion['parts']): Promise<void> {
  try {
    if (upload.multipartId === null) throw new UploadLostError()
    await requireAllParts(store, { upload, multipartId: upload.multipartId, parts })
    const ascending = parts.toSorted((a, b) => a.partNumber - b.partNumber)
    await store.completeMultipart(upload.objectKey, upload.multipartId, ascending)
  } catch (error) {
    // An earlier call may have put it together and died, or another one is just ahead and takes the parts away.
    if (isWhole(await store.head(upload.objectKey), upload)) return
    const { state } = await db.prisma.upload.findUniqueOrThrow({ where: { id: upload.id }, select: { state: true } })
    if (state !== 'open') return
    throw error instanceof MultipartNotFoundError ? new UploadLostError() : error
  }
}

function isWhole (info: ObjectInfo | null, upload: UploadRow): boolean {
  return info !== null && info.sizeBytes === Number(upload.sizeBytes)
}

interface PartsGiven {
  readonly upload: UploadRow
  readonly multipartId: string
  readonly parts: Completion['parts']
}

/** The size is that of the ticket when every part has its own. */
async function requireAllParts (store: ObjectStore, { upload, multipartId, parts }: PartsGiven): Promise<void> {
  const stored = new Map((await store.listParts(upload.objectKey, multipartId)).map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]))
  const numbers = parts.map(({ partNumber }) => partNumber)
  const named = new Set(numbers)
  const wanted = Array.from({ length: partCountOf(upload) }, (_, index) => index + 1)
  const missing = wanted.filter((number) => !named.has(number) || stored.get(number) !== bytesOfPart(upload, number))
  const surplus = numbers.filter((number) => number > wanted.length || !named.delete(number))
  const faults = [...missing, ...surplus]
  if (faults.length > 0) throw new UploadIncompleteError(list(faults))
}

function list (numbers: readonly number[]): string {
  return numbers.slice(0, namedParts).join(', ') + (numbers.length > namedParts ? ' …' : '')
}

/**
 * Notes that all bytes are in the store and writes the job, in one transaction; then sends the job. Where the store's
 * own event or another call was faster, or the upload was cancelled meanwhile, nothing changes.
 * @param sha256 as the client reckoned it; the worker refuses other bytes
 * @returns the upload as it is now
 */
export async function receiveUpload ({ db, queue, log }: UploadDeps, upload: UploadRow, sha256?: string): Promise<UploadRow> {
  const data = { state: 'received' as const, multipartId: null, ...(sha256 === undefined ? {} : { sha256 }) }
  await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.upload.updateMany({ where: { id: upload.id, state: 'open' }, data })
    if (count !== 1) return
    await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(upload.id), uploadId: upload.id })
    await tellUpload(tx, { id: upload.id, state: 'received' })
  })
  // The job stands; should the queue be away now, the worker's sweep sends it.
  await relayJobs({ db, queue }).catch((err: unknown) => log.warn({ err, uploadId: upload.id }, 'a job will be sent later'))
  return db.prisma.upload.findUniqueOrThrow({ where: { id: upload.id } })
}
