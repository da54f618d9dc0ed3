import { randomUUID } from 'node:crypto'
import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { extensionOf, pictureTypeOf } from './file-types.ts'
import { partSizeOf } from './parts.ts'
import type { UploadTicket } from './schemas.ts'
import { cleanPath, requireRoom, startUpload, type TicketDeps } from './tickets.ts'

export const PictureTypeRefusedError = createError<[string]>('PICTURE_TYPE_REFUSED', '%s is not a picture that Freshet takes: send JPEG, PNG or WebP', 415)
export const PictureTooLargeError = createError<[number, number]>('PICTURE_TOO_LARGE', 'the picture has %d bytes; the most is %d: save it smaller', 413)
export const PictureOfNothingError = createError<[string]>('PICTURE_OF_NOTHING', 'there is no such %s', 404)

/** A cover of 6,000 × 6,000 pixels as PNG is below that. */
const maxPictureBytes = 30 * 1_048_576

export interface PictureFile {
  readonly kind: 'album' | 'artist'
  readonly itemId: string
  readonly fileName: string
  readonly sizeBytes: number
}

/**
 * A ticket to upload a picture for an album or artist: sent and completed like music, drawn by the same worker.
 * @throws ForbiddenError, TooManyUploadsError and the errors above
 */
export async function openPictureTicket (deps: Omit<TicketDeps, 'maxBytes'>, actor: Actor, { kind, itemId, fileName, sizeBytes }: PictureFile): Promise<UploadTicket> {
  authorise(actor, 'edit the catalogue')
  const relativePath = cleanPath(fileName)
  const contentType = pictureTypeOf(relativePath)
  if (contentType === undefined) throw new PictureTypeRefusedError(extensionOf(relativePath) === '' ? relativePath : `.${extensionOf(relativePath)}`)
  if (sizeBytes > maxPictureBytes) throw new PictureTooLargeError(sizeBytes, maxPictureBytes)
  const { prisma } = deps.db
  const found = kind === 'album' ? await prisma.album.count({ where: { id: itemId } }) : await prisma.artist.count({ where: { id: itemId } })
  if (found === 0) throw new PictureOfNothingError(kind)
  await requireRoom(deps.db, actor)
  const id = randomUUID()
  const upload = await prisma.upload.create({
    data: {
      id,
      source: 'browser',
      userId: actor.userId,
      relativePath,
      sizeBytes: BigInt(sizeBytes),
      // Small enough to be sent anew: each has a ticket of its own.
      fingerprint: id,
      objectKey: `incoming/${id}`,
      partSizeBytes: BigInt(partSizeOf(sizeBytes)),
      artworkKind: kind,
      artworkItemId: itemId
    }
  })
  return await startUpload(deps, upload, contentType)
}
