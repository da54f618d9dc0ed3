import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Database } from './platform/database/database.ts'
import type { Ffmpeg } from './platform/media/ffmpeg.ts'
import { createMediaReader } from './platform/media/media-reader.ts'
import type { WorkerEvents } from './platform/metrics/metric-events.ts'
import type { JobQueue, QueueMessage } from './platform/queue/job-queue.ts'
import type { ObjectStore } from './platform/storage/object-store.ts'
import { createTurnstile } from './platform/turnstile.ts'
import { type JobDeps, type JobTimes, jobTimes } from './processing/job-context.ts'
import { findLostJobs, recoverJobs } from './processing/recover-jobs.ts'
import { runMessage } from './processing/run-job.ts'
import { sweepScratch } from './processing/scratch.ts'
import { createSurroundings, isFaultOfSurroundings } from './processing/surroundings.ts'
import { tidyUp } from './worker-tidying.ts'

export interface WorkerDeps {
  readonly config: Pick<Config, 'worker'>
  readonly db: Database
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly ffmpeg: Ffmpeg
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly now: () => Date
  readonly times?: JobTimes
  /** Told of jobs that end; a command line counts nothing. */
  readonly events?: WorkerEvents
}

export interface Worker {
  /** Takes nothing new, stops what runs and gives its jobs back; a few seconds at most. May be called again. */
  stop(): Promise<void>
}

const recoverEveryMs = 5_000
const findLostEveryMs = 60_000
const firstTidyUpMs = 60_000
const tidyUpEveryMs = 3_600_000
const housekeepingEndMs = 3_000
const longPollSeconds = 20
/** After a fault of the queue, such as a database that is away. */
const pauseMs = 1_000
/** Jobs beyond those that encode: they keep the processors busy while another waits for disk, database or network. */
const aheadJobs = 1
const uncounted: WorkerEvents = { jobEnded: () => {}, trackPublished: () => {} }

/** Takes jobs off the queue until it is stopped and encodes as many at once as the settings say, or one a core. */
export async function startWorker ({ config, times = jobTimes, events = uncounted, ...deps }: WorkerDeps): Promise<Worker> {
  const slots = config.worker.concurrency === 0 ? availableParallelism() : config.worker.concurrency
  const { scratchDir } = config.worker
  await sweepScratch(scratchDir)
  const reader = createMediaReader({ children: slots })
  const encodingTurn = createTurnstile({ width: slots, queue: Infinity })
  const jobDeps: JobDeps = { ...deps, reader, encodingTurn, scratchDir, times, events, surroundings: createSurroundings(times.firstPauseMs) }
  const stopping = new AbortController()
  const { signal } = stopping
  const work = Promise.all(Array.from({ length: slots + aheadJobs }, () => serve(jobDeps, signal)))
  const housekeeping = Promise.all([
    repeat(() => recover(jobDeps), { firstMs: 0, everyMs: recoverEveryMs, log: deps.log, signal }),
    repeat(() => findLostJobs(jobDeps), { firstMs: 0, everyMs: findLostEveryMs, log: deps.log, signal }),
    repeat(() => tidyUp(jobDeps, signal), { firstMs: firstTidyUpMs, everyMs: tidyUpEveryMs, log: deps.log, signal })
  ])
  deps.log.info({ slots }, 'worker started')
  const stop = async () => {
    stopping.abort(new Error('the worker is stopping'))
    await work
    // What it does it will do again; nobody waits for it long.
    await Promise.race([housekeeping, delay(housekeepingEndMs, undefined, { ref: false })])
    await reader.close()
  }
  let stopped: Promise<void> | undefined
  return {
    stop () {
      stopped ??= stop()
      return stopped
    }
  }
}

async function recover (deps: JobDeps): Promise<void> {
  const wornOut = await recoverJobs(deps)
  for (let n = 0; n < wornOut; n++) deps.events.jobEnded({ stages: [], failedStage: 'worker' })
}

/** One slot: one message after the other. */
async function serve (deps: JobDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await deps.surroundings.ready(signal)
      const visibilitySeconds = deps.times.leaseSeconds
      const [message] = await deps.queue.receive({ max: 1, waitSeconds: longPollSeconds, visibilitySeconds, signal })
      if (message === undefined) continue
      if (signal.aborted) await deps.queue.hide(message, 0)
      else await runMessage(deps, message, signal).catch((err: unknown) => leave(deps, message, err))
    } catch (err) {
      deps.log.error({ err }, 'the queue can’t be read')
      await pause(pauseMs, signal)
    }
  }
}

/** It shows again by itself. */
function leave (deps: JobDeps, { id, receiveCount }: QueueMessage, err: unknown): void {
  deps.log.error({ err, messageId: id, receiveCount }, 'a message was left for later')
  // Its receipts are counted: without a database it must not be received to death.
  if (isFaultOfSurroundings(err)) deps.surroundings.failed()
}

interface Rhythm {
  readonly firstMs: number
  readonly everyMs: number
  readonly log: WorkerDeps['log']
  readonly signal: AbortSignal
}

async function repeat (task: () => Promise<unknown>, { firstMs, everyMs, log, signal }: Rhythm): Promise<void> {
  await pause(firstMs, signal)
  while (!signal.aborted) {
    await task().catch((err: unknown) => log.error({ err }, 'housekeeping failed'))
    await pause(everyMs, signal)
  }
}

async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => { if (!signal.aborted) throw error })
}
