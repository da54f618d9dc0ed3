import type { Stack } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { jobsKeyAlias, mediaBucketName, mediaKeyAlias, type Place, queueName, secretName } from '../place.ts'
import type { StageSettings } from '../settings.ts'

type Role = 'web' | 'worker'

/**
 * What a fleet may do with the media bucket, the queues and the secrets: the calls that its code makes, nothing else.
 * Bucket and queues are the primary region's, whatever region the instances are in.
 */
export function fleetPermissions (stack: Stack, place: Place, role: Role): PolicyStatement[] {
  return [...bucketPermissions(stack, place, role), ...queuePermissions(stack, place, role), mayReadSecrets(stack, place)]
}

function bucketPermissions ({ partition }: Stack, { stage }: Place, role: Role): PolicyStatement[] {
  const bucket = `arn:${partition}:s3:::${mediaBucketName(stage, stage.primary.name)}`
  // The web fleet hands out tickets and puts uploads together; only workers touch what is kept.
  const prefixes = role === 'web' ? ['incoming'] : ['incoming', 'originals', 'media']
  return [
    new PolicyStatement({ sid: 'FindObjects', actions: ['s3:ListBucket', 's3:ListBucketMultipartUploads'], resources: [bucket] }),
    new PolicyStatement({
      sid: 'UseObjects',
      actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      resources: prefixes.map((prefix) => `${bucket}/${prefix}/*`)
    }),
    mayUseKey(partition, stage, { sid: 'UseMediaKey', alias: mediaKeyAlias(stage), service: 's3' })
  ]
}

function queuePermissions ({ partition }: Stack, { stage }: Place, role: Role): PolicyStatement[] {
  const queue = (kind: 'jobs' | 'dead-letters') => `arn:${partition}:sqs:${stage.primary.name}:${stage.account}:${queueName(stage, kind)}`
  const take = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility']
  return [
    new PolicyStatement({ sid: 'SendJobs', actions: ['sqs:SendMessage'], resources: [queue('jobs')] }),
    new PolicyStatement({ sid: 'CountJobs', actions: ['sqs:GetQueueAttributes'], resources: [queue('jobs'), queue('dead-letters')] }),
    ...(role === 'web' ? [] : [new PolicyStatement({ sid: 'TakeJobs', actions: take, resources: [queue('jobs')] })]),
    mayUseKey(partition, stage, { sid: 'UseJobsKey', alias: jobsKeyAlias(stage), service: 'sqs' })
  ]
}

interface KeyUse {
  readonly sid: string
  readonly alias: string
  /** The only one through which the key may be used. */
  readonly service: 's3' | 'sqs'
}

/** By alias, because a key of another region has an id that this stack can't know. */
function mayUseKey (partition: string, stage: StageSettings, { sid, alias, service }: KeyUse): PolicyStatement {
  const { name: region } = stage.primary
  return new PolicyStatement({
    sid,
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [`arn:${partition}:kms:${region}:${stage.account}:key/*`],
    conditions: {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias },
      StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` }
    }
  })
}

function mayReadSecrets ({ partition, region }: Stack, { stage }: Place): PolicyStatement {
  const names = ['tokens', 'media-keys', 'database'] as const
  return new PolicyStatement({
    sid: 'ReadSecrets',
    actions: ['secretsmanager:GetSecretValue'],
    // Secrets Manager adds six characters of its own to a name.
    resources: names.map((name) => `arn:${partition}:secretsmanager:${region}:${stage.account}:secret:${secretName(stage, name)}-??????`)
  })
}
