import { setTimeout as delay } from 'node:timers/promises'
import { isDatabaseAway } from '../platform/database/database-away.ts'
import type { QueueMessage } from '../platform/queue/job-queue.ts'
import { backfillTrack } from './backfill.ts'
import { type Claim, ClaimLostError, claimJob, extendLease, failJob, type JobFault, postponeJob, releaseJob } from './claim.ts'
import type { JobContext, JobDeps } from './job-context.ts'
import { type JobKind, relayJobs } from './jobs.ts'
import { parseMessage } from './object-events.ts'
import { processUpload } from './process-upload.ts'
import { cleanLines } from './processors/clean-text.ts'
import { receiveObject } from './receive-object.ts'
import { withScratchFolder } from './scratch.ts'
import { stageWriter } from './show-stage.ts'
import { tellJobs, tellUpload } from './tell-upload.ts'
import { isFaultOfSurroundings } from './surroundings.ts'

const handlers: Record<JobKind, (context: JobContext, claim: Claim, folder: string) => Promise<void>> = {
  'process-upload': processUpload,
  'backfill-track': backfillTrack
}

/** The lease is renewed this many times before it would lapse. */
const heartbeatsPerLease = 4
const retryFactor = 6
/** What still fails for its surroundings after so long fails for a reason that a person must look at. */
const patienceMs = 86_400_000
const databaseRetryMs = 1_000

/**
 * Does what a message asks for and then deletes it; a message that can't be dealt with now is shown again later.
 * @param stop aborted when the worker ends: the job is then given back as if it had not been tried
 */
export async function runMessage (deps: JobDeps, message: QueueMessage, stop: AbortSignal): Promise<void> {
  const jobIds: string[] = []
  for (const instruction of parseMessage(message.body)) {
    if (instruction.kind === 'run-job') jobIds.push(instruction.jobId)
    else await receiveObject(deps, instruction)
  }
  // What an event of the store gave rise to goes through the queue like every other job.
  if (jobIds.length === 0) await relayJobs(deps)
  let again: number | undefined
  for (const jobId of jobIds) again = await runJob(deps, { jobId, message }, stop)
  if (again === undefined) await deps.queue.delete(message)
  else await deps.queue.hide(message, again)
}

/** @returns seconds after which the message is to be seen again; undefined when it has served its purpose */
async function runJob (deps: JobDeps, { jobId, message }: { readonly jobId: string, readonly message: QueueMessage }, stop: AbortSignal): Promise<number | undefined> {
  const outcome = await claimJob(deps.db, jobId, deps.times.leaseSeconds)
  if (outcome.kind === 'waits') return outcome.seconds
  // Shown again until the queue takes it for dead: the dead letter says that somebody should look.
  if (outcome.kind === 'failed') return 0
  // A double. Should the worker that has the job die, the sweep sends the job again.
  if (outcome.kind !== 'claimed') return undefined
  return attempt(deps, { claim: outcome.claim, message }, stop)
}

async function attempt (deps: JobDeps, { claim, message }: { readonly claim: Claim, readonly message: QueueMessage }, stop: AbortSignal): Promise<number | undefined> {
  const { db, log } = deps
  const { job } = claim
  const lost = new AbortController()
  const heartbeat = setInterval(() => {
    beat(deps, claim, message).then((held) => { if (!held) lost.abort(new ClaimLostError(job.id)) }, (err: unknown) => log.warn({ err, jobId: job.id }, 'a lease was not renewed'))
  }, deps.times.leaseSeconds * 1_000 / heartbeatsPerLease)
  const stages = stageWriter(db, claim, (err) => log.warn({ err, jobId: job.id }, 'a stage was not shown'))
  const passed: string[] = []
  const onStage = (stage: string) => {
    passed.push(stage)
    stages.show(stage)
  }
  const context = { ...deps, signal: AbortSignal.any([stop, lost.signal]), onStage }
  try {
    const handler = handlerOf(job.kind)
    await withScratchFolder(deps.scratchDir, (folder) => handler(context, claim, folder))
    deps.surroundings.worked()
    deps.events.jobEnded({ stages: passed, failedStage: null })
    log.info({ jobId: job.id, kind: job.kind, uploadId: job.uploadId, attempt: job.attempts }, 'job done')
    return undefined
  } catch (error) {
    return await settleOnceReachable(deps, { claim, error, passed, stop })
  } finally {
    clearInterval(heartbeat)
    await stages.close()
  }
}

async function beat ({ db, queue, times }: JobDeps, claim: Claim, message: QueueMessage): Promise<boolean> {
  const held = await extendLease(db, claim, times.leaseSeconds)
  if (held) await queue.hide(message, times.leaseSeconds)
  return held
}

function handlerOf (kind: string) {
  const entry = Object.entries(handlers).find(([name]) => name === kind)
  if (entry === undefined) throw new Error(`this version of Freshet has no handler for jobs of kind ${kind}`)
  return entry[1]
}

interface Unfinished {
  readonly claim: Claim
  readonly error: unknown
  /** The stages it went through; in the last one it ended. */
  readonly passed: readonly string[]
  readonly stop: AbortSignal
}

/** A database that is away takes no note of anything: until it is back, or the worker ends. */
async function settleOnceReachable (deps: JobDeps, unfinished: Unfinished): Promise<number | undefined> {
  for (;;) {
    try {
      return await settle(deps, unfinished)
    } catch (error) {
      if (!isDatabaseAway(error) || unfinished.stop.aborted) throw error
      await delay(databaseRetryMs)
    }
  }
}

async function settle (deps: JobDeps, { claim, error, passed, stop }: Unfinished): Promise<number | undefined> {
  const { db, log } = deps
  const { job } = claim
  const facts = { jobId: job.id, kind: job.kind, uploadId: job.uploadId, attempt: job.attempts }
  if (error instanceof ClaimLostError) {
    log.warn(facts, 'job taken over by another worker')
    return undefined
  }
  if (stop.aborted) {
    await releaseJob(db, claim)
    // By a new message, because this one's receipts count towards its death.
    await relayJobs(deps)
    log.info(facts, 'job given back')
    return undefined
  }
  if (isFaultOfSurroundings(error) && deps.now().getTime() - (job.startedAt ?? deps.now()).getTime() < patienceMs) {
    const pauseMs = deps.surroundings.failed()
    await postponeJob(db, claim, { fault: faultOf(error), pauseMs })
    log.warn({ ...facts, err: error, pauseMs: Math.round(pauseMs) }, 'job put off: it could not be done here and now')
    return undefined
  }
  const retryInMs = deps.times.firstRetryMs * retryFactor ** (job.attempts - 1) * (0.5 + Math.random())
  const state = await failJob(db, claim, faultOf(error), retryInMs)
  if (state === 'failed') await tellFailed(deps, claim, faultOf(error))
  if (state === 'failed') deps.events.jobEnded({ stages: passed.slice(0, -1), failedStage: passed.at(-1) ?? 'start' })
  log.error({ ...facts, err: error, state }, 'job failed')
  return state === 'failed' ? 0 : retryInMs / 1_000
}

/** Nothing depends on the news: whoever looks finds the upload as it is. */
async function tellFailed ({ db, log }: JobDeps, { job }: Claim, { code, message }: JobFault): Promise<void> {
  const told = job.uploadId === null ? tellJobs(db) : tellUpload(db, { id: job.uploadId, state: 'failed', reasonCode: code, reason: message })
  await told.catch((err: unknown) => log.warn({ err, jobId: job.id }, 'nobody was told of a failed job'))
}

function faultOf (error: unknown): JobFault {
  const message = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'PROCESSING_FAULT'
  return { code, message: cleanLines(message, 2_000) ?? code }
}
