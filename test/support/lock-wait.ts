import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../../src/platform/database/database.ts'

/** Resolves as soon as a statement waits for a lock that another transaction holds. */
export async function untilSomeoneWaits ({ pool }: Pick<Database, 'pool'>): Promise<void> {
  for (;;) {
    const { rows: [row] } = await pool.query<{ waits: boolean }>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock') AS waits")
    if (row?.waits === true) return
    await delay(5)
  }
}
