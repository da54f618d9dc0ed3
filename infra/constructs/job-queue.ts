import { Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as sqs from 'aws-cdk-lib/aws-sqs'
import { Construct } from 'constructs'
import { removal } from '../durability.ts'
import { jobsKeyAlias, mediaBucketName, type Place, queueName, stageName } from '../place.ts'

/** A message is put aside after so many receipts: above a job's own attempts, as a worker that is called back receives in vain. */
const attempts = 5

/** Carries jobs, and the store's news of arrived files, to the workers. */
export class JobQueue extends Construct {
  readonly queue: sqs.Queue
  readonly deadLetters: sqs.Queue
  readonly key: kms.Key

  constructor (scope: Construct, id: string, { place: { stage, region } }: { readonly place: Place }) {
    super(scope, id)
    this.key = new kms.Key(this, 'Key', { description: `Queues of ${stageName(stage)}`, alias: jobsKeyAlias(stage), enableKeyRotation: true, removalPolicy: removal(stage) })
    const common = { encryption: sqs.QueueEncryption.KMS, encryptionMasterKey: this.key, dataKeyReuse: Duration.minutes(5), enforceSSL: true, retentionPeriod: Duration.days(14), removalPolicy: removal(stage) }
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', { ...common, queueName: queueName(stage, 'dead-letters') })
    this.queue = new sqs.Queue(this, 'Jobs', {
      ...common,
      queueName: queueName(stage, 'jobs'),
      // A worker makes it longer while it is at work.
      visibilityTimeout: Duration.minutes(2),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: attempts }
    })
    this.#letBucketSend(`arn:${Stack.of(this).partition}:s3:::${mediaBucketName(stage, region.name)}`, stage.account)
  }

  /** The bucket is named, not referred to: it needs this permission before it can exist. */
  #letBucketSend (bucketArn: string, account: string): void {
    const from = { principals: [new iam.ServicePrincipal('s3.amazonaws.com')], conditions: { ArnEquals: { 'aws:SourceArn': bucketArn }, StringEquals: { 'aws:SourceAccount': account } } }
    this.queue.addToResourcePolicy(new iam.PolicyStatement({ ...from, actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] }))
    this.key.addToResourcePolicy(new iam.PolicyStatement({ ...from, actions: ['kms:GenerateDataKey', 'kms:Decrypt'], resources: ['*'] }))
  }
}
