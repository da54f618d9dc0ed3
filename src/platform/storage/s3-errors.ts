import { S3ServiceException } from '@aws-sdk/client-s3'
import createError from '@fastify/error'
import { MultipartInvalidError, MultipartNotFoundError, ObjectExistsError, ObjectNotFoundError } from './object-store-errors.ts'

export const BucketUnusableError = createError<[string]>('BUCKET_UNUSABLE', '%s', 503)

/** Some servers name the key as missing where Amazon names the upload. */
const notFoundNames = ['NoSuchKey', 'NotFound', 'NoSuchUpload']
const invalidPartNames = ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML']

/** Two conditional writes met; S3 asks to try again. */
export function isConflict (error: unknown): boolean {
  return error instanceof S3ServiceException && error.name === 'ConditionalRequestConflict'
}

/** Why the bucket of the settings can't be used, and which of them to look at. */
export function bucketFault (error: unknown, { bucket, region }: { readonly bucket: string, readonly region: string }): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  const bucketRegion = regionTold(error)
  if (bucketRegion !== undefined && bucketRegion !== region) return `S3_REGION is ${region}, but the bucket ${bucket} is in ${bucketRegion}`
  if (status === 404) return `S3_BUCKET: there is no bucket ${bucket}; make it, or correct the name or S3_ENDPOINT`
  if (status === 301 || status === 400) return `S3_REGION: the bucket ${bucket} is not in ${region}, or S3_ENDPOINT is not its server (${name})`
  if (status === 403) return `S3_BUCKET: the bucket ${bucket} may not be used from here; it belongs to somebody else, or the credentials of this machine lack s3:ListBucket`
  return `S3_BUCKET: the bucket ${bucket} can’t be reached (${name}: ${message}); check S3_ENDPOINT, S3_REGION, the credentials and the network`
}

/** S3 says where a bucket is, even to somebody who asks in the wrong place. */
function regionTold (error: unknown): string | undefined {
  if (!(error instanceof S3ServiceException)) return undefined
  const headers: Readonly<Record<string, string | undefined>> = error.$response?.headers ?? {}
  return headers['x-amz-bucket-region']
}

export function isNotFound (error: unknown): boolean {
  return error instanceof S3ServiceException && notFoundNames.includes(error.name)
}

/** Runs a request about an object; S3's errors become the port's. */
export async function onObject<T> (key: string, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (isNotFound(error)) throw new ObjectNotFoundError(key)
    if (isConflict(error) || (error instanceof S3ServiceException && error.name === 'PreconditionFailed')) throw new ObjectExistsError(key)
    throw error
  }
}

/** Runs a request about a multipart upload; S3's errors become the port's. */
export async function onMultipart<T> (multipartId: string, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (isNotFound(error)) throw new MultipartNotFoundError(multipartId)
    if (error instanceof S3ServiceException && invalidPartNames.includes(error.name)) throw new MultipartInvalidError(`${error.name} ${error.message}`)
    throw error
  }
}
