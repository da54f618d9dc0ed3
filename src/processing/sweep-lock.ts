import type { Transaction } from '../platform/database/database.ts'

/** Any number, the same in every version: who publishes holds it shared, who deletes garbage holds it alone. */
export const sweepLockKey = 7_270_736_913

/** From here to the commit no garbage is deleted: an object that is seen to exist stays. */
export async function holdSweep (tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock_shared(${sweepLockKey}::bigint)`
}
