import { Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as sns from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import { closedBucket } from '../closed-bucket.ts'
import { removal } from '../durability.ts'
import { stageName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

/** What people watch with: the topic that tells them, the bucket of access logs, the key of both logs and messages. */
export class Operations extends Construct {
  readonly key: kms.Key
  readonly topic: sns.Topic
  readonly accessLogs: s3.Bucket

  constructor (scope: Construct, id: string, { stage }: { readonly stage: StageSettings }) {
    super(scope, id)
    const { account, region, partition } = Stack.of(this)
    this.key = new kms.Key(this, 'Key', {
      description: `Logs and alarms of ${stageName(stage)}`,
      alias: `alias/${stageName(stage)}-${id.toLowerCase()}`,
      enableKeyRotation: true,
      removalPolicy: removal(stage)
    })
    const use = (service: string, conditions: Record<string, Record<string, string>>) => this.key.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal(service)],
      actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:DescribeKey'],
      resources: ['*'],
      conditions
    }))
    use(`logs.${region}.amazonaws.com`, { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*` } })
    use('cloudwatch.amazonaws.com', { StringEquals: { 'aws:SourceAccount': account } })
    // Named by a condition: in a new account the role doesn't exist yet, and a policy can't name what doesn't.
    // And not by the account as the principal, which would leave it to the role's own policy: Amazon's, which grants no key.
    this.key.addToResourcePolicy(new iam.PolicyStatement({
      principals: [new iam.AnyPrincipal()],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'kms:CallerAccount': account }, ArnEquals: { 'aws:PrincipalArn': `arn:${partition}:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling` } }
    }))

    this.topic = new sns.Topic(this, 'Alerts', { displayName: `Freshet ${stage.stage}`, masterKey: this.key, enforceSSL: true })
    // `enforceSSL` gives the topic a policy in place of Amazon's own, which had let alarms in.
    this.topic.addToResourcePolicy(new iam.PolicyStatement({
      sid: 'Alarms',
      principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [this.topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': account } }
    }))
    this.topic.addSubscription(new EmailSubscription(stage.alarmEmail))
    this.accessLogs = new s3.Bucket(this, 'AccessLogs', {
      // Load balancers can't write to a bucket with a key of ours.
      encryption: s3.BucketEncryption.S3_MANAGED,
      ...closedBucket,
      lifecycleRules: [{ expiration: Duration.days(stage.logDays), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: removal(stage)
    })
  }
}
