import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { HttpCodeElb } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Construct } from 'constructs'
import { ownMetric, percentOf } from '../metrics.ts'
import { mediaBucketName, type Place, stageName } from '../place.ts'
import type { Alarms } from './alarms.ts'
import type { Database } from './database.ts'
import type { JobQueue } from './job-queue.ts'
import type { LoadBalancer } from './load-balancer.ts'
import type { MediaCopies } from './media-copies.ts'
import type { WebFleet } from './web-fleet.ts'

export interface ObservabilityProps {
  readonly place: Place
  readonly alarms: Alarms
  readonly front: LoadBalancer
  readonly web: WebFleet
  readonly database: Database
  readonly jobs: JobQueue
  /** Of the primary region only. */
  readonly copies: MediaCopies | undefined
}

/** The alarms of a region beside those that its fleets scale by, and one page of graphs. */
export class Observability extends Construct {
  readonly #alarms: Alarms
  readonly #place: Place

  constructor (scope: Construct, id: string, { place, alarms, front, web, database, jobs, copies }: ObservabilityProps) {
    super(scope, id)
    this.#alarms = alarms
    this.#place = place
    this.#watchWeb(front, web)
    this.#watchInstances()
    this.#watchDatabase(database)
    if (copies !== undefined) {
      this.#watchJobs(jobs)
      this.#watchCopies(copies)
    }
    this.#draw(front, web, jobs)
  }

  #watchWeb ({ balancer, targets, certificate }: LoadBalancer, { group }: WebFleet): void {
    const { stage } = this.#place
    const own = (name: string) => ownMetric(stage, 'web', name, 'Sum')
    const requests = targets.metrics.requestCount({ statistic: 'Sum' })
    const balancerErrors = balancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { statistic: 'Sum' })
    this.#alarms.add('errors-5xx', percentOf([own('ServerErrors'), balancerErrors], requests, 'Answers with 5xx, %'))
    this.#alarms.add('requests-shed', percentOf([own('RequestsShed')], requests, 'Requests shed, %'))
    this.#alarms.add('play-errors', new cloudwatch.MathExpression({
      label: 'Plays that failed, %',
      expression: '100 * failed / (failed + FILL(started, 0))',
      usingMetrics: { failed: own('PlayErrors'), started: own('PlaysStarted') }
    }))
    this.#alarms.add('sign-ins-refused', own('SignInsRefused'))
    this.#alarms.add('cpu-high', new cloudwatch.Metric({ namespace: 'AWS/EC2', metricName: 'CPUUtilization', statistic: 'Average', dimensionsMap: { AutoScalingGroupName: group.autoScalingGroupName } }))
    this.#alarms.add('certificate-expiry', certificate.metricDaysToExpiry({ statistic: 'Minimum' }))
  }

  #watchInstances (): void {
    const { stage, isPrimary } = this.#place
    this.#alarms.add('metrics-missing', ownMetric(stage, 'web', 'CpuPercent', 'SampleCount'))
    for (const role of isPrimary ? (['web', 'worker'] as const) : (['web'] as const)) {
      this.#alarms.add('memory-high', ownMetric(stage, role, 'MemoryPercent', 'Maximum'), role)
      this.#alarms.add('disk-full', ownMetric(stage, role, 'DiskPercent', 'Maximum'), role)
    }
  }

  #watchDatabase ({ instance, replica }: Database): void {
    const { isPrimary, stage } = this.#place
    for (const [part, one] of [['instance', instance], ['replica', replica]] as const) {
      if (one === undefined) continue
      const metric = (metricName: string, statistic: string) => new cloudwatch.Metric({ namespace: 'AWS/RDS', metricName, statistic, dimensionsMap: { DBInstanceIdentifier: one.ref } })
      this.#alarms.add('database-cpu', metric('CPUUtilization', 'Average'), part)
      this.#alarms.add('database-storage', metric('FreeStorageSpace', 'Minimum'), part)
      this.#alarms.add('database-connections', new cloudwatch.MathExpression({
        label: 'Connections given away, %',
        expression: `100 * connections / ${stage.database.maxConnections}`,
        usingMetrics: { connections: metric('DatabaseConnections', 'Maximum') }
      }), part)
      if (!isPrimary || part === 'replica') this.#alarms.add('replica-lag', metric('ReplicaLag', 'Maximum'), part)
    }
  }

  #watchJobs ({ queue, deadLetters }: JobQueue): void {
    const own = (name: string) => ownMetric(this.#place.stage, 'worker', name, 'Sum')
    this.#alarms.add('queue-age', queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum' }))
    this.#alarms.add('dead-letters', deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }))
    this.#alarms.add('jobs-failing', new cloudwatch.MathExpression({
      label: 'Jobs that failed, %',
      expression: '100 * failed / (failed + FILL(done, 0))',
      usingMetrics: { failed: own('JobsFailed'), done: own('JobsDone') }
    }))
  }

  #watchCopies ({ rules }: MediaCopies): void {
    const { stage, region } = this.#place
    const failures = rules.map(({ id, bucketName }, index): [string, cloudwatch.Metric] => [`rule${index}`, new cloudwatch.Metric({
      namespace: 'AWS/S3',
      metricName: 'OperationsFailedReplication',
      statistic: 'Sum',
      dimensionsMap: { SourceBucket: mediaBucketName(stage, region.name), DestinationBucket: bucketName, RuleId: id }
    })])
    this.#alarms.add('replication-failing', new cloudwatch.MathExpression({
      label: 'Objects that were not copied',
      expression: failures.map(([name]) => `FILL(${name}, 0)`).join(' + '),
      usingMetrics: Object.fromEntries(failures)
    }))
  }

  #draw ({ targets }: LoadBalancer, { group }: WebFleet, { queue }: JobQueue): void {
    const { stage, region } = this.#place
    const graph = (title: string, ...left: cloudwatch.IMetric[]) => new cloudwatch.GraphWidget({ title, left, width: 12 })
    const ofGroup = (metricName: string) => new cloudwatch.Metric({ namespace: 'AWS/AutoScaling', metricName, statistic: 'Average', dimensionsMap: { AutoScalingGroupName: group.autoScalingGroupName } })
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `${stageName(stage)}-${region.name}`,
      defaultInterval: Duration.hours(3),
      widgets: [
        [graph('Latency', targets.metrics.targetResponseTime({ statistic: 'p50' }), targets.metrics.targetResponseTime({ statistic: 'p95' })), graph('Requests', targets.metrics.requestCount({ statistic: 'Sum' }))],
        [graph('Instances', ofGroup('GroupInServiceInstances'), ofGroup('GroupDesiredCapacity')), graph('Shed and failed', ownMetric(stage, 'web', 'RequestsShed', 'Sum'), ownMetric(stage, 'web', 'ServerErrors', 'Sum'))],
        [graph('Jobs waiting', queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Average' })), graph('Plays', ownMetric(stage, 'web', 'PlaysStarted', 'Sum'), ownMetric(stage, 'web', 'PlayErrors', 'Sum'))]
      ]
    })
  }
}
