import { Duration, Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { cfnBucketOf } from '../cfn-bucket.ts'
import { closedBucketWith } from '../closed-bucket.ts'
import { removal } from '../durability.ts'
import { mediaBucketName, mediaKeyAlias, type Place, stageName, vaultBucketName } from '../place.ts'
import type { RegionName } from '../settings.ts'
import type { MediaStore } from './media-store.ts'

export interface MediaCopiesProps {
  readonly place: Place
  readonly media: MediaStore
  readonly accessLogs: s3.IBucket
}

/** One rule of replication. */
interface Copy {
  readonly id: string
  readonly prefix: string
  readonly bucketName: string
  readonly region: RegionName
  readonly keyArn: string
  readonly storageClass: string
  /** Whether a deletion here hides the copy too. */
  readonly deletions: boolean
}

/**
 * Second homes of what the media bucket holds. Originals go to a vault, where each is locked for its first weeks and
 * which no role of Freshet can reach; originals and renditions go to the other regions, for playing when the primary
 * is lost.
 */
export class MediaCopies extends Construct {
  /** Bucket and rule of each kind of copy, as the metrics of replication name them. */
  readonly rules: ReadonlyArray<{ readonly id: string, readonly bucketName: string }>
  readonly #place: Place
  readonly #media: MediaStore

  constructor (scope: Construct, id: string, { place, media, accessLogs }: MediaCopiesProps) {
    super(scope, id)
    this.#place = place
    this.#media = media
    const copies = [this.#toVault(accessLogs), ...this.#toOtherRegions()]
    this.rules = copies
    cfnBucketOf(media.bucket).replicationConfiguration = { role: this.#role(copies).roleArn, rules: copies.map((copy, index) => ruleOf(copy, index)) }
  }

  #toVault (accessLogs: s3.IBucket): Copy {
    const { stage, region } = this.#place
    const key = new kms.Key(this, 'VaultKey', { description: `Vault of the originals of ${stageName(stage)}`, enableKeyRotation: true, removalPolicy: removal(stage) })
    const vault = new s3.Bucket(this, 'Vault', {
      bucketName: vaultBucketName(stage, region.name),
      ...closedBucketWith(key),
      versioned: true,
      objectLockEnabled: true,
      // Somebody with the right to s3:BypassGovernanceRetention can still do what a court orders.
      objectLockDefaultRetention: s3.ObjectLockRetention.governance(Duration.days(stage.originalsLockedDays)),
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'vault/',
      lifecycleRules: [{ id: 'whole-bucket', abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: removal(stage)
    })
    return { id: 'vault', prefix: 'originals/', bucketName: vault.bucketName, region: region.name, keyArn: key.keyArn, storageClass: 'GLACIER_IR', deletions: false }
  }

  #toOtherRegions (): Copy[] {
    const { stage } = this.#place
    const { partition } = Stack.of(this)
    const ready = stage.others.filter(({ peeringConnectionId }) => peeringConnectionId !== undefined)
    return ready.flatMap(({ name: region }) => ['originals', 'media'].map((kind) => ({
      id: `${kind}-${region}`,
      prefix: `${kind}/`,
      bucketName: mediaBucketName(stage, region),
      region,
      keyArn: `arn:${partition}:kms:${region}:${stage.account}:${mediaKeyAlias(stage)}`,
      storageClass: 'INTELLIGENT_TIERING',
      deletions: true
    })))
  }

  #role (copies: readonly Copy[]): iam.Role {
    const { stage, region } = this.#place
    const { partition } = Stack.of(this)
    const source = `arn:${partition}:s3:::${mediaBucketName(stage, region.name)}`
    // Trusted as Amazon documents it for replication: without a condition on the account, which S3 isn't said to tell.
    const role = new iam.Role(this, 'Role', { description: 'Copies originals and renditions', assumedBy: new iam.ServicePrincipal('s3.amazonaws.com') })
    const destinations = new Set(copies.map(({ bucketName, prefix }) => `arn:${partition}:s3:::${bucketName}/${prefix}*`))
    const statements = [
      new iam.PolicyStatement({ sid: 'ReadConfiguration', actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'], resources: [source] }),
      new iam.PolicyStatement({
        sid: 'ReadVersions',
        actions: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
        resources: [`${source}/originals/*`, `${source}/media/*`]
      }),
      new iam.PolicyStatement({ sid: 'WriteCopies', actions: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], resources: [...destinations] }),
      new iam.PolicyStatement({ sid: 'Decrypt', actions: ['kms:Decrypt'], resources: [this.#media.key.keyArn], conditions: { StringEquals: { 'kms:ViaService': `s3.${region.name}.amazonaws.com` } } }),
      ...this.#mayEncrypt(copies, partition)
    ]
    new iam.ManagedPolicy(this, 'Permissions', { statements, roles: [role] })
    return role
  }

  #mayEncrypt (copies: readonly Copy[], partition: string): iam.PolicyStatement[] {
    const { stage } = this.#place
    const here = copies.filter(({ id }) => id === 'vault').map(({ keyArn }) => keyArn)
    const regions = new Set(copies.filter(({ id }) => id !== 'vault').map(({ region }) => region))
    return [
      new iam.PolicyStatement({ sid: 'EncryptInVault', actions: ['kms:Encrypt', 'kms:GenerateDataKey'], resources: here }),
      ...[...regions].map((region, index) => new iam.PolicyStatement({
        sid: `EncryptElsewhere${index}`,
        actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
        resources: [`arn:${partition}:kms:${region}:${stage.account}:key/*`],
        conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': mediaKeyAlias(stage) }, StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` } }
      }))
    ]
  }
}

function ruleOf ({ id, prefix, bucketName, keyArn, storageClass, deletions }: Copy, index: number): s3.CfnBucket.ReplicationRuleProperty {
  return {
    id,
    status: 'Enabled',
    priority: index + 1,
    filter: { prefix },
    deleteMarkerReplication: { status: deletions ? 'Enabled' : 'Disabled' },
    sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
    destination: {
      bucket: `arn:aws:s3:::${bucketName}`,
      storageClass,
      encryptionConfiguration: { replicaKmsKeyId: keyArn },
      metrics: { status: 'Enabled' }
    }
  }
}
