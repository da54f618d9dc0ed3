import { Duration } from 'aws-cdk-lib'
import * as acm from 'aws-cdk-lib/aws-certificatemanager'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { IHostedZone } from 'aws-cdk-lib/aws-route53'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { originHost, type Place, secretName } from '../place.ts'
import { httpPort, type Network } from './network.ts'

/** CloudFront sends it, and only what bears it is let through. */
export const originHeaderName = 'x-freshet-origin'

export interface LoadBalancerProps {
  readonly place: Place
  readonly network: Network
  readonly zone: IHostedZone
  readonly logs: IBucket
}

/** HTTPS from CloudFront, and from nobody else, to whichever instances say that they are ready. */
export class LoadBalancer extends Construct {
  readonly balancer: elb.ApplicationLoadBalancer
  readonly targets: elb.ApplicationTargetGroup
  readonly certificate: acm.Certificate

  constructor (scope: Construct, id: string, { place, network, zone, logs }: LoadBalancerProps) {
    super(scope, id)
    const { stage } = place
    this.balancer = new elb.ApplicationLoadBalancer(this, 'Balancer', {
      vpc: network.vpc,
      vpcSubnets: network.subnets('public'),
      internetFacing: true,
      securityGroup: network.loadBalancerGroup,
      deletionProtection: stage.durable,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elb.DesyncMitigationMode.STRICTEST,
      // Instances keep connections for 72 s: it is always the balancer that closes an idle one.
      idleTimeout: Duration.seconds(60),
      // CloudFront has put the listener's address last; one more would hide it.
      xffHeaderProcessingMode: elb.XffHeaderProcessingMode.PRESERVE
    })
    this.balancer.logAccessLogs(logs, 'load-balancer')
    this.targets = new elb.ApplicationTargetGroup(this, 'Web', {
      vpc: network.vpc,
      port: httpPort,
      protocol: elb.ApplicationProtocol.HTTP,
      targetType: elb.TargetType.INSTANCE,
      loadBalancingAlgorithmType: elb.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
      // Requests are short, as media and uploads don’t come this way.
      deregistrationDelay: Duration.seconds(30),
      healthCheck: {
        path: '/readyz',
        healthyHttpCodes: '200',
        // The shortest that there is: a draining instance says so for 12 s before it closes.
        interval: Duration.seconds(5),
        timeout: Duration.seconds(4),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 2
      }
    })
    this.certificate = new acm.Certificate(this, 'Certificate', {
      domainName: originHost(stage),
      // CloudFront passes on the name that the listener asked for, and checks the certificate for either.
      subjectAlternativeNames: [stage.domain],
      validation: acm.CertificateValidation.fromDns(zone)
    })
    const listener = this.balancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [this.certificate],
      sslPolicy: elb.SslPolicy.TLS13_RES,
      defaultAction: elb.ListenerAction.fixedResponse(403, { contentType: 'text/plain', messageBody: 'Ask by the public address.' })
    })
    listener.addAction('FromCloudFront', {
      priority: 1,
      conditions: [elb.ListenerCondition.httpHeader(originHeaderName, stage.originHeader.accepted.map((generation) => `{{resolve:secretsmanager:${secretName(stage, `origin-header-${generation}`)}:SecretString}}`))],
      action: elb.ListenerAction.forward([this.targets])
    })
  }
}
