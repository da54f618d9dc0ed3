import { Duration } from 'aws-cdk-lib'
import type { AutoScalingGroup, CfnScalingPolicy } from 'aws-cdk-lib/aws-autoscaling'
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import type { Queue } from 'aws-cdk-lib/aws-sqs'
import type { StageSettings } from './settings.ts'

type Role = 'web' | 'worker'
type Statistic = 'Sum' | 'Average' | 'Maximum' | 'Minimum' | 'SampleCount'

/** A metric that instances of Freshet report themselves (src/platform/metrics). */
export function ownMetric (stage: StageSettings, role: Role, metricName: string, statistic: Statistic): Metric {
  return new Metric({ namespace: 'Freshet', metricName, statistic, dimensionsMap: { Stage: stage.stage, Role: role } })
}

/** The sum of `parts` as percent of `whole`; no value where there is no whole. */
export function percentOf (parts: readonly Metric[], whole: Metric, label: string): MathExpression {
  const named = parts.map((metric, index): [string, Metric] => [`part${index}`, metric])
  return new MathExpression({
    label,
    expression: `100 * (${named.map(([name]) => `FILL(${name}, 0)`).join(' + ')}) / whole`,
    usingMetrics: { ...Object.fromEntries(named), whole }
  })
}

/** Jobs waiting or in work for each worker; for the first one while there is none. */
const backlog = {
  label: 'Jobs a worker',
  expression: '(FILL(waiting, 0) + FILL(inWork, 0)) / IF(FILL(running, 0) > 0, FILL(running, 0), 1)'
}

function backlogMetrics (queue: Queue, group: AutoScalingGroup): Record<string, Metric> {
  return {
    waiting: queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Average' }),
    inWork: queue.metricApproximateNumberOfMessagesNotVisible({ statistic: 'Average' }),
    running: new Metric({ namespace: 'AWS/AutoScaling', metricName: 'GroupInServiceInstances', dimensionsMap: { AutoScalingGroupName: group.autoScalingGroupName }, statistic: 'Average' })
  }
}

export function backlogPerWorker (queue: Queue, group: AutoScalingGroup): MathExpression {
  return new MathExpression({ ...backlog, period: Duration.minutes(1), usingMetrics: backlogMetrics(queue, group) })
}

/** The same in the words of a scaling policy. */
export function backlogSpecification (queue: Queue, group: AutoScalingGroup): CfnScalingPolicy.CustomizedMetricSpecificationProperty {
  const stats = Object.entries(backlogMetrics(queue, group)).map(([id, { namespace, metricName, dimensions = {}, statistic }]) => {
    const metric = { namespace, metricName, dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value: String(value) })) }
    return { id, returnData: false, metricStat: { stat: statistic, metric } }
  })
  return { metrics: [...stats, { id: 'perWorker', ...backlog, returnData: true }] }
}
