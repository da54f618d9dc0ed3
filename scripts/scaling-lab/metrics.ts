import { hasTooFewSamples, statistic } from './statistics.ts'

/** One metric as an alarm asks for it. */
export interface MetricQuery {
  readonly namespace: string
  readonly name: string
  readonly statistic: string
  readonly periodSeconds: number
  /** `EvaluateLowSampleCountPercentile: ignore`: a percentile of too few samples counts as no data. */
  readonly ignoreLowSamples?: boolean
}

const finestSeconds = 10
const keptSeconds = 3 * 3600

/**
 * CloudWatch's store of metrics in simulated time (seconds). A period can be read once it is over and `delaySeconds` of its
 * namespace have passed: that is how late the load balancer, EC2 or our own log line is.
 */
export class MetricStore {
  readonly #delaySeconds: (namespace: string) => number
  readonly #buckets = new Map<string, Map<number, number[]>>()

  constructor (delaySeconds: (namespace: string) => number) {
    this.#delaySeconds = delaySeconds
  }

  put (namespace: string, name: string, at: number, samples: readonly number[]): void {
    if (samples.length === 0) return
    const series = this.#buckets.get(`${namespace}/${name}`) ?? new Map<number, number[]>()
    this.#buckets.set(`${namespace}/${name}`, series)
    const bucket = Math.floor(at / finestSeconds)
    const kept = series.get(bucket)
    if (kept === undefined) series.set(bucket, [...samples])
    else for (const sample of samples) kept.push(sample)
    series.delete(bucket - keptSeconds / finestSeconds)
  }

  /** The newest `count` whole periods before `now`, oldest first, null where there is no data yet or none at all. */
  periods (query: MetricQuery, count: number, now: number): Array<number | null> {
    const end = Math.floor(now / query.periodSeconds) * query.periodSeconds
    return Array.from({ length: count }, (_, i) => this.#point(query, end - (count - i) * query.periodSeconds, now))
  }

  #point (query: MetricQuery, from: number, now: number): number | null {
    const to = from + query.periodSeconds
    if (to + this.#delaySeconds(query.namespace) > now) return null
    const series = this.#buckets.get(`${query.namespace}/${query.name}`)
    if (series === undefined) return null
    const samples: number[] = []
    for (let bucket = Math.floor(from / finestSeconds); bucket < to / finestSeconds; bucket++) {
      for (const sample of series.get(bucket) ?? []) samples.push(sample)
    }
    if (query.ignoreLowSamples === true && hasTooFewSamples(query.statistic, samples.length)) return null
    return statistic(query.statistic, samples)
  }
}
