import type { Actor } from '../accounts/actor.ts'
import type { Upload as UploadRow } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { requireUpload } from './find-uploads.ts'
import { UploadFinishedError } from './upload-parts.ts'

/** Expired tickets read at a time. */
const expiryBatch = 100

/**
 * Gives up an upload whose bytes have not all arrived. Cancelling twice is fine.
 * @throws ForbiddenError, UploadNotFoundError, UploadFinishedError
 */
export async function cancelUpload ({ db, store, now }: { readonly db: Database, readonly store: ObjectStore, readonly now: () => Date }, actor: Actor, id: string): Promise<void> {
  const upload = await requireUpload(db, actor, id)
  if (upload.state === 'cancelled') return
  const { count } = await db.prisma.upload.updateMany({ where: { id, state: 'open' }, data: { state: 'cancelled', finishedAt: now() } })
  if (count === 0) throw new UploadFinishedError()
  await discardParts(store, upload)
}

/**
 * Cancels open tickets that nobody has worked on since `olderThan`, and drops parts in the store that belong to no open
 * ticket (left by a crash in between).
 * @returns how many tickets were cancelled
 */
export async function expireOpenUploads (db: Database, store: ObjectStore, olderThan: Date): Promise<number> {
  let expired = 0
  for (;;) {
    const batch = await db.prisma.upload.findMany({ where: { state: 'open', updatedAt: { lt: olderThan } }, take: expiryBatch })
    for (const upload of batch) expired += await expire(db, store, { upload, olderThan })
    if (batch.length < expiryBatch) break
  }
  for await (const { key, multipartId, startedAt } of store.listMultiparts('incoming/')) {
    if (startedAt < olderThan && await db.prisma.upload.count({ where: { multipartId, state: 'open' } }) === 0) await store.abortMultipart(key, multipartId)
  }
  return expired
}

async function expire (db: Database, store: ObjectStore, { upload, olderThan }: { upload: UploadRow, olderThan: Date }): Promise<number> {
  const { count } = await db.prisma.upload.updateMany({
    where: { id: upload.id, state: 'open', updatedAt: { lt: olderThan } },
    data: { state: 'cancelled', finishedAt: new Date(), reasonCode: 'UPLOAD_EXPIRED', reason: 'Nobody went on with this upload, so it was given up.' }
  })
  if (count === 1) await discardParts(store, upload)
  return count
}

async function discardParts (store: ObjectStore, upload: UploadRow): Promise<void> {
  if (upload.multipartId !== null) await store.abortMultipart(upload.objectKey, upload.multipartId)
}
