import type { AlarmRule } from './alarm.ts'
import type { MetricQuery } from './metrics.ts'

export interface AlarmDefinition {
  readonly name: string
  readonly metric: MetricQuery
  readonly rule: AlarmRule
  /** Names of the scaling policies it acts on. */
  readonly policies: readonly string[]
}

export type AdjustmentType = 'ChangeInCapacity' | 'ExactCapacity' | 'PercentChangeInCapacity'

/** Bounds are relative to the alarm's threshold. */
export interface StepAdjustment { readonly lower?: number, readonly upper?: number, readonly adjustment: number }

export interface StepPolicy {
  readonly kind: 'step'
  readonly name: string
  readonly adjustmentType: AdjustmentType
  readonly minAdjustmentMagnitude?: number
  readonly aggregation: 'Average' | 'Minimum' | 'Maximum'
  readonly steps: readonly StepAdjustment[]
  readonly warmupSeconds: number
}

export interface SimplePolicy {
  readonly kind: 'simple'
  readonly name: string
  readonly adjustmentType: AdjustmentType
  readonly minAdjustmentMagnitude?: number
  readonly adjustment: number
  readonly cooldownSeconds: number
}

export interface TargetTrackingPolicy {
  readonly kind: 'target-tracking'
  readonly name: string
  readonly metric: MetricQuery
  readonly target: number
  readonly scaleIn: boolean
  readonly warmupSeconds: number
}

export type ScalingPolicy = StepPolicy | SimplePolicy | TargetTrackingPolicy

/**
 * The capacity after an adjustment, before the group's limits. A percentage is rounded towards zero, but never to nothing.
 * Source: EC2 Auto Scaling user guide, "Scaling adjustment types".
 */
export function adjustedCapacity (policy: Pick<StepPolicy, 'adjustmentType' | 'minAdjustmentMagnitude'>, adjustment: number, current: number): number {
  if (policy.adjustmentType === 'ExactCapacity') return adjustment
  if (policy.adjustmentType === 'ChangeInCapacity') return current + adjustment
  const raw = current * adjustment / 100
  if (raw === 0) return current
  const rounded = Math.abs(raw) < 1 ? 1 : Math.floor(Math.abs(raw) + 1e-9)
  return current + Math.sign(raw) * Math.max(rounded, policy.minAdjustmentMagnitude ?? 0)
}

/**
 * The step for a metric's distance from the alarm's threshold. Above the threshold the lower bound belongs to the step, below it
 * the upper one. Source: EC2 Auto Scaling user guide, "Step adjustments".
 */
export function stepFor (steps: readonly StepAdjustment[], distance: number): StepAdjustment | undefined {
  return steps.find(({ lower = -Infinity, upper = Infinity }) => distance >= 0
    ? distance >= lower && distance < upper
    : distance > lower && distance <= upper)
}

/** The mistake that the service rejects a step policy for, as a sentence; nothing if it is sound. */
export function faultOfSteps (steps: readonly StepAdjustment[]): string | undefined {
  if (steps.length === 0) return 'it has no steps'
  const bounds = steps
    .map(({ lower = -Infinity, upper = Infinity }) => ({ lower, upper }))
    .toSorted((a, b) => a.lower - b.lower)
  if (bounds.some(({ lower, upper }) => lower === -Infinity && upper === Infinity)) return 'a step has neither a lower nor an upper bound'
  const unjoined = bounds.find(({ upper }, i) => i + 1 < bounds.length && upper !== bounds[i + 1]?.lower)
  if (unjoined !== undefined) return `its steps overlap or leave a gap at ${unjoined.upper}`
  const lowest = bounds[0]?.lower ?? 0
  const highest = bounds.at(-1)?.upper ?? 0
  if (highest > 0 && highest !== Infinity) return 'its highest step needs an open upper bound'
  return lowest < 0 && lowest !== -Infinity ? 'its lowest step needs an open lower bound' : undefined
}
