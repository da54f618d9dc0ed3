import type pg from 'pg'
import type { MetricEvents } from '../platform/metrics/metric-events.ts'
import type { Readings } from '../platform/metrics/readings.ts'
import { bucketOf, firstSound, latency } from './histogram.ts'
import { readShared, type SharedSources } from './shared-readings.ts'
import { writeSamples } from './write-samples.ts'

export interface SampleRecorderOptions extends SharedSources {
  readonly pool: Pick<pg.Pool, 'query'>
  /** Of processes of one kind there is a count. */
  readonly role: 'web' | 'worker' | 'all' | 'upload'
  readonly readings: () => Promise<Readings>
  readonly onError: (error: unknown) => void
}

export interface SampleRecorder extends MetricEvents {
  /** Adds what came together to this minute's samples. */
  flush(): Promise<void>
  start(): void
  /** Flushes once more. */
  stop(): Promise<void>
}

const everyMs = 60_000
/** Soon after the start there is something to see. */
const firstMs = 3_000

/**
 * Counts what happens in this process and adds it, once a minute and in one statement, to the samples that all
 * instances share. A minute that can't be written is lost and told: it is a picture, not a ledger.
 */
export function createSampleRecorder (options: SampleRecorderOptions): SampleRecorder {
  let counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const add = (name: string, value = 1): void => { counts.set(name, (counts.get(name) ?? 0) + value) }
  const flush = async (): Promise<void> => {
    const done = counts
    counts = new Map()
    const samples = new Map([...done, [options.role === 'worker' ? 'workers' : 'webProcesses', 1], ...await machineSamples(options)])
    await writeSamples(options.pool, samples)
    await readShared(options)
  }
  const attempt = async (): Promise<void> => { await flush().catch(options.onError) }
  return {
    requestAnswered ({ routeClass, status, seconds, shed }) {
      if (routeClass === null) return
      add('requests')
      if (shed) add('shed')
      else if (routeClass !== 'upload' && routeClass !== 'media') add(bucketOf(latency, seconds * 1_000))
      if (status >= 500 && !shed) add('serverErrors')
    },
    signInRefused: () => { add('signInsRefused') },
    playStarted: () => { add('plays') },
    playFailed: () => { add('playErrors') },
    soundStarted: ({ seconds }) => { add(bucketOf(firstSound, seconds * 1_000)) },
    soundStalled: ({ count }) => { add('stalls', count) },
    jobEnded: ({ failedStage }) => { add(failedStage === null ? 'jobsDone' : 'jobsFailed') },
    trackPublished: () => { add('published') },
    flush,
    start () {
      timer ??= setTimeout(() => {
        attempt()
        timer = setInterval(attempt, everyMs).unref()
      }, firstMs).unref()
    },
    async stop () {
      clearTimeout(timer)
      await attempt()
    }
  }
}

async function machineSamples ({ readings, onError }: SampleRecorderOptions): Promise<Array<readonly [string, number]>> {
  try {
    const { cpuPercent, memoryPercent, diskPercent, eventLoopDelayMs } = await readings()
    return [['cpu.max', cpuPercent], ['memory.max', memoryPercent], ['disk.max', diskPercent], ['eventLoopDelay.max', eventLoopDelayMs]]
  } catch (error) {
    onError(error)
    return []
  }
}
