import { Duration, Stack } from 'aws-cdk-lib'
import { Trail } from 'aws-cdk-lib/aws-cloudtrail'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { closedBucketWith } from '../closed-bucket.ts'
import { removal } from '../durability.ts'
import { stageName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

export interface AuditTrailProps {
  readonly stage: StageSettings
  readonly accessLogs: s3.IBucket
}

/** Who did what with the account, in every region, in files whose change is found. */
export class AuditTrail extends Construct {
  constructor (scope: Construct, id: string, { stage, accessLogs }: AuditTrailProps) {
    super(scope, id)
    const { account, partition, region } = Stack.of(this)
    const trail = `trail/${stageName(stage)}`
    const key = new Key(this, 'Key', { description: `Audit trail of ${stageName(stage)}`, enableKeyRotation: true, removalPolicy: removal(stage) })
    // Without it CloudTrail refuses the key when the trail is made.
    key.addToResourcePolicy(new PolicyStatement({
      principals: [new ServicePrincipal('cloudtrail.amazonaws.com')],
      actions: ['kms:GenerateDataKey', 'kms:DescribeKey'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceArn': `arn:${partition}:cloudtrail:${region}:${account}:${trail}` } }
    }))
    const bucket = new s3.Bucket(this, 'Bucket', {
      ...closedBucketWith(key),
      versioned: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'trail/',
      lifecycleRules: [{ expiration: Duration.days(400), noncurrentVersionExpiration: Duration.days(30), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: removal(stage)
    })
    new Trail(this, 'Trail', { trailName: stageName(stage), bucket, encryptionKey: key, isMultiRegionTrail: true, includeGlobalServiceEvents: true, enableFileValidation: true })
  }
}
