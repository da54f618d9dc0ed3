import { Duration } from 'aws-cdk-lib'
import * as asg from 'aws-cdk-lib/aws-autoscaling'
import { InstanceType } from 'aws-cdk-lib/aws-ec2'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import type { Place } from '../place.ts'
import { scaling } from '../scaling.ts'
import { backlogPerWorker, backlogSpecification } from '../metrics.ts'
import type { Alarms } from './alarms.ts'
import type { FleetTemplate } from './fleet-template.ts'
import type { JobQueue } from './job-queue.ts'
import type { Network } from './network.ts'

export interface WorkerFleetProps {
  readonly place: Place
  readonly network: Network
  readonly template: FleetTemplate
  readonly jobs: JobQueue
  readonly alarms: Alarms
  readonly topic: ITopic
}

/** The instances that process music: spare capacity that can be called back, as many as the queue gives work to. */
export class WorkerFleet extends Construct {
  readonly group: asg.AutoScalingGroup

  constructor (scope: Construct, id: string, { place, network, template, jobs, alarms, topic }: WorkerFleetProps) {
    super(scope, id)
    const { stage, region, isPrimary } = place
    this.group = new asg.AutoScalingGroup(this, 'Group', {
      vpc: network.vpc,
      vpcSubnets: network.subnets('private'),
      minCapacity: region.worker.min,
      maxCapacity: region.worker.max,
      mixedInstancesPolicy: {
        launchTemplate: template.launchTemplate,
        launchTemplateOverrides: stage.workerInstances.map((type) => ({ instanceType: new InstanceType(type) })),
        instancesDistribution: {
          onDemandBaseCapacity: 0,
          onDemandPercentageAboveBaseCapacity: 0,
          spotAllocationStrategy: asg.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED
        }
      },
      // A successor starts when Amazon expects to call an instance back, before it does.
      capacityRebalance: true,
      defaultInstanceWarmup: Duration.seconds(scaling.worker.warmUpSeconds),
      maxInstanceLifetime: Duration.days(30),
      groupMetrics: [asg.GroupMetrics.all()],
      notifications: [{ topic, scalingEvents: asg.ScalingEvents.ERRORS }],
      updatePolicy: asg.UpdatePolicy.instanceRefresh({
        strategy: asg.InstanceRefreshStrategy.ROLLING,
        // Jobs wait or are given back; nothing is lost while few work.
        minHealthyPercentage: 0,
        maxHealthyPercentage: 100,
        skipMatching: true
      })
    })
    // Elsewhere the fleet stands ready for a fail-over, with nothing to do.
    if (!isPrimary) return
    this.#scale(jobs)
    alarms.add('worker-backlog', backlogPerWorker(jobs.queue, this.group))
  }

  #scale ({ queue }: JobQueue): void {
    const { backlogPerWorker: target, warmUpSeconds } = scaling.worker
    new asg.CfnScalingPolicy(this, 'Backlog', {
      autoScalingGroupName: this.group.autoScalingGroupName,
      policyType: 'TargetTrackingScaling',
      estimatedInstanceWarmup: warmUpSeconds,
      targetTrackingConfiguration: { targetValue: target, customizedMetricSpecification: backlogSpecification(queue, this.group) }
    })
  }
}
