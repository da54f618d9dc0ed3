import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3'

/**
 * The resource inside a bucket of the CDK, for properties that its own methods set with a Lambda beside them.
 * @throws Error when the CDK has put something else inside.
 */
export function cfnBucketOf (bucket: Bucket): CfnBucket {
  const { defaultChild } = bucket.node
  if (!(defaultChild instanceof CfnBucket)) throw new Error(`${bucket.node.path} holds no bucket`)
  return defaultChild
}
