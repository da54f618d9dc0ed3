import { type EmfGroup, emfLine, type EmfMetric, ValueCounts } from './emf.ts'
import type { MetricEvents } from './metric-events.ts'
import type { QueueCounts } from './queue-counts.ts'
import type { Readings } from './readings.ts'

export interface EmfOptions {
  /** Dimensions of every metric. */
  readonly stage: string
  readonly role: string
  /** Takes one line, without its end. */
  readonly write: (line: string) => void
  readonly readings: () => Promise<Readings>
  readonly queueCounts: () => Promise<QueueCounts>
  /** Told of readings that could not be had. */
  readonly onError: (error: unknown) => void
}

export interface EmfMetrics extends MetricEvents {
  /** Writes what came together since the last time. */
  flush(): Promise<void>
  /** Flushes every few seconds. */
  start(): void
  /** Flushes once more. */
  stop(): Promise<void>
}

/** A machine that is lost takes no more than this with it. */
const flushEveryMs = 10_000
/** Every process asks, all get the same answer: once a minute is what CloudWatch keeps. */
const queueEveryMs = 60_000

const ofStage = ['Stage']
const ofRole = ['Stage', 'Role']

/** What one flush writes. */
class Window {
  readonly counts = new Map<string, number>()
  /** By dimension, value of the dimension and name. */
  readonly split = new Map<string, Map<string, Map<string, number>>>()
  readonly latencies = new Map<string, ValueCounts>()
  readonly toPublish = new ValueCounts()
  /** Milliseconds from a listener's request to the first sound, by what made it. */
  readonly starts = new Map<string, ValueCounts>()
  stalledSeconds = 0

  count (name: string, by?: { readonly dimension: string, readonly value: string }, times = 1): void {
    if (by === undefined) {
      this.counts.set(name, this.of(name) + times)
      return
    }
    const values = getOrAdd(this.split, by.dimension, () => new Map<string, Map<string, number>>())
    const names = getOrAdd(values, by.value, () => new Map<string, number>())
    names.set(name, (names.get(name) ?? 0) + times)
  }

  of (name: string): number {
    return this.counts.get(name) ?? 0
  }
}

/** Collects events and writes them as CloudWatch's embedded metric format, with readings of the machine. */
export function emfMetrics (options: EmfOptions): EmfMetrics {
  let window = new Window()
  let queueReadAt = -Infinity
  let timer: NodeJS.Timeout | undefined

  const failed = (error: unknown): EmfMetric[] => {
    options.onError(error)
    return []
  }
  const flush = async (): Promise<void> => {
    const done = window
    window = new Window()
    const now = Date.now()
    const asksQueue = now - queueReadAt >= queueEveryMs
    if (asksQueue) queueReadAt = now
    const queue = asksQueue ? await options.queueCounts().then(queueMetrics, failed) : []
    const readings = await options.readings().then(readingMetrics, failed)
    writeWindow(done, { now, options, queue, readings })
  }

  return {
    requestAnswered ({ routeClass, status, seconds, shed }) {
      if (routeClass === null) return
      window.count('Requests')
      window.count('Requests', { dimension: 'RouteClass', value: routeClass })
      if (shed) window.count('RequestsShed')
      else getOrAdd(window.latencies, routeClass, () => new ValueCounts()).add(seconds * 1_000)
      if (status >= 500 && !shed) window.count('ServerErrors')
    },
    signInRefused (reason) {
      window.count('SignInsRefused')
      window.count('SignInsRefused', { dimension: 'Reason', value: reason })
    },
    playStarted: () => { window.count('PlaysStarted') },
    playFailed (reason) {
      window.count('PlayErrors')
      window.count('PlayErrors', { dimension: 'Reason', value: reason })
    },
    soundStarted ({ sound, prepared, seconds }) {
      getOrAdd(window.starts, prepared ? `${sound}-prepared` : sound, () => new ValueCounts()).add(seconds * 1_000)
    },
    soundStalled ({ count, seconds }) {
      window.count('PlayStalls', undefined, count)
      window.stalledSeconds += seconds
    },
    jobEnded ({ stages, failedStage }) {
      window.count(failedStage === null ? 'JobsDone' : 'JobsFailed')
      for (const value of stages) window.count('JobsDone', { dimension: 'Processor', value })
      if (failedStage !== null) window.count('JobsFailed', { dimension: 'Processor', value: failedStage })
    },
    trackPublished: (seconds) => { window.toPublish.add(seconds) },
    flush,
    start () {
      timer ??= setInterval(() => { flush().catch(options.onError) }, flushEveryMs).unref()
    },
    async stop () {
      clearInterval(timer)
      await flush()
    }
  }
}

interface Flushed {
  readonly now: number
  readonly options: EmfOptions
  readonly queue: readonly EmfMetric[]
  readonly readings: readonly EmfMetric[]
}

function writeWindow (window: Window, { now, options: { stage, role, write }, queue, readings }: Flushed): void {
  const line = (more: Readonly<Record<string, string>>, ...groups: EmfGroup[]) => { write(emfLine(now, { Stage: stage, Role: role, ...more }, groups)) }
  for (const [routeClass, latencies] of window.latencies) {
    for (const value of latencies.distributions()) line({ RouteClass: routeClass }, { dimensionSets: [ofStage, ofRole, [...ofRole, 'RouteClass']], metrics: [{ name: 'RequestMs', unit: 'Milliseconds', value }] })
  }
  for (const [sound, starts] of window.starts) {
    for (const value of starts.distributions()) line({ Sound: sound }, { dimensionSets: [ofStage, [...ofRole, 'Sound']], metrics: [{ name: 'PlayStartMs', unit: 'Milliseconds', value }] })
  }
  for (const value of window.toPublish.distributions()) line({}, { dimensionSets: [ofStage, ofRole], metrics: [{ name: 'SecondsToPublish', unit: 'Seconds', value }] })
  for (const [dimension, values] of window.split) {
    for (const [value, names] of values) line({ [dimension]: value }, { dimensionSets: [[...ofRole, dimension]], metrics: [...names].map(([name, count]) => counted(name, count)) })
  }
  const summed = { dimensionSets: [ofStage, ofRole], metrics: [...totals(window, role), ...queue] }
  if (readings.length === 0) line({}, summed)
  else line({}, summed, { dimensionSets: [ofRole], metrics: readings })
}

/** Zeros too: an alarm tells quiet from dead by them. */
function totals (window: Window, role: string): EmfMetric[] {
  if (role === 'worker') {
    const [done, failed] = [window.of('JobsDone'), window.of('JobsFailed')]
    const share: EmfMetric[] = done + failed === 0 ? [] : [{ name: 'JobsFailedPercent', unit: 'Percent', value: failed / (done + failed) * 100 }]
    return [counted('JobsDone', done), counted('JobsFailed', failed), ...share]
  }
  const [requests, shed] = [window.of('Requests'), window.of('RequestsShed')]
  return [
    ...['Requests', 'RequestsShed', 'ServerErrors', 'SignInsRefused', 'PlaysStarted', 'PlayErrors', 'PlayStalls'].map((name) => counted(name, window.of(name))),
    { name: 'PlayStalledSeconds', unit: 'Seconds', value: rounded(window.stalledSeconds) },
    { name: 'ShedPercent', unit: 'Percent', value: requests === 0 ? 0 : shed / requests * 100 }
  ]
}

function queueMetrics ({ waiting, inFlight, dead, oldestSeconds }: QueueCounts): EmfMetric[] {
  return [
    counted('QueueWaiting', waiting), counted('QueueInFlight', inFlight), counted('QueueDead', dead),
    ...(oldestSeconds === null ? [] : [{ name: 'QueueOldestSeconds', unit: 'Seconds', value: rounded(oldestSeconds) } as const])
  ]
}

function readingMetrics ({ eventLoopDelayMs, cpuPercent, memoryPercent, diskPercent }: Readings): EmfMetric[] {
  const percent = (name: string, value: number): EmfMetric => ({ name, unit: 'Percent', value: rounded(value) })
  return [
    { name: 'EventLoopDelayMs', unit: 'Milliseconds', value: rounded(eventLoopDelayMs) },
    percent('CpuPercent', cpuPercent), percent('MemoryPercent', memoryPercent), percent('DiskPercent', diskPercent)
  ]
}

function counted (name: string, value: number): EmfMetric {
  return { name, unit: 'Count', value }
}

function rounded (value: number): number {
  return Math.round(value * 100) / 100
}

function getOrAdd<K, V> (map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
