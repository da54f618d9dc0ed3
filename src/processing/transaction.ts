import { setTimeout as delay } from 'node:timers/promises'
import type { Database, Transaction } from '../platform/database/database.ts'

const attempts = 5
/** Publications of one album wait for one another; each takes some tens of milliseconds. */
const limits = { maxWait: 10_000, timeout: 60_000 }

/** Runs a transaction, once more when Postgres ended it to undo a deadlock: nothing of it has happened then. */
export async function inTransaction<T> (db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.prisma.$transaction(work, limits)
    } catch (error) {
      if (attempt === attempts || !isDeadlock(error)) throw error
      await delay(Math.random() * 50 * attempt)
    }
  }
}

function isDeadlock (error: unknown): boolean {
  return error instanceof Error && (('code' in error && error.code === 'P2034') || /deadlock detected|40P01/.test(error.message))
}
