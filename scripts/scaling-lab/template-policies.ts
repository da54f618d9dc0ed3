import type { JsonReader } from './json-reader.ts'
import type { MetricQuery } from './metrics.ts'
import { type AdjustmentType, faultOfSteps, type ScalingPolicy, type StepAdjustment, type StepPolicy, type TargetTrackingPolicy } from './policies.ts'

const trackedPeriodSeconds = 60
const predefined: Record<string, MetricQuery | undefined> = {
  ASGAverageCPUUtilization: { namespace: 'AWS/EC2', name: 'CPUUtilization', statistic: 'Average', periodSeconds: trackedPeriodSeconds },
  ALBRequestCountPerTarget: { namespace: 'AWS/ApplicationELB', name: 'RequestCountPerTarget', statistic: 'Sum', periodSeconds: trackedPeriodSeconds }
}

/** Reads an AWS::AutoScaling::ScalingPolicy; its name is its logical id. */
export function readPolicy (name: string, body: JsonReader, groupWarmupSeconds: number): ScalingPolicy {
  const of = (path: string) => body.at(`Properties.${path}`)
  const warmupSeconds = of('EstimatedInstanceWarmup').optionalNumber() ?? groupWarmupSeconds
  const kind = of('PolicyType').optionalText() ?? 'SimpleScaling'
  if (kind === 'TargetTrackingScaling') return trackingOf(name, of('TargetTrackingConfiguration'), warmupSeconds)
  if (kind === 'StepScaling') return steppedOf(name, body, warmupSeconds)
  if (kind !== 'SimpleScaling') throw new Error(`${body.path}: the lab does not play policies of type ${kind}`)
  return {
    kind: 'simple',
    name,
    ...adjustmentOf(body),
    adjustment: of('ScalingAdjustment').number(),
    cooldownSeconds: of('Cooldown').optionalNumber() ?? groupWarmupSeconds
  }
}

function trackingOf (name: string, configuration: JsonReader, warmupSeconds: number): TargetTrackingPolicy {
  return {
    kind: 'target-tracking',
    name,
    metric: trackedMetric(configuration),
    target: configuration.at('TargetValue').number(),
    scaleIn: configuration.at('DisableScaleIn').value !== true,
    warmupSeconds
  }
}

function trackedMetric (configuration: JsonReader): MetricQuery {
  const named = configuration.at('PredefinedMetricSpecification.PredefinedMetricType').optionalText()
  if (named !== undefined) {
    const metric = predefined[named]
    if (metric === undefined) throw new Error(`${configuration.path}: the lab does not produce ${named}`)
    return metric
  }
  const custom = configuration.at('CustomizedMetricSpecification')
  return {
    namespace: custom.at('Namespace').text(),
    name: custom.at('MetricName').text(),
    statistic: custom.at('Statistic').text(),
    periodSeconds: custom.at('Period').optionalNumber() ?? trackedPeriodSeconds
  }
}

function steppedOf (name: string, body: JsonReader, warmupSeconds: number): StepPolicy {
  const steps: StepAdjustment[] = body.at('Properties.StepAdjustments').list().map((step) => {
    const lower = step.at('MetricIntervalLowerBound').optionalNumber()
    const upper = step.at('MetricIntervalUpperBound').optionalNumber()
    return { ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }), adjustment: step.at('ScalingAdjustment').number() }
  })
  const fault = faultOfSteps(steps)
  if (fault !== undefined) throw new Error(`policy ${name}: ${fault}`)
  const aggregation = body.at('Properties.MetricAggregationType').optionalText() ?? 'Average'
  if (aggregation !== 'Average' && aggregation !== 'Minimum' && aggregation !== 'Maximum') throw new Error(`policy ${name}: MetricAggregationType can't be ${aggregation}`)
  return { kind: 'step', name, ...adjustmentOf(body), aggregation, steps, warmupSeconds }
}

function adjustmentOf (body: JsonReader): { adjustmentType: AdjustmentType, minAdjustmentMagnitude?: number } {
  const type = body.at('Properties.AdjustmentType').text()
  if (type !== 'ChangeInCapacity' && type !== 'ExactCapacity' && type !== 'PercentChangeInCapacity') throw new Error(`${body.path}: there is no adjustment type ${type}`)
  const least = body.at('Properties.MinAdjustmentMagnitude').optionalNumber()
  return { adjustmentType: type, ...(least === undefined ? {} : { minAdjustmentMagnitude: least }) }
}
