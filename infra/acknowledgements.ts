import { type App, Validations } from 'aws-cdk-lib'
import { mediaBucketName, placesOf } from './place.ts'
import type { StageSettings } from './settings.ts'

/** A finding of a check that is meant so. */
interface Acknowledgement {
  /** End of the path of the constructs it is about. */
  readonly at: RegExp
  readonly id: string
  readonly reason: string
}

const always: readonly Acknowledgement[] = [
  { at: /Operations\/AccessLogs$/, id: 'AwsSolutions-S1', reason: 'It holds the access logs of the others; its own would fill it for ever.' },
  { at: /Secrets\/(Tokens|MediaKeys)$/, id: 'AwsSolutions-SMG4', reason: 'Rotated by an operator in steps with an overlap, so that nobody is signed out and no play fails (docs/operations.md).' },
  { at: /Secrets\/OriginHeader\d+$/, id: 'AwsSolutions-SMG4', reason: 'Rotated by generations in settings.ts: load balancers accept the next one before CloudFront sends it.' },
  { at: /Secrets\/Database$/, id: 'AwsSolutions-SMG4', reason: 'Rotated by an operator (docs/operations.md): RDS can’t do it where there are read replicas, and a Lambda of another’s code isn’t wanted in this network.' },
  { at: /Edge\/Distribution$/, id: 'AwsSolutions-CFR1', reason: 'The organisation’s people listen from anywhere; everything but the sign-in page is behind a sign-in.' },
  { at: /Edge\/Distribution$/, id: 'AwsSolutions-CFR3', reason: 'Logged by the newer way of delivery (edge-logs.ts), which the rule doesn’t know; it leaves out the signatures.' },
  { at: /Edge\/Distribution\/Origin\d+$/, id: '@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac', reason: 'The buckets’ own stacks let CloudFront in (media-store.ts).' },
  { at: /Database\/MonitoringRole$/, id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole]', reason: 'Amazon’s own policy for just this; it lets RDS write its log of the operating system.' },
  { at: /Database\/(Instance|Replica)$/, id: 'AwsSolutions-RDS11', reason: 'A port that nobody expects doesn’t protect: the database has no route to anywhere, and only the fleets’ groups get in.' },
  { at: /Database\/Replica$/, id: 'AwsSolutions-RDS3', reason: 'A replica is itself the spare: reading goes on at the writer when it is lost.' },
  { at: /Fleet\/Group\/ASG$/, id: 'AwsSolutions-AS3', reason: 'Failed starts and stops are told. A fleet that grows and shrinks is no news for a person.' },
  { at: /WorkerFleet\/Group\/ASG$/, id: 'AwsSolutions-EC26', reason: 'The rule fails by itself on groups of several instance types. The tests look at the launch template’s encryption.' }
]

/** Good enough where nothing is lost that matters. */
const notDurable: readonly Acknowledgement[] = [
  { at: /Database\/(Instance|Replica)$/, id: 'AwsSolutions-RDS10', reason: 'A stage for trying things out is deleted with what it holds.' },
  { at: /Database\/Instance$/, id: 'AwsSolutions-RDS3', reason: 'A stage for trying things out may stand still while its database is moved.' }
]

/** Wildcards in resources: the objects under a prefix, and the keys of an alias. */
function wildcards (stage: StageSettings): Acknowledgement[] {
  const finding = (arn: string) => `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:${arn}]`
  const objects = { at: /(Template|MediaCopies)\/Permissions$/, reason: 'The objects under one prefix of one bucket; their names aren’t known beforehand.' }
  const keys = { at: /(Template|MediaCopies)\/Permissions$/, reason: 'A condition narrows it to the key of one alias, used through one service: the id of another region’s key isn’t known here.' }
  return [
    ...placesOf(stage).flatMap(({ region: { name } }) => [
      ...['incoming', 'originals', 'media'].map((prefix) => ({ ...objects, id: finding(`s3:::${mediaBucketName(stage, name)}/${prefix}/*`) })),
      { ...keys, id: finding(`kms:${name}:${stage.account}:key/*`) }
    ]),
    { ...objects, at: /MediaCopies\/Permissions$/, id: finding('s3:::<MediaCopiesVaultE08B8BD6>/originals/*') }
  ]
}

/** The writer isn't among them: there the finding would be true. */
function replicas (stage: StageSettings): Acknowledgement[] {
  const regions = stage.primary.databaseWasReplicaOf === undefined ? stage.others : [stage.primary, ...stage.others]
  const paths = ['Database/Replica$', ...regions.map(({ name }) => `-${name}/Database/Instance$`)]
  const reason = 'It is, or was made, a replica: encrypted because its source is, and RDS refuses the property on it.'
  return paths.flatMap((path) => ['AwsSolutions-RDS2', 'CloudFormation-Validate::W9008'].map((id) => ({ at: new RegExp(path), id, reason })))
}

/** Tells the checks what is meant so. Anything that isn't named here fails `npm run infra:check`. */
export function acknowledge (app: App, stages: readonly StageSettings[]): void {
  for (const stage of stages) {
    const list = [...always, ...(stage.durable ? [] : notDurable), ...wildcards(stage), ...replicas(stage)]
    const constructs = app.node.findAll().filter(({ node }) => node.path.startsWith(`freshet-${stage.stage}-`))
    for (const construct of constructs) {
      for (const { at, id, reason } of list) if (at.test(construct.node.path)) Validations.of(construct).acknowledge({ id, reason })
    }
  }
}
