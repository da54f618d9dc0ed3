import { createHash, randomUUID } from 'node:crypto'
import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { Prisma, type Upload as UploadRow } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import { MultipartNotFoundError } from '../platform/storage/object-store-errors.ts'
import type { UploadDeps } from './complete-upload.ts'
import { receiveUpload } from './complete-upload.ts'
import { audioExtensions, audioTypeOf, extensionOf, pictureTypeOf } from './file-types.ts'
import { partCountOf, partSizeOf } from './parts.ts'
import type { NewUpload, TicketOrFault, UploadedPart, UploadTicket } from './schemas.ts'

export const UploadTypeRefusedError = createError<[string, string]>('UPLOAD_TYPE_REFUSED', '%s is not an audio file that Freshet takes; it takes %s', 415)
export const UploadPictureRefusedError = createError<[string]>('UPLOAD_PICTURE_REFUSED', '%s is a picture; covers are taken from the tags of the music files, and from beside them by `freshet import`', 415)
export const UploadTooLargeError = createError<[number, number]>('UPLOAD_TOO_LARGE', 'the file has %d bytes; the most that may be uploaded is %d', 413)
export const UploadEmptyError = createError<[string]>('UPLOAD_EMPTY', '%s has no bytes', 400)
export const UploadPathInvalidError = createError<[string]>('UPLOAD_PATH_INVALID', '%s is not the path of a file', 400)
export const TooManyUploadsError = createError<[number]>('TOO_MANY_UPLOADS', 'you have %d uploads under way; finish or cancel some first', 429)

export interface TicketDeps extends UploadDeps {
  /** Largest file that may be uploaded. */
  readonly maxBytes: number
}

/** Bounds what an account can leave lying about; a folder of more files goes up a few at a time anyway. */
const maxOpenUploads = 1_000
/** Tickets of one batch made at a time: each asks the store for a multipart upload. */
const batchConcurrency = 8

/**
 * A ticket to upload the file in parts. While one for the same file is open, that one is given back with what the store
 * has of it, so that an upload goes on after a reload.
 * @throws ForbiddenError and the errors above
 */
export async function openTicket (deps: TicketDeps, actor: Actor, file: NewUpload): Promise<UploadTicket> {
  authorise(actor, 'upload music')
  const relativePath = cleanPath(file.relativePath)
  const contentType = requireAudioType(relativePath)
  if (file.sizeBytes === 0) throw new UploadEmptyError(relativePath)
  if (file.sizeBytes > deps.maxBytes) throw new UploadTooLargeError(file.sizeBytes, deps.maxBytes)
  const fingerprint = createHash('sha256').update(JSON.stringify([relativePath, file.sizeBytes, file.fingerprint])).digest('hex')
  const open = await findOpen(deps.db, actor, fingerprint) ?? await create(deps.db, actor, { relativePath, sizeBytes: file.sizeBytes, fingerprint })
  return resume(deps, open, contentType)
}

/** Tickets for several files; one that can't have a ticket doesn't keep the others from theirs. */
export async function openTickets (deps: TicketDeps, actor: Actor, files: readonly NewUpload[]): Promise<TicketOrFault[]> {
  authorise(actor, 'upload music')
  const results: TicketOrFault[] = []
  for (let at = 0; at < files.length; at += batchConcurrency) {
    results.push(...await Promise.all(files.slice(at, at + batchConcurrency).map((file) => ticketOrFault(deps, actor, file))))
  }
  return results
}

async function ticketOrFault (deps: TicketDeps, actor: Actor, file: NewUpload): Promise<TicketOrFault> {
  try {
    return { ticket: await openTicket(deps, actor, file), error: null }
  } catch (error) {
    if (isRefusal(error)) return { ticket: null, error: { code: error.code, message: error.message } }
    throw error
  }
}

function isRefusal (error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' &&
    'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
}

/** Forward slashes, no empty, `.` or `..` segments: it is shown and read for names, never opened. */
export function cleanPath (path: string): string {
  const segments = path.normalize('NFC').split(/[/\\]/).filter((segment) => segment !== '' && segment !== '.' && segment !== '..')
  const cleaned = segments.join('/')
  if (cleaned === '' || cleaned.includes('\0')) throw new UploadPathInvalidError(JSON.stringify(path))
  return cleaned
}

function requireAudioType (relativePath: string): string {
  const fileName = relativePath.slice(relativePath.lastIndexOf('/') + 1)
  const type = audioTypeOf(fileName)
  if (type !== undefined) return type
  if (pictureTypeOf(fileName) !== undefined) throw new UploadPictureRefusedError(fileName)
  throw new UploadTypeRefusedError(extensionOf(fileName) === '' ? fileName : `.${extensionOf(fileName)}`, audioExtensions.join(', '))
}

function findOpen (db: Database, actor: Actor, fingerprint: string): Promise<UploadRow | null> {
  return db.prisma.upload.findFirst({ where: { userId: actor.userId, fingerprint, state: 'open' } })
}

/** @throws TooManyUploadsError */
export async function requireRoom (db: Database, actor: Actor): Promise<void> {
  const open = await db.prisma.upload.count({ where: { userId: actor.userId, state: 'open' } })
  if (open >= maxOpenUploads) throw new TooManyUploadsError(open)
}

async function create (db: Database, actor: Actor, file: { relativePath: string, sizeBytes: number, fingerprint: string }): Promise<UploadRow> {
  await requireRoom(db, actor)
  const id = randomUUID()
  try {
    return await db.prisma.upload.create({
      data: {
        id,
        source: 'browser',
        userId: actor.userId,
        relativePath: file.relativePath,
        sizeBytes: BigInt(file.sizeBytes),
        fingerprint: file.fingerprint,
        objectKey: `incoming/${id}`,
        partSizeBytes: BigInt(partSizeOf(file.sizeBytes))
      }
    })
  } catch (error) {
    // Another tab was faster with the same file: the unique index allows one open ticket.
    const other = isUniqueViolation(error) ? await findOpen(db, actor, file.fingerprint) : null
    if (other === null) throw error
    return other
  }
}

function isUniqueViolation (error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}

/** Sees to it that the store knows of the upload, and says what it has. */
async function resume (deps: TicketDeps, upload: UploadRow, contentType: string): Promise<UploadTicket> {
  const parts = upload.multipartId === null ? null : await partsInStore(deps, upload, upload.multipartId)
  if (parts !== null) return toTicket(upload, parts)
  const info = upload.multipartId === null ? null : await deps.store.head(upload.objectKey)
  // Put together already, but the answer was lost or the process died before it was noted.
  if (info !== null && info.sizeBytes === Number(upload.sizeBytes)) return toTicket(await receiveUpload(deps, upload), [])
  return await startUpload(deps, upload, contentType)
}

async function partsInStore ({ store }: TicketDeps, upload: UploadRow, multipartId: string): Promise<UploadedPart[] | null> {
  try {
    return await store.listParts(upload.objectKey, multipartId)
  } catch (error) {
    if (error instanceof MultipartNotFoundError) return null
    throw error
  }
}

/** Begins to take the bytes of a new upload. */
export async function startUpload (deps: Pick<TicketDeps, 'db' | 'store'>, upload: UploadRow, contentType: string): Promise<UploadTicket> {
  return toTicket(await startMultipart(deps, upload, contentType), [])
}

async function startMultipart ({ db, store }: Pick<TicketDeps, 'db' | 'store'>, upload: UploadRow, contentType: string): Promise<UploadRow> {
  const multipartId = await store.createMultipart(upload.objectKey, { contentType })
  const { count } = await db.prisma.upload.updateMany({ where: { id: upload.id, state: 'open', multipartId: upload.multipartId }, data: { multipartId } })
  if (count === 1) return { ...upload, multipartId }
  await store.abortMultipart(upload.objectKey, multipartId)
  return db.prisma.upload.findUniqueOrThrow({ where: { id: upload.id } })
}

function toTicket (upload: UploadRow, uploadedParts: UploadedPart[]): UploadTicket {
  return { id: upload.id, state: upload.state, partSizeBytes: Number(upload.partSizeBytes), partCount: partCountOf(upload), uploadedParts }
}
