import type { Distribution } from 'aws-cdk-lib/aws-cloudfront'
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch'
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import * as route53 from 'aws-cdk-lib/aws-route53'
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import { alarmName, originHost, type Place } from '../place.ts'
import type { StageSettings } from '../settings.ts'

export interface OriginRecordProps {
  readonly place: Place
  readonly zone: route53.IHostedZone
  readonly balancer: ApplicationLoadBalancer
  /** The alarm no-healthy-instances. */
  readonly unhealthy: Alarm
}

/** This region's answer to the name that CloudFront asks for: given to those nearest, while the region is healthy. */
export class OriginRecord extends Construct {
  constructor (scope: Construct, id: string, { place: { stage, region }, zone, balancer, unhealthy }: OriginRecordProps) {
    super(scope, id)
    // By an alarm, as the load balancer doesn't let Route 53's own checkers in.
    const health = new route53.CfnHealthCheck(this, 'Health', {
      healthCheckConfig: {
        type: 'CLOUDWATCH_METRIC',
        alarmIdentifier: { name: alarmName(stage, region.name, 'no-healthy-instances'), region: region.name },
        insufficientDataHealthStatus: 'LastKnownStatus'
      }
    })
    health.node.addDependency(unhealthy)
    new route53.CfnRecordSet(this, 'Record', {
      hostedZoneId: zone.hostedZoneId,
      name: originHost(stage),
      type: 'A',
      region: region.name,
      setIdentifier: region.name,
      healthCheckId: health.attrHealthCheckId,
      aliasTarget: { dnsName: balancer.loadBalancerDnsName, hostedZoneId: balancer.loadBalancerCanonicalHostedZoneId, evaluateTargetHealth: true }
    })
  }
}

export interface SiteRecordsProps {
  readonly stage: StageSettings
  readonly zone: route53.IHostedZone
  readonly distribution: Distribution
}

/** The address of the service, by IPv4 and IPv6. */
export class SiteRecords extends Construct {
  constructor (scope: Construct, id: string, { stage, zone, distribution }: SiteRecordsProps) {
    super(scope, id)
    const props = { zone, recordName: `${stage.domain}.`, target: route53.RecordTarget.fromAlias(new CloudFrontTarget(distribution)) }
    new route53.ARecord(this, 'A', props)
    new route53.AaaaRecord(this, 'Aaaa', props)
  }
}
