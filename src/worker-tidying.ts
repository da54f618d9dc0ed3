import { forgetEndedSessions } from './accounts/sessions.ts'
import { refreshTiers } from './catalog/refresh-tiers.ts'
import { forgetOldSamples } from './health/health-series.ts'
import { dropAbandonedParts } from './processing/abandoned-parts.ts'
import { enqueueBackfills } from './processing/backfill.ts'
import type { JobDeps } from './processing/job-context.ts'
import { sweepGraceMs, sweepObjects } from './processing/sweep-objects.ts'
import { forgetSharePlays } from './sharing/share-plays.ts'
import { forgetOldSignatures } from './streaming/artwork-access.ts'
import { expireOpenUploads } from './uploads/cancel-upload.ts'

/** Any number: one worker of the fleet tidies up at a time. */
const tidyLockKey = 7_270_736_912
/** Nobody has gone on with the upload for so long. */
const openUploadMs = 7 * 24 * 3_600_000
/** A session that ended may still explain something for a while. */
const endedSessionMs = 30 * 24 * 3_600_000
/** No write takes so long from its last byte to its name. */
const leftoverMs = 3_600_000

/** What has to be done now and then, by one worker whichever: garbage, given-up uploads, backfills, the search's order. */
export async function tidyUp ({ db, store, now, log }: Pick<JobDeps, 'db' | 'store' | 'now' | 'log'>, signal: AbortSignal): Promise<void> {
  const client = await db.pool.connect()
  try {
    const { rows: [row] } = await client.query<{ ours: boolean }>('SELECT pg_try_advisory_lock($1) AS ours', [tidyLockKey])
    if (row?.ours !== true) return
    const expired = await expireOpenUploads(db, store, new Date(now().getTime() - openUploadMs))
    const swept = await sweepObjects({ db, store, now, signal })
    const abandonedParts = await dropAbandonedParts(store, new Date(now().getTime() - sweepGraceMs))
    await forgetEndedSessions(db, new Date(now().getTime() - endedSessionMs))
    await forgetOldSignatures(db, now())
    await forgetOldSamples(db)
    await forgetSharePlays(db, now())
    const leftoverBytes = await store.removeLeftovers(new Date(now().getTime() - leftoverMs))
    const backfills = await enqueueBackfills(db)
    await refreshTiers(db)
    log.info({ expired, ...swept, abandonedParts, leftoverBytes, backfills }, 'tidied up')
  } finally {
    // Closing the connection gives the lock up, whatever state it is in.
    client.release(true)
  }
}
