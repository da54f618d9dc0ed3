import type { Database } from '../platform/database/database.ts'
import { enqueueJob, uploadJobKey } from './jobs.ts'

const incomingKey = /^incoming\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/**
 * Takes the store's word that an upload's bytes have arrived, for the browser that closed before it could say so.
 * An event that comes twice, late, or for something that is not an upload changes nothing; nor does one of another size
 * than the ticket's.
 */
export async function receiveObject (db: Database, { key, sizeBytes }: { readonly key: string, readonly sizeBytes: number }): Promise<void> {
  const uploadId = incomingKey.exec(key)?.[1]
  if (uploadId === undefined) return
  await db.prisma.$transaction(async (tx) => {
    await tx.upload.updateMany({ where: { id: uploadId, state: 'open', sizeBytes: BigInt(sizeBytes) }, data: { state: 'received', multipartId: null } })
    const received = await tx.upload.count({ where: { id: uploadId, state: 'received' } })
    if (received === 1) await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(uploadId), uploadId })
  })
}
