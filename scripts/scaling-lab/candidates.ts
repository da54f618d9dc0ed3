import type { ScalingSetup } from './group-settings.ts'
import { LabError } from './lab-error.ts'
import type { MetricQuery } from './metrics.ts'
import type { AlarmDefinition, StepAdjustment, StepPolicy } from './policies.ts'

export interface Candidate {
  readonly name: string
  readonly says: string
  readonly change: (setup: ScalingSetup) => ScalingSetup
  /** Instances that take every request in, however late they are. */
  readonly shedding?: false
  /** Instances that turn away at once, so that they look idle. */
  readonly holding?: false
}

const isTracking = (kind: string) => (setup: ScalingSetup, keep: boolean): ScalingSetup =>
  ({ ...setup, policies: setup.policies.filter((policy) => (policy.kind === kind) === keep) })
const onlySteps = (setup: ScalingSetup): ScalingSetup => withoutLooseAlarms(isTracking('step')(setup, true))
const onlyTracking = (setup: ScalingSetup): ScalingSetup => withoutLooseAlarms(isTracking('target-tracking')(setup, true))

function withoutLooseAlarms (setup: ScalingSetup): ScalingSetup {
  const names = new Set(setup.policies.map((policy) => policy.name))
  return { ...setup, alarms: setup.alarms.filter((alarm) => alarm.policies.length === 0 || alarm.policies.some((name) => names.has(name))) }
}

/** Latency on its own needs a way back: one instance less after a quarter of an hour well under the threshold. */
function withLatencyScaleIn (setup: ScalingSetup): ScalingSetup {
  const latency = setup.alarms.find((alarm) => alarm.metric.name === 'TargetResponseTime' && alarm.policies.length > 0)
  const warmupSeconds = setup.group.warmupSeconds
  if (latency === undefined || typeof latency.rule.threshold !== 'number') throw new Error('the template has no latency alarm to begin with')
  const low: AlarmDefinition = {
    name: 'latency-in',
    metric: latency.metric,
    policies: ['latency-in'],
    rule: { ...latency.rule, comparison: 'LessThanThreshold', threshold: latency.rule.threshold / 2, evaluationPeriods: 15, datapointsToAlarm: 15 }
  }
  const policy: StepPolicy = { kind: 'step', name: 'latency-in', adjustmentType: 'ChangeInCapacity', aggregation: 'Average', steps: [{ upper: 0, adjustment: -1 }], warmupSeconds }
  return { ...setup, alarms: [...setup.alarms, low], policies: [...setup.policies, policy] }
}

interface OutwardAlarm { readonly name: string, readonly metric: MetricQuery, readonly threshold: number, readonly steps: readonly StepAdjustment[], readonly of?: readonly [number, number] }

/** Adds an alarm above a threshold with percentage steps outward. */
export function withOutwardSteps (setup: ScalingSetup, { name, metric, threshold, steps, of = [1, 1] }: OutwardAlarm): ScalingSetup {
  const alarm: AlarmDefinition = {
    name,
    metric,
    policies: [name],
    rule: { comparison: 'GreaterThanThreshold', threshold, evaluationPeriods: of[1], datapointsToAlarm: of[0], treatMissingData: 'notBreaching' }
  }
  const policy: StepPolicy = { kind: 'step', name, adjustmentType: 'PercentChangeInCapacity', minAdjustmentMagnitude: 1, aggregation: 'Average', steps, warmupSeconds: setup.group.warmupSeconds }
  return { ...setup, alarms: [...setup.alarms, alarm], policies: [...setup.policies, policy] }
}

/** Of N instances that shed the share s, N/(1−s) would just carry the load; each step adds what its middle needs to come to rest. */
const shedSteps: readonly StepAdjustment[] = [
  { lower: 0, upper: 14, adjustment: 50 },
  { lower: 14, upper: 34, adjustment: 100 },
  { lower: 34, upper: 54, adjustment: 200 },
  { lower: 54, upper: 74, adjustment: 300 },
  { lower: 74, adjustment: 500 }
]
const shedPercent = (periodSeconds: number): MetricQuery => ({ namespace: 'Freshet', name: 'ShedPercent', statistic: 'Average', periodSeconds })
const withShed = (periodSeconds: number, of: readonly [number, number]) => (setup: ScalingSetup): ScalingSetup =>
  withOutwardSteps(setup, { name: `shed-${periodSeconds}s`, metric: shedPercent(periodSeconds), threshold: 1, steps: shedSteps, of })

function withWarmup (seconds: number) {
  return (setup: ScalingSetup): ScalingSetup => ({
    ...setup,
    group: { ...setup.group, warmupSeconds: seconds },
    policies: setup.policies.map((policy) => policy.kind === 'simple' ? policy : { ...policy, warmupSeconds: seconds })
  })
}

/** The figures before they were tuned: small steps on 2 of 3 minutes, a request target too low, metrics later than the warm-up. */
function withFirstFigures (setup: ScalingSetup): ScalingSetup {
  const steps = [{ lower: 0, upper: 0.25, adjustment: 30 }, { lower: 0.25, upper: 0.75, adjustment: 60 }, { lower: 0.75, adjustment: 100 }]
  const untuned = withWarmup(60)(setup)
  return {
    ...untuned,
    alarms: untuned.alarms.map((alarm) => alarm.policies.length === 0 ? alarm : { ...alarm, rule: { ...alarm.rule, evaluationPeriods: 3, datapointsToAlarm: 2 } }),
    policies: untuned.policies.map((policy) => {
      if (policy.kind === 'step') return { ...policy, steps }
      return policy.kind === 'target-tracking' && policy.metric.name === requests ? { ...policy, target: 6_000 } : policy
    })
  }
}

const withoutRequests = (setup: ScalingSetup): ScalingSetup =>
  ({ ...setup, policies: setup.policies.filter((policy) => policy.kind !== 'target-tracking' || policy.metric.name !== requests) })
const requests = 'RequestCountPerTarget'
const asIs = (setup: ScalingSetup) => setup

/** The policy sets that decision 25 compares; each is a change of what the template says. */
export const candidates: readonly Candidate[] = [
  { name: 'template', says: 'as in the template: latency steps out, CPU and requests tracked', change: asIs },
  { name: 'no-shedding', says: 'the same, but instances queue instead of shedding', change: asIs, shedding: false },
  { name: 'no-holding', says: 'the same, but shed answers leave at once', change: asIs, holding: false },
  { name: 'first-figures', says: 'before tuning', change: withFirstFigures },
  { name: 'latency-only', says: 'latency steps out, one in after 15 min below half the threshold', change: (setup) => withLatencyScaleIn(onlySteps(setup)) },
  { name: 'cpu-only', says: 'CPU tracked, nothing else', change: (setup) => onlyTracking(withoutRequests(setup)) },
  { name: 'latency-cpu', says: 'latency steps and CPU, requests not tracked', change: withoutRequests },
  { name: 'warm-up-60', says: 'the template with a warm-up of 60 s', change: withWarmup(60) },
  { name: 'shed-60s', says: 'the template and steps on ShedPercent, once a minute', change: withShed(60, [1, 1]) },
  { name: 'shed-10s', says: 'the template and steps on ShedPercent every 10 s, 2 of 3', change: withShed(10, [2, 3]) }
]

export function candidateNamed (name: string): Candidate {
  const found = candidates.find((candidate) => candidate.name === name)
  if (found === undefined) throw new LabError(`no candidate ${name}; there are ${candidates.map((candidate) => candidate.name).join(', ')}`)
  return found
}
