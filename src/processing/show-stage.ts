import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../platform/database/database.ts'
import type { Claim } from './claim.ts'

const pauseMs = 300

/**
 * Writes the newest stage to the job and its upload, at most a few times a second: stages that pass more quickly are
 * not worth a write. A failed write is told to `onError` and changes nothing else.
 */
export function stageWriter (db: Database, { job, fence }: Claim, onError: (error: unknown) => void): (stage: string) => void {
  let wanted: string | undefined
  let writing = false
  const write = async () => {
    for (let shown: string | undefined; wanted !== shown; await delay(pauseMs)) {
      shown = wanted
      await db.pool.query(
        `WITH shown AS (UPDATE job SET stage = $3 WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING upload_id)
         UPDATE upload SET stage = $3, updated_at = now() FROM shown WHERE upload.id = shown.upload_id AND upload.state = 'received'`,
        [job.id, fence, shown])
    }
  }
  return (stage) => {
    wanted = stage
    if (writing) return
    writing = true
    write().catch(onError).finally(() => { writing = false })
  }
}
