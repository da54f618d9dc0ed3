import { setTimeout as delay } from 'node:timers/promises'
import type { Database } from '../platform/database/database.ts'
import type { Claim } from './claim.ts'
import { tellUpload } from './tell-upload.ts'
import { inTransaction } from './transaction.ts'

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
export function stageWriter (db: Database, claim: Claim, onError: (error: unknown) => void): StageWriter {
  const closed = new AbortController()
  let wanted: string | undefined
  let writing: Promise<void> | undefined
  const write = async () => {
    for (let shown: string | undefined; wanted !== shown && !closed.signal.aborted; await pause(closed.signal)) {
      shown = wanted
      await writeStage(db, claim, shown ?? null)
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

/** In one transaction: told by itself, a stage could arrive after the news that the upload is over. */
async function writeStage (db: Database, { job, fence }: Claim, stage: string | null): Promise<void> {
  await inTransaction(db, async (tx) => {
    const uploads = await tx.$executeRaw`
      WITH shown AS (UPDATE job SET stage = ${stage} WHERE id = ${job.id}::uuid AND fence = ${fence} AND state = 'running' RETURNING upload_id)
      UPDATE upload SET stage = ${stage}, updated_at = now() FROM shown WHERE upload.id = shown.upload_id AND upload.state = 'received'`
    if (uploads > 0 && job.uploadId !== null) await tellUpload(tx, { id: job.uploadId, state: 'received', stage })
  })
}

async function pause (signal: AbortSignal): Promise<void> {
  await delay(pauseMs, undefined, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error })
}
