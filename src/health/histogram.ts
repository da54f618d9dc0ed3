/** Counts by upper bound; what is above the last one counts as `rest`. */
export interface Histogram {
  readonly name: string
  /** Milliseconds, ascending. */
  readonly bounds: readonly number[]
}

/** Time from headers to answer. */
export const latency: Histogram = { name: 'latency', bounds: [5, 10, 25, 50, 100, 175, 250, 375, 500, 750, 1_000, 2_500, 5_000, 15_000] }
/** From pressing play to the first sound, as players report it. */
export const firstSound: Histogram = { name: 'start', bounds: [25, 50, 100, 150, 250, 400, 600, 1_000, 2_000, 4_000, 8_000] }

/** The name of the sample that counts a value. */
export function bucketOf ({ name, bounds }: Histogram, ms: number): string {
  const bound = bounds.find((each) => ms <= each)
  return `${name}.${bound ?? 'rest'}`
}

/**
 * A percentile, taken as evenly spread within its bucket; of what is above the last bound, that bound.
 * @param countOf how many are in a bucket
 * @returns ms; null of nothing
 */
export function percentile ({ name, bounds }: Histogram, countOf: (bucket: string) => number, share: number): number | null {
  const counts = [...bounds.map((bound) => countOf(`${name}.${bound}`)), countOf(`${name}.rest`)]
  const wanted = counts.reduce((sum, count) => sum + count, 0) * share
  if (wanted === 0) return null
  let below = 0
  for (const [index, bound] of bounds.entries()) {
    const count = counts[index] ?? 0
    const from = bounds[index - 1] ?? 0
    if (count > 0 && below + count >= wanted) return from + (bound - from) * (wanted - below) / count
    below += count
  }
  return bounds.at(-1) ?? null
}
