import createError from '@fastify/error'
import type { Actor } from '../accounts/actor.ts'
import type { Upload as UploadRow } from '../generated/prisma/client.ts'
import { type UploadDeps, UploadCancelledError, UploadLostError } from './complete-upload.ts'
import { requireUpload } from './find-uploads.ts'
import { bytesOfPart, partCountOf } from './parts.ts'
import type { PartAddress, UploadedPart } from './schemas.ts'

export const UploadFinishedError = createError('UPLOAD_FINISHED', 'all bytes of this upload have arrived', 409)
export const PartNumberInvalidError = createError<[number, number]>('PART_NUMBER_INVALID', 'there is no part %d; the upload has parts 1 to %d', 400)

/** Long enough for one part on a slow line; a client that pauses asks again. */
const addressSeconds = 900

type Deps = Pick<UploadDeps, 'db' | 'store'>

/**
 * Addresses to which the client PUTs these parts by itself, each good for one part of exactly its size.
 * @throws ForbiddenError, UploadNotFoundError, PartNumberInvalidError and as uploadedParts
 */
export async function partAddresses (deps: Deps, actor: Actor, id: string, partNumbers: readonly number[]): Promise<PartAddress[]> {
  const { upload, multipartId } = await requireOpen(deps, actor, id)
  const count = partCountOf(upload)
  const unknown = partNumbers.find((number) => number > count)
  if (unknown !== undefined) throw new PartNumberInvalidError(unknown, count)
  // Tickets expire by their last change: one that is being worked on stays.
  await deps.db.prisma.upload.updateMany({ where: { id, state: 'open' }, data: { updatedAt: new Date() } })
  return Promise.all(partNumbers.map(async (partNumber) => {
    const options = { sizeBytes: bytesOfPart(upload, partNumber), expiresInSeconds: addressSeconds }
    const { url, headers, expiresAt } = await deps.store.presignPart(upload.objectKey, multipartId, partNumber, options)
    return { partNumber, url, headers, expiresAt: expiresAt.toISOString() }
  }))
}

/**
 * What the store has of the upload.
 * @throws ForbiddenError, UploadNotFoundError, UploadFinishedError, UploadCancelledError, UploadLostError
 */
export async function uploadedParts (deps: Deps, actor: Actor, id: string): Promise<UploadedPart[]> {
  const { upload, multipartId } = await requireOpen(deps, actor, id)
  return deps.store.listParts(upload.objectKey, multipartId)
}

async function requireOpen ({ db }: Deps, actor: Actor, id: string): Promise<{ upload: UploadRow, multipartId: string }> {
  const upload = await requireUpload(db, actor, id)
  if (upload.state === 'cancelled') throw new UploadCancelledError()
  if (upload.state !== 'open') throw new UploadFinishedError()
  if (upload.multipartId === null) throw new UploadLostError()
  return { upload, multipartId: upload.multipartId }
}
