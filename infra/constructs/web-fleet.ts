import { Duration } from 'aws-cdk-lib'
import * as asg from 'aws-cdk-lib/aws-autoscaling'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Place } from '../place.ts'
import { scaling } from '../scaling.ts'
import type { Alarms } from './alarms.ts'
import type { FleetTemplate } from './fleet-template.ts'
import type { LoadBalancer } from './load-balancer.ts'
import type { Network } from './network.ts'

export interface WebFleetProps {
  readonly place: Place
  readonly network: Network
  readonly template: FleetTemplate
  readonly front: LoadBalancer
  readonly alarms: Alarms
  readonly topic: ITopic
}

/** The instances that answer requests, as many as the listeners need. */
export class WebFleet extends Construct {
  readonly group: asg.AutoScalingGroup
  readonly noHealthyInstances: Alarm

  constructor (scope: Construct, id: string, { place, network, template, front, alarms, topic }: WebFleetProps) {
    super(scope, id)
    const { warmUpSeconds, healthGraceSeconds } = scaling.web
    const errors = front.targets.metrics.httpCodeTarget(elb.HttpCodeTarget.TARGET_5XX_COUNT, { statistic: 'Sum' })
    const deployErrors = alarms.add('deploy-errors', errors)
    this.noHealthyInstances = alarms.add('no-healthy-instances', front.targets.metrics.healthyHostCount({ statistic: 'Minimum' }))
    this.group = new asg.AutoScalingGroup(this, 'Group', {
      vpc: network.vpc,
      vpcSubnets: network.subnets('private'),
      minCapacity: place.region.web.min,
      maxCapacity: place.region.web.max,
      launchTemplate: template.launchTemplate,
      healthChecks: asg.HealthChecks.withAdditionalChecks({
        gracePeriod: Duration.seconds(healthGraceSeconds),
        additionalTypes: [asg.AdditionalHealthCheckType.ELB]
      }),
      // A database that is away makes every instance unhealthy: none is ended before its successor is ready.
      minHealthyPercentage: 100,
      maxHealthyPercentage: 150,
      defaultInstanceWarmup: Duration.seconds(warmUpSeconds),
      maxInstanceLifetime: Duration.days(30),
      groupMetrics: [asg.GroupMetrics.all()],
      terminationPolicies: [asg.TerminationPolicy.OLDEST_LAUNCH_TEMPLATE, asg.TerminationPolicy.DEFAULT],
      notifications: [{ topic, scalingEvents: asg.ScalingEvents.ERRORS }],
      updatePolicy: asg.UpdatePolicy.instanceRefresh({
        strategy: asg.InstanceRefreshStrategy.ROLLING,
        minHealthyPercentage: 100,
        maxHealthyPercentage: 150,
        instanceWarmup: Duration.seconds(warmUpSeconds),
        skipMatching: true,
        bakeTime: Duration.minutes(5),
        alarms: [deployErrors, this.noHealthyInstances]
      })
    })
    this.group.attachToApplicationTargetGroup(front.targets)
    this.#scale(front, alarms)
  }

  /** Latency adds instances quickly, the two steady measures keep the number right and alone take instances away. */
  #scale (front: LoadBalancer, alarms: Alarms): void {
    const { cpuPercent, requestsPerMinutePerInstance, latencySteps, latencyStepAtLeast, warmUpSeconds } = scaling.web
    this.group.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: cpuPercent })
    this.group.scaleOnRequestCount('Requests', { targetRequestsPerMinute: requestsPerMinutePerInstance })
    const latency = new asg.CfnScalingPolicy(this, 'Latency', {
      autoScalingGroupName: this.group.autoScalingGroupName,
      policyType: 'StepScaling',
      adjustmentType: 'PercentChangeInCapacity',
      minAdjustmentMagnitude: latencyStepAtLeast,
      metricAggregationType: 'Average',
      estimatedInstanceWarmup: warmUpSeconds,
      stepAdjustments: latencySteps.map(({ fromSeconds, toSeconds, addPercent }) => ({
        metricIntervalLowerBound: fromSeconds,
        ...(toSeconds === undefined ? {} : { metricIntervalUpperBound: toSeconds }),
        scalingAdjustment: addPercent
      }))
    })
    const p95 = front.targets.metrics.targetResponseTime({ statistic: 'p95' })
    alarms.add('latency-scale-out', p95).addAlarmAction({ bind: () => ({ alarmActionArn: latency.ref }) })
    alarms.add('latency-high', p95)
  }
}
