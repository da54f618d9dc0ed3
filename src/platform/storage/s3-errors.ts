import { S3ServiceException } from '@aws-sdk/client-s3'
import { MultipartInvalidError, MultipartNotFoundError, ObjectExistsError, ObjectNotFoundError } from './object-store-errors.ts'

/** Some servers name the key as missing where Amazon names the upload. */
const notFoundNames = ['NoSuchKey', 'NotFound', 'NoSuchUpload']
const invalidPartNames = ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall', 'MalformedXML']

export function isNotFound (error: unknown): boolean {
  return error instanceof S3ServiceException && notFoundNames.includes(error.name)
}

/** Runs a request about an object; S3's errors become the port's. */
export async function onObject<T> (key: string, request: Promise<T>): Promise<T> {
  try {
    return await request
  } catch (error) {
    if (isNotFound(error)) throw new ObjectNotFoundError(key)
    // 409 is the answer when two conditional writes meet.
    if (error instanceof S3ServiceException && ['PreconditionFailed', 'ConditionalRequestConflict'].includes(error.name)) throw new ObjectExistsError(key)
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
