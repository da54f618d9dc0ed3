import { Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { cfnBucketOf } from '../cfn-bucket.ts'
import { closedBucketWith } from '../closed-bucket.ts'
import { removal } from '../durability.ts'
import { mediaBucketName, mediaKeyAlias, type Place, stageName } from '../place.ts'
import type { JobQueue } from './job-queue.ts'

export interface MediaStoreProps {
  readonly place: Place
  readonly jobs: JobQueue
  readonly accessLogs: s3.IBucket
}

/** The bucket of what arrives (incoming/), what is kept for ever (originals/) and what is played (media/). */
export class MediaStore extends Construct {
  readonly bucket: s3.Bucket
  readonly key: kms.Key

  constructor (scope: Construct, id: string, { place, jobs, accessLogs }: MediaStoreProps) {
    super(scope, id)
    const { stage, region } = place
    this.key = new kms.Key(this, 'Key', { description: `Media of ${stageName(stage)}`, alias: mediaKeyAlias(stage), enableKeyRotation: true, removalPolicy: removal(stage) })
    this.bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: mediaBucketName(stage, region.name),
      ...closedBucketWith(this.key),
      versioned: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'media/',
      lifecycleRules: lifecycle(),
      // Browsers send the parts of an upload straight here.
      cors: [{ allowedOrigins: [`https://${stage.domain}`], allowedMethods: [s3.HttpMethods.PUT], allowedHeaders: ['content-type', 'if-none-match', 'content-md5', 'x-amz-*'], exposedHeaders: ['ETag'], maxAge: 3600 }],
      removalPolicy: removal(stage)
    })
    tellOfArrivals(this.bucket, jobs)
    this.#letCloudFrontRead(stage.account)
  }

  #letCloudFrontRead (account: string): void {
    const { partition } = Stack.of(this)
    // Of all distributions in the account: the one is made in another stack, and its id known only afterwards. By its
    // name alone, which contains the account: that CloudFront tells KMS the account too is written nowhere.
    const from = { principals: [new iam.ServicePrincipal('cloudfront.amazonaws.com')], conditions: { ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudfront::${account}:distribution/*` } } }
    for (const prefix of ['media', 'originals']) this.bucket.addToResourcePolicy(new iam.PolicyStatement({ ...from, actions: ['s3:GetObject'], resources: [this.bucket.arnForObjects(`${prefix}/*`)] }))
    this.key.addToResourcePolicy(new iam.PolicyStatement({ ...from, actions: ['kms:Decrypt'], resources: ['*'] }))
  }
}

function lifecycle (): s3.LifecycleRule[] {
  const tiered = [{ storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }]
  return [
    // Deleted and overwritten objects can be had back for a month.
    { id: 'whole-bucket', abortIncompleteMultipartUploadAfter: Duration.days(7), noncurrentVersionExpiration: Duration.days(30), expiredObjectDeleteMarker: true },
    { id: 'originals', prefix: 'originals/', transitions: tiered },
    { id: 'media', prefix: 'media/', transitions: tiered }
  ]
}

/** By the property itself: the CDK's own way puts a Lambda with wide permissions beside it. */
function tellOfArrivals (bucket: s3.Bucket, { queue }: JobQueue): void {
  const resource = cfnBucketOf(bucket)
  resource.notificationConfiguration = {
    queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn, filter: { s3Key: { rules: [{ name: 'prefix', value: 'incoming/' }] } } }]
  }
  // The bucket is refused while the queue doesn't accept its test message.
  for (const part of queue.node.findAll()) if (part.node.id === 'Policy') resource.node.addDependency(part)
}
