import type { IKey } from 'aws-cdk-lib/aws-kms'
import { BlockPublicAccess, BucketEncryption, type BucketProps, ObjectOwnership } from 'aws-cdk-lib/aws-s3'

/** What every bucket has: nothing in it is public, and nothing goes to it or comes from it in the clear. */
export const closedBucket = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2
} as const satisfies BucketProps

/** The same with a key of ours; the bucket's own key spares most calls to KMS. */
export function closedBucketWith (encryptionKey: IKey) {
  return { ...closedBucket, encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true } as const satisfies BucketProps
}
