import { firstSound, type Histogram, latency, percentile } from './histogram.ts'
import { thresholds } from './thresholds.ts'

/** The samples of one step, by name. */
export type Step = ReadonlyMap<string, number>

export type Unit = 'count' | 'percent' | 'ms' | 'seconds' | 'bytes'

/** One number of the health page and how it is had. */
export interface Figure {
  readonly id: string
  readonly group: 'play' | 'queue' | 'cost' | 'errors' | 'machine'
  readonly unit: Unit
  /** In the figure's unit; null: nobody minds. */
  readonly threshold: number | null
  /** null: nothing to tell of that step. */
  readonly of: (step: Step) => number | null
  /** Goes on as it was where it wasn't read. */
  readonly holds?: true
}

const count = (name: string) => (step: Step): number => step.get(name) ?? 0
const reading = (name: string) => (step: Step): number | null => step.get(name) ?? null
const share = (part: string, ...whole: readonly string[]) => (step: Step): number | null => {
  const all = whole.reduce((sum, name) => sum + count(name)(step), 0)
  return all === 0 ? null : Math.min(100, 100 * count(part)(step) / all)
}
const p95 = (histogram: Histogram) => (step: Step): number | null => percentile(histogram, (bucket) => step.get(bucket) ?? 0, 0.95)
/** Processes write once a minute. */
const present = (name: string) => (step: Step): number | null => {
  const minutes = step.get('minutes') ?? 0
  return minutes === 0 ? null : Math.round(count(name)(step) / minutes)
}

export const figures: readonly Figure[] = [
  { id: 'playErrors', group: 'play', unit: 'percent', threshold: thresholds['play-errors'], of: share('playErrors', 'plays', 'playErrors') },
  { id: 'plays', group: 'play', unit: 'count', threshold: null, of: count('plays') },
  { id: 'firstSound', group: 'play', unit: 'ms', threshold: null, of: p95(firstSound) },
  { id: 'stalls', group: 'play', unit: 'count', threshold: null, of: count('stalls') },
  { id: 'latency', group: 'play', unit: 'ms', threshold: thresholds['latency-high'] * 1_000, of: p95(latency) },
  { id: 'waiting', group: 'queue', unit: 'count', threshold: null, of: reading('jobsWaiting.max') },
  { id: 'oldest', group: 'queue', unit: 'seconds', threshold: thresholds['queue-age'], of: reading('jobsOldest.max') },
  { id: 'jobsFailing', group: 'queue', unit: 'percent', threshold: thresholds['jobs-failing'], of: share('jobsFailed', 'jobsDone', 'jobsFailed') },
  { id: 'dead', group: 'queue', unit: 'count', threshold: thresholds['dead-letters'], of: reading('queueDead.max') },
  { id: 'workers', group: 'queue', unit: 'count', threshold: null, of: present('workers') },
  { id: 'originals', group: 'cost', unit: 'bytes', threshold: null, of: reading('storage.originals.max'), holds: true },
  { id: 'renditions', group: 'cost', unit: 'bytes', threshold: null, of: reading('storage.renditions.max'), holds: true },
  { id: 'artwork', group: 'cost', unit: 'bytes', threshold: null, of: reading('storage.artwork.max'), holds: true },
  { id: 'disk', group: 'cost', unit: 'percent', threshold: thresholds['disk-full'], of: reading('disk.max') },
  { id: 'serverErrors', group: 'errors', unit: 'percent', threshold: thresholds['errors-5xx'], of: share('serverErrors', 'requests') },
  { id: 'shed', group: 'errors', unit: 'percent', threshold: thresholds['requests-shed'], of: share('shed', 'requests') },
  { id: 'requests', group: 'errors', unit: 'count', threshold: null, of: count('requests') },
  { id: 'cpu', group: 'machine', unit: 'percent', threshold: thresholds['cpu-high'], of: reading('cpu.max') },
  { id: 'memory', group: 'machine', unit: 'percent', threshold: thresholds['memory-high'], of: reading('memory.max') },
  { id: 'connections', group: 'machine', unit: 'percent', threshold: thresholds['database-connections'], of: reading('databaseConnections.max') },
  { id: 'database', group: 'machine', unit: 'bytes', threshold: null, of: reading('databaseBytes.max') },
  { id: 'webProcesses', group: 'machine', unit: 'count', threshold: null, of: present('webProcesses') }
]
