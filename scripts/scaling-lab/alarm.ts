export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching'
export type Comparison = keyof typeof breachesBy
/** A number, or for the operators of anomaly detection the expected band. */
export type Threshold = number | { readonly lower: number, readonly upper: number }

export interface AlarmRule {
  readonly comparison: Comparison
  readonly threshold: Threshold
  /** N: how many data points are looked at. */
  readonly evaluationPeriods: number
  /** M: how many of them must breach. */
  readonly datapointsToAlarm: number
  readonly treatMissingData: MissingData
}

const breachesBy = {
  GreaterThanThreshold: (value: number, { upper }: Band) => value > upper,
  GreaterThanOrEqualToThreshold: (value: number, { upper }: Band) => value >= upper,
  LessThanThreshold: (value: number, { lower }: Band) => value < lower,
  LessThanOrEqualToThreshold: (value: number, { lower }: Band) => value <= lower,
  GreaterThanUpperThreshold: (value: number, { upper }: Band) => value > upper,
  LessThanLowerThreshold: (value: number, { lower }: Band) => value < lower,
  LessThanLowerOrGreaterThanUpperThreshold: (value: number, { lower, upper }: Band) => value < lower || value > upper
}
interface Band { readonly lower: number, readonly upper: number }

/** CloudWatch fetches more points than it needs; its guide gives one case, 5 for 3 evaluation periods, which is taken for all. */
const pointsMoreThanNeeded = 2

/** How many of the newest periods an alarm looks at, in periods. */
export function evaluationRange (rule: AlarmRule): number {
  return rule.evaluationPeriods + pointsMoreThanNeeded
}

/** Whether `name` is one of CloudWatch's comparison operators. */
export function isComparison (name: string): name is Comparison {
  return Object.hasOwn(breachesBy, name)
}

/** Whether one value is on the wrong side of the threshold. */
export function breaches (rule: Pick<AlarmRule, 'comparison' | 'threshold'>, value: number): boolean {
  const { threshold } = rule
  return breachesBy[rule.comparison](value, typeof threshold === 'number' ? { lower: threshold, upper: threshold } : threshold)
}

/**
 * The state of a CloudWatch alarm. `points` are the periods of the evaluation range, oldest first, null where no data came.
 * Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", with its tables and "Avoiding
 * premature transitions to alarm state".
 */
export function evaluateAlarm (rule: AlarmRule, points: ReadonlyArray<number | null>, previous: AlarmState): AlarmState {
  const range = points.slice(-evaluationRange(rule))
  const real = range.filter((point) => point !== null)
  if (real.length >= rule.evaluationPeriods) return stateOf(rule, countBreaching(rule, real.slice(-rule.evaluationPeriods)))
  return filledState(rule, { range, real, previous })
}

interface Sparse { readonly range: ReadonlyArray<number | null>, readonly real: readonly number[], readonly previous: AlarmState }

/** Fewer real points than evaluation periods: the setting for missing data fills up, as seldom as possible. */
function filledState (rule: AlarmRule, { range, real, previous }: Sparse): AlarmState {
  const breaching = countBreaching(rule, real)
  const missing = rule.treatMissingData
  if (missing === 'breaching') return stateOf(rule, breaching + rule.evaluationPeriods - real.length)
  if (missing === 'notBreaching' || breaching >= rule.datapointsToAlarm || breaching < real.length) return stateOf(rule, breaching)
  if (missing === 'ignore') return previous
  return oldestBreachIsOldEnough(rule, range) ? 'ALARM' : 'INSUFFICIENT_DATA'
}

/** The rule against premature alarms: nothing but breaches or gaps since a breach at least M periods ago. */
function oldestBreachIsOldEnough (rule: AlarmRule, range: ReadonlyArray<number | null>): boolean {
  const oldest = range.findIndex((point) => point !== null)
  return oldest >= 0 && range.length - oldest >= rule.datapointsToAlarm
}

function countBreaching (rule: AlarmRule, values: readonly number[]): number {
  return values.filter((value) => breaches(rule, value)).length
}

function stateOf (rule: AlarmRule, breaching: number): AlarmState {
  return breaching >= rule.datapointsToAlarm ? 'ALARM' : 'OK'
}
