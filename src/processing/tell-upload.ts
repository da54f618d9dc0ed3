import type { Database, Transaction } from '../platform/database/database.ts'
import { tell } from '../platform/database/notifications.ts'

export interface UploadNews {
  readonly id: string
  /** `failed`: received, and its job has used up its attempts. */
  readonly state: 'received' | 'published' | 'duplicate' | 'rejected' | 'failed'
  readonly stage?: string | null
  readonly trackId?: string | null
  readonly reasonCode?: string | null
  readonly reason?: string | null
}

/** An event has room for 7.9 kB. */
const longestReason = 500

/**
 * Tells the browsers of curators how an upload is getting on. Who may upload may see jobs, so one event reaches the
 * uploader and those who watch the work; stages come at most a few times a second and job (show-stage.ts).
 */
export async function tellUpload (db: Database | Transaction, news: UploadNews): Promise<void> {
  const { reason } = news
  await tell(db, { to: { permission: 'see jobs' }, topic: 'upload', data: { ...news, ...(typeof reason === 'string' ? { reason: reason.slice(0, longestReason) } : {}) } })
}

/** Tells that jobs changed: whoever shows their counts asks anew. */
export async function tellJobs (db: Database | Transaction): Promise<void> {
  await tell(db, { to: { permission: 'see jobs' }, topic: 'job', data: {} })
}
