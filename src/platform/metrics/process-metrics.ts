import type { ReplicaFigures } from '../database/read-replica.ts'
import { emfMetrics } from './emf-metrics.ts'
import { type MetricEvents, tellAll, type WorkerEvents } from './metric-events.ts'
import { type PrometheusMetrics, prometheusMetrics } from './prometheus-metrics.ts'
import type { QueueCounts } from './queue-counts.ts'
import { openReadings } from './readings.ts'

export interface ProcessMetricsOptions {
  readonly stage: string
  readonly role: string
  readonly dataDir: string
  /** Write CloudWatch's embedded metric format too. */
  readonly emf: boolean
  /** Takes one line, without its end. */
  readonly write: (line: string) => void
  readonly queueCounts: () => Promise<QueueCounts>
  /** Of a process that has a replica to read. */
  readonly replica?: (() => ReplicaFigures) | undefined
  readonly onError: (error: unknown) => void
  /** Told of this process's events too; of a child's it is told by the child. */
  readonly also?: readonly MetricEvents[]
}

/** The figures of this process: told of events, read by Prometheus, written for CloudWatch. */
export interface ProcessMetrics extends Pick<PrometheusMetrics, 'text' | 'contentType'> {
  readonly events: MetricEvents
  /** For what a worker tells that is a child: it writes for CloudWatch itself. */
  readonly childEvents: WorkerEvents
  close(): Promise<void>
}

export function openMetrics ({ stage, role, dataDir, emf, write, queueCounts, replica, onError, also = [] }: ProcessMetricsOptions): ProcessMetrics {
  const scraped = openReadings(dataDir)
  const prometheus = prometheusMetrics({ queueCounts, readings: scraped.read, replica })
  const { text, contentType } = prometheus
  if (!emf) return { events: tellAll([prometheus, ...also]), childEvents: prometheus, text, contentType, close: async () => { scraped.close() } }
  const flushed = openReadings(dataDir)
  const written = emfMetrics({ stage, role, write, readings: flushed.read, queueCounts, onError })
  written.start()
  return {
    events: tellAll([prometheus, written, ...also]),
    childEvents: prometheus,
    text,
    contentType,
    async close () {
      scraped.close()
      await written.stop()
      flushed.close()
    }
  }
}
