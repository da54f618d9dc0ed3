import type { ObjectStore } from '../platform/storage/object-store.ts'

/** Where workers write; what browsers send goes by the ticket's life instead. */
const prefixes = ['media/', 'originals/']

/**
 * Drops the parts that a worker sent and never put together, because it was killed meanwhile: nobody sees them, and
 * the store keeps them for ever.
 * @returns how many such uploads there were
 */
export async function dropAbandonedParts (store: ObjectStore, olderThan: Date): Promise<number> {
  let dropped = 0
  for (const prefix of prefixes) {
    for await (const { key, multipartId, startedAt } of store.listMultiparts(prefix)) {
      if (startedAt >= olderThan) continue
      await store.abortMultipart(key, multipartId)
      dropped++
    }
  }
  return dropped
}
