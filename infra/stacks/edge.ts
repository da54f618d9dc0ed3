import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib'
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import type { Construct } from 'constructs'
import { Alarms } from '../constructs/alarms.ts'
import { AuditTrail } from '../constructs/audit-trail.ts'
import { EdgeDistribution } from '../constructs/distribution.ts'
import { SiteRecords } from '../constructs/dns.ts'
import { EdgeFirewall } from '../constructs/edge-firewall.ts'
import { EdgeLogs } from '../constructs/edge-logs.ts'
import { EdgeSecrets } from '../constructs/edge-secrets.ts'
import { Operations } from '../constructs/operations.ts'
import type { StageSettings } from '../settings.ts'

/** What a stage has once, in us-east-1, where CloudFront wants its certificate and its firewall. */
export class EdgeStack extends Stack {
  constructor (scope: Construct, id: string, { stage, ...props }: StackProps & { readonly stage: StageSettings }) {
    super(scope, id, props)
    const zone = HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: stage.hostedZone.id, zoneName: stage.hostedZone.name })
    const { topic, accessLogs } = new Operations(this, 'EdgeOperations', { stage })
    const { originHeaders } = new EdgeSecrets(this, 'Secrets', { stage })
    const originHeader = originHeaders.get(stage.originHeader.sent)
    if (originHeader === undefined) throw new Error(`originHeader of ${stage.stage}: what is sent (${stage.originHeader.sent}) must be among what is accepted`)
    const firewall = new EdgeFirewall(this, 'Firewall', { stage })
    const edge = new EdgeDistribution(this, 'Edge', { stage, zone, firewallArn: firewall.arn, originHeader })
    new SiteRecords(this, 'Records', { stage, zone, distribution: edge.distribution })
    new EdgeLogs(this, 'Logs', { stage, distribution: edge.distribution, bucket: accessLogs })
    if (stage.auditTrail) new AuditTrail(this, 'AuditTrail', { stage, accessLogs })
    this.#watch(stage, edge, new Alarms(this, 'Alarms', { stage, region: 'edge', topic }))
    this.#tell('MediaKeyId', edge.keys.current.publicKeyId, 'keyPairId in the secret media-keys')
    if (edge.keys.next !== undefined) this.#tell('NextMediaKeyId', edge.keys.next.publicKeyId, 'nextKeyPairId in the secret media-keys')
  }

  #watch (stage: StageSettings, { distribution, certificate }: EdgeDistribution, alarms: Alarms): void {
    alarms.add('edge-certificate-expiry', certificate.metricDaysToExpiry({ statistic: 'Minimum' }))
    alarms.add('edge-errors', distribution.metric5xxErrorRate({ statistic: 'Average' }))
    alarms.add('billing', new MathExpression({
      label: 'Estimated charges, % of the budget',
      expression: `100 * charges / ${stage.monthlyBudgetUsd}`,
      usingMetrics: { charges: new Metric({ namespace: 'AWS/Billing', metricName: 'EstimatedCharges', statistic: 'Maximum', dimensionsMap: { Currency: 'USD' } }) }
    }))
  }

  #tell (id: string, value: string, description: string): void {
    new CfnOutput(this, id, { value, description })
  }
}
