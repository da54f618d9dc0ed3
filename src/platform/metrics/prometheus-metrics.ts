import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ReplicaFigures } from '../database/read-replica.ts'
import type { MetricEvents } from './metric-events.ts'
import type { QueueCounts } from './queue-counts.ts'
import type { Readings } from './readings.ts'

/** Seconds; from a cached read to what a listener would call broken. */
const latencyBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15]
/** Seconds; from a start that nobody notices to one that nobody waits for. */
const startBuckets = [0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10]
/** Seconds; from a short song to an archive's last. */
const publishBuckets = [2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400]

const unknownCounts: QueueCounts = { waiting: NaN, inFlight: NaN, dead: NaN, oldestSeconds: null }
const unknownReadings: Readings = { eventLoopDelayMs: NaN, cpuPercent: NaN, memoryPercent: NaN, diskPercent: NaN }

export interface PrometheusSources {
  /** Asked at each scrape. */
  readonly queueCounts: () => Promise<QueueCounts>
  readonly readings: () => Promise<Readings>
  /** Of a process that has a replica to read. */
  readonly replica?: (() => ReplicaFigures) | undefined
}

export interface PrometheusMetrics extends MetricEvents {
  /** In the text form of Prometheus. */
  text(): Promise<string>
  readonly contentType: string
}

/** A registry of its own, so that two servers in one process don't add up. */
export function prometheusMetrics (sources: PrometheusSources): PrometheusMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = [queueGauges(registry, sources.queueCounts), readingGauges(registry, sources.readings)]
  if (sources.replica !== undefined) gauges.push(replicaGauges(registry, sources.replica))
  return {
    ...webCounters(registry),
    ...soundCounters(registry),
    ...workerCounters(registry),
    async text () {
      await Promise.all(gauges.map((bringUpToDate) => bringUpToDate()))
      return registry.metrics()
    },
    contentType: registry.contentType
  }
}

function webCounters (registry: Registry): Pick<MetricEvents, 'requestAnswered' | 'signInRefused' | 'playStarted' | 'playFailed'> {
  const registers = [registry]
  const requests = new Counter({ name: 'freshet_http_requests_total', help: 'Requests answered.', labelNames: ['method', 'route', 'status'], registers })
  const latency = new Histogram({ name: 'freshet_http_request_seconds', help: 'Time from headers to answer.', labelNames: ['route'], buckets: latencyBuckets, registers })
  const shed = new Counter({ name: 'freshet_http_requests_shed_total', help: 'Requests turned away because the event loop was behind, or too many waited for the database.', registers })
  const errors = new Counter({ name: 'freshet_server_errors_total', help: 'Answers of 500 and above, without those turned away and probes.', registers })
  const refused = new Counter({ name: 'freshet_sign_ins_refused_total', help: 'Sign-ins refused.', labelNames: ['reason'], registers })
  const plays = new Counter({ name: 'freshet_plays_started_total', help: 'Plays that began to sound, as players reported it.', registers })
  const playErrors = new Counter({ name: 'freshet_play_errors_total', help: 'Faults of playing that players reported.', labelNames: ['reason'], registers })
  return {
    requestAnswered ({ method, route, routeClass, status, seconds, shed: wasShed }) {
      requests.inc({ method, route, status: `${Math.floor(status / 100)}xx` })
      // Who is turned away is made to wait, and an event stream lasts: neither says how long answering takes.
      if (!wasShed && routeClass !== null) latency.observe({ route }, seconds)
      if (wasShed) shed.inc()
      else if (status >= 500 && routeClass !== null) errors.inc()
    },
    signInRefused: (reason) => { refused.inc({ reason }) },
    playStarted: () => { plays.inc() },
    playFailed: (reason) => { playErrors.inc({ reason }) }
  }
}

function soundCounters (registry: Registry): Pick<MetricEvents, 'soundStarted' | 'soundStalled'> {
  const registers = [registry]
  const starts = new Histogram({ name: 'freshet_play_start_seconds', help: 'Time from a listener’s request to the first sound, as players reported it.', labelNames: ['sound', 'prepared'], buckets: startBuckets, registers })
  const stalls = new Counter({ name: 'freshet_play_stalls_total', help: 'Silences within plays that nobody asked for.', registers })
  const stalled = new Counter({ name: 'freshet_play_stalled_seconds_total', help: 'Seconds of such silence.', registers })
  return {
    soundStarted: ({ sound, prepared, seconds }) => { starts.observe({ sound, prepared: prepared ? 'yes' : 'no' }, seconds) },
    soundStalled ({ count, seconds }) {
      stalls.inc(count)
      stalled.inc(seconds)
    }
  }
}

function workerCounters (registry: Registry): Pick<MetricEvents, 'jobEnded' | 'trackPublished'> {
  const registers = [registry]
  const jobs = new Counter({ name: 'freshet_jobs_total', help: 'Jobs that ended.', labelNames: ['outcome'], registers })
  const processors = new Counter({ name: 'freshet_job_processors_total', help: 'Parts of jobs that ended, by processor.', labelNames: ['processor', 'outcome'], registers })
  const published = new Histogram({ name: 'freshet_publish_seconds', help: 'Time from the last byte of an upload to its track.', buckets: publishBuckets, registers })
  return {
    jobEnded ({ stages, failedStage }) {
      jobs.inc({ outcome: failedStage === null ? 'done' : 'failed' })
      for (const processor of stages) processors.inc({ processor, outcome: 'done' })
      if (failedStage !== null) processors.inc({ processor: failedStage, outcome: 'failed' })
    },
    trackPublished: (seconds) => { published.observe(seconds) }
  }
}

/** @returns what brings the gauges up to date */
function queueGauges (registry: Registry, queueCounts: PrometheusSources['queueCounts']): () => Promise<void> {
  const registers = [registry]
  const oldest = new Gauge({ name: 'freshet_queue_oldest_seconds', help: 'Age of the oldest waiting message.', registers })
  const messages = new Gauge({ name: 'freshet_queue_messages', help: 'Messages in the job queue.', labelNames: ['state'], registers })
  return async () => {
    // While the database is away all other figures are wanted the more.
    const { waiting, inFlight, dead, oldestSeconds } = await queueCounts().catch(() => unknownCounts)
    messages.set({ state: 'waiting' }, waiting)
    messages.set({ state: 'in_flight' }, inFlight)
    messages.set({ state: 'dead' }, dead)
    oldest.set(oldestSeconds ?? NaN)
  }
}

/** @returns what brings the gauges up to date */
function readingGauges (registry: Registry, readings: PrometheusSources['readings']): () => Promise<void> {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const delay = gauge('freshet_event_loop_delay_seconds', '99th percentile since the last scrape.')
  const cpu = gauge('freshet_cpu_percent', 'Share of the machine’s processors that is busy.')
  const memory = gauge('freshet_memory_percent', 'Share of the memory that is taken: of the machine, or of this process’s limit.')
  const disk = gauge('freshet_disk_percent', 'Share of the data volume that is taken.')
  return async () => {
    const now = await readings().catch(() => unknownReadings)
    delay.set(now.eventLoopDelayMs / 1_000)
    cpu.set(now.cpuPercent)
    memory.set(now.memoryPercent)
    disk.set(now.diskPercent)
  }
}

/** @returns what brings them up to date */
function replicaGauges (registry: Registry, replica: () => ReplicaFigures): () => Promise<void> {
  const registers = [registry]
  const reads = new Counter({ name: 'freshet_replica_reads_total', help: 'Reads of browsing and searching, by the server that answered.', labelNames: ['server'], registers })
  const lag = new Gauge({ name: 'freshet_replica_lag_seconds', help: 'Age of what the replica shows, at most; NaN while it is not followed.', registers })
  return async () => {
    const now = replica()
    reads.reset()
    reads.inc({ server: 'replica' }, now.reads.replica)
    reads.inc({ server: 'writer' }, now.reads.writer)
    lag.set(now.lagSeconds)
  }
}
