/**
 * A CloudWatch statistic over the samples of one period; null without samples, but for SampleCount and Sum only their absence
 * is missing data too. `pNN` is the nearest rank. An unknown name is an error.
 */
export function statistic (name: string, samples: readonly number[]): number | null {
  if (samples.length === 0) return null
  const simple = simpleStatistics[name]
  if (simple !== undefined) return simple(samples)
  const rank = percentileOf(name)
  if (rank === undefined) throw new Error(`the lab does not know the statistic ${name}; it knows ${Object.keys(simpleStatistics).join(', ')} and percentiles such as p95`)
  return percentile(samples, rank)
}

/** 0.95 for p95; nothing for other statistics. */
export function percentileOf (name: string): number | undefined {
  const match = /^p(\d{1,2}(?:\.\d+)?|100)$/i.exec(name)
  return match === null ? undefined : Number(match[1]) / 100
}

/**
 * Whether a percentile rests on too few samples, for alarms that ignore such periods: fewer than 10/(1−p), or for p below one
 * half fewer than 10/p. Source: CloudWatch user guide, "Percentile-based alarms and low data samples".
 */
export function hasTooFewSamples (name: string, samples: number): boolean {
  const rank = percentileOf(name)
  if (rank === undefined) return false
  return samples < 10 / (rank >= 0.5 ? 1 - rank : rank)
}

/** Nearest rank: the smallest sample that at least this share of samples does not exceed. */
export function percentile (samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.max(0, Math.ceil(sorted.length * share - 1e-9) - 1)] ?? 0
}

const sum = (samples: readonly number[]) => samples.reduce((total, sample) => total + sample, 0)

const simpleStatistics: Record<string, ((samples: readonly number[]) => number) | undefined> = {
  Average: (samples) => sum(samples) / samples.length,
  Sum: sum,
  Minimum: (samples) => samples.reduce((least, sample) => Math.min(least, sample)),
  Maximum: (samples) => samples.reduce((most, sample) => Math.max(most, sample)),
  SampleCount: (samples) => samples.length
}
