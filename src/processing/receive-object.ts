import type { Database } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { enqueueJob, uploadJobKey } from './jobs.ts'

const incomingKey = /^incoming\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * Takes the store's word that an upload's bytes have arrived, for the browser that closed before it could say so.
 * An event that comes twice, late, or for something that is not an upload changes nothing; nor does one of another
 * bucket, or of another size than the ticket's: what counts is what the store has now.
 */
export async function receiveObject ({ db, store }: { readonly db: Database, readonly store: Pick<ObjectStore, 'head'> }, { key }: { readonly key: string }): Promise<void> {
  const uploadId = incomingKey.exec(key)?.[1]
  if (uploadId === undefined) return
  const object = await store.head(key)
  if (object === null) return
  await db.prisma.$transaction(async (tx) => {
    await tx.upload.updateMany({ where: { id: uploadId, state: 'open', sizeBytes: BigInt(object.sizeBytes) }, data: { state: 'received', multipartId: null } })
    const received = await tx.upload.count({ where: { id: uploadId, state: 'received' } })
    if (received === 1) await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(uploadId), uploadId })
  })
}
