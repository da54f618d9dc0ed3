import type { AlarmDefinition, TargetTrackingPolicy } from './policies.ts'

/** What the service sets up for a policy: 3 minutes above the target, or 15 below nine tenths of it. */
const highPeriods = 3
const lowPeriods = 15
const lowShare = 0.9

/** The two alarms that the service makes and keeps for a target tracking policy; only one without scale-in. */
export function targetTrackingAlarms (policy: TargetTrackingPolicy): AlarmDefinition[] {
  const alarm = (side: 'high' | 'low'): AlarmDefinition => ({
    name: `target-tracking-${policy.name}-${side}`,
    metric: policy.metric,
    policies: [policy.name],
    rule: {
      comparison: side === 'high' ? 'GreaterThanThreshold' : 'LessThanThreshold',
      threshold: side === 'high' ? policy.target : policy.target * lowShare,
      evaluationPeriods: side === 'high' ? highPeriods : lowPeriods,
      datapointsToAlarm: side === 'high' ? highPeriods : lowPeriods,
      treatMissingData: 'missing'
    }
  })
  return policy.scaleIn ? [alarm('high'), alarm('low')] : [alarm('high')]
}

/** Out, in one go: as many as bring the metric down to the target, rounded up. `current` are warmed-up instances. */
export function trackedOut (policy: TargetTrackingPolicy, metric: number, current: number): number {
  return Math.ceil(current * metric / policy.target - 1e-9)
}

/**
 * In, gradually: one instance an action, and never below what the target needs, where instances still terminating count as
 * there. The guide says no more than "scales in more gradually"; one at a time is this lab's reading of it.
 */
export function trackedIn (policy: TargetTrackingPolicy, metric: number, capacity: { readonly current: number, readonly desired: number }): number {
  const needed = Math.ceil(capacity.current * metric / policy.target - 1e-9)
  return Math.max(needed, capacity.desired - 1)
}
