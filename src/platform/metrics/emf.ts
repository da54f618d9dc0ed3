/** Every metric of ours is found under this name in CloudWatch. */
export const metricNamespace = 'Freshet'

export type Unit = 'Count' | 'Milliseconds' | 'Seconds' | 'Percent'

/** Distinct values and how often each occurred. */
export interface Distribution {
  readonly Values: readonly number[]
  readonly Counts: readonly number[]
  readonly Max: number
  readonly Min: number
  readonly Count: number
  readonly Sum: number
}

export interface EmfMetric {
  readonly name: string
  readonly unit: Unit
  readonly value: number | Distribution
}

/** Metrics that share their sets of dimensions. */
export interface EmfGroup {
  readonly dimensionSets: ReadonlyArray<readonly string[]>
  readonly metrics: readonly EmfMetric[]
}

/**
 * One line of CloudWatch's embedded metric format: CloudWatch Logs makes metrics of it without being asked.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * @param dimensions value of each dimension that the groups name
 */
export function emfLine (timestampMs: number, dimensions: Readonly<Record<string, string>>, groups: readonly EmfGroup[]): string {
  const CloudWatchMetrics = groups.map(({ dimensionSets, metrics }) => ({
    Namespace: metricNamespace,
    Dimensions: dimensionSets,
    Metrics: metrics.map(({ name, unit }) => ({ Name: name, Unit: unit }))
  }))
  const values = Object.fromEntries(groups.flatMap(({ metrics }) => metrics.map(({ name, value }) => [name, value])))
  return JSON.stringify({ _aws: { Timestamp: timestampMs, CloudWatchMetrics }, ...dimensions, ...values })
}

/** CloudWatch refuses a metric with more values in one line. */
const maxValues = 100
/** Values within 5 % of one another count as one, as in the agent of CloudWatch: percentiles are right to 5 %. */
const step = 1.1

/** Collects values for CloudWatch to take percentiles of. */
export class ValueCounts {
  readonly #counts = new Map<number, number>()

  add (value: number): void {
    const bucket = value <= 0 ? -Infinity : Math.round(Math.log(value) / Math.log(step))
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1)
  }

  /** In lines' portions; none when nothing was added. CloudWatch adds up what it gets of one minute. */
  distributions (): Distribution[] {
    const pairs = [...this.#counts].sort(([a], [b]) => a - b).map(([bucket, count]) => [Number((step ** bucket).toPrecision(4)), count] as const)
    const portions = Array.from({ length: Math.ceil(pairs.length / maxValues) }, (_, i) => pairs.slice(i * maxValues, (i + 1) * maxValues))
    return portions.map((portion) => {
      const Values = portion.map(([value]) => value)
      return {
        Values,
        Counts: portion.map(([, count]) => count),
        Max: Math.max(...Values),
        Min: Math.min(...Values),
        Count: portion.reduce((sum, [, count]) => sum + count, 0),
        Sum: portion.reduce((sum, [value, count]) => sum + value * count, 0)
      }
    })
  }
}
