import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../platform/database/database.ts'
import type { Claim } from './claim.ts'

const pauseMs = 300

export interface StageWriter {
  show(stage: string): void
  /** Nothing is written any more once this has resolved. */
  close(): Promise<void>
}

/**
 * Writes the newest stage to the job and its upload, at most a few times a second: stages that pass more quickly are
 * not worth a write. A failed write is told to `onError` and changes nothing else.
 */
export function stageWriter (db: Database, { job, fence }: Claim, onError: (error: unknown) => void): StageWriter {
  const closed = new AbortController()
  let wanted: string | undefined
  let writing: Promise<void> | undefined
  const write = async () => {
    for (let shown: string | undefined; wanted !== shown && !closed.signal.aborted; await pause(closed.signal)) {
      shown = wanted
      await db.pool.query(
        `WITH shown AS (UPDATE job SET stage = $3 WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING upload_id)
         UPDATE upload SET stage = $3, updated_at = now() FROM shown WHERE upload.id = shown.upload_id AND upload.state = 'received'`,
        [job.id, fence, shown])
    }
  }
  return {
    show (stage) {
      wanted = stage
      writing ??= write().catch(onError).finally(() => { writing = undefined })
    },
    async close () {
      closed.abort()
      await writing
    }
  }
}

async function pause (signal: AbortSignal): Promise<void> {
  await delay(pauseMs, undefined, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error })
}
