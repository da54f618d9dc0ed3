import type { Logger } from 'pino'
import type { Database } from '../platform/database/database.ts'
import type { Ffmpeg } from '../platform/media/ffmpeg.ts'
import type { MediaReader } from '../platform/media/media-reader.ts'
import type { WorkerEvents } from '../platform/metrics/metric-events.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import type { Turnstile } from '../platform/turnstile.ts'
import type { Surroundings } from './surroundings.ts'

/** How jobs are timed; tests shorten what takes minutes. */
export interface JobTimes {
  /** A worker that says nothing for so long has lost its job. */
  readonly leaseSeconds: number
  /** Pause after the first failed attempt. */
  readonly firstRetryMs: number
  /** Pause after the first fault of the surroundings. */
  readonly firstPauseMs: number
}

export const jobTimes: JobTimes = { leaseSeconds: 20, firstRetryMs: 5_000, firstPauseMs: 2_000 }

/** What all jobs of a worker have in common. */
export interface JobDeps {
  readonly db: Database
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly ffmpeg: Ffmpeg
  readonly reader: MediaReader
  /** Encoding waits its turn here: one ffmpeg a slot, while one job more fetches, reads or publishes. */
  readonly encodingTurn: Turnstile
  readonly scratchDir: string
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly now: () => Date
  readonly times: JobTimes
  readonly events: WorkerEvents
  readonly surroundings: Surroundings
}

/** The same for one run of one job. */
export interface JobContext extends JobDeps {
  /** Aborted when the worker stops or has lost its claim. */
  readonly signal: AbortSignal
  /** Shown on the job and its upload: fetch, read, renditions, artwork, publish. */
  readonly onStage: (stage: string) => void
}
