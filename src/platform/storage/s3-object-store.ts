import { createHash } from 'node:crypto'
import { addAbortListener } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CopyObjectCommand, CreateMultipartUploadCommand, DeleteObjectCommand,
  GetObjectCommand, HeadBucketCommand, HeadObjectCommand, ListMultipartUploadsCommand, type ListMultipartUploadsCommandOutput, ListPartsCommand, type ListPartsCommandOutput, paginateListObjectsV2, PutObjectCommand,
  S3Client, type S3ClientConfig, S3ServiceException, UploadPartCommand
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { checkObjectKey, checkPartNumber, splitPrefix } from './object-key.ts'
import { ObjectChecksumError, ObjectExistsError, ObjectNotFoundError, ObjectRangeError } from './object-store-errors.ts'
import type { ByteRange, ListedObject, ObjectInfo, ObjectStore, PendingMultipart, PresignedRequest, PresignOptions, PutOptions, UploadedPart } from './object-store.ts'
import { BucketUnusableError, bucketFault, isConflict, isNotFound, onMultipart, onObject } from './s3-errors.ts'
import { copyInParts, type Encryption, putFileInParts, type Target, type TransferLimits, transferLimits } from './s3-transfers.ts'

export interface S3ObjectStoreOptions {
  readonly bucket: string
  readonly region: string
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
  readonly forcePathStyle: boolean
  /** Encrypts what is written. Undefined: as the bucket has it. */
  readonly kmsKeyId?: string | undefined
  /** Default: the SDK's chain, which finds the role of the machine. */
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>
  /** A connection that is silent for so long is given up and the request tried again. */
  readonly idleTimeoutMs?: number
  readonly limits?: TransferLimits
}

type PartRef = Pick<UploadedPart, 'partNumber' | 'etag'>

const connectTimeoutMs = 5_000
/** Jitter and growing pauses are the SDK's (its standard mode). */
const attempts = 5
const firstConflictPauseMs = 50

/** Objects in a bucket of Amazon S3, or of a server that speaks its protocol. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #region: string
  readonly #limits: TransferLimits
  readonly #encryption: Encryption

  constructor ({ bucket, region, endpoint, forcePathStyle, kmsKeyId, credentials, idleTimeoutMs = 30_000, limits = transferLimits }: S3ObjectStoreOptions) {
    this.#bucket = bucket
    this.#region = region
    this.#limits = limits
    this.#encryption = kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }
    this.#client = new S3Client({
      region,
      forcePathStyle,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(credentials === undefined ? {} : { credentials }),
      retryMode: 'standard',
      maxAttempts: attempts,
      // Otherwise presigned addresses would contain the checksum of an empty body.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: idleTimeoutMs, httpAgent: { maxSockets: 256 }, httpsAgent: { maxSockets: 256 } }
    })
  }

  async put (key: string, body: Uint8Array, { contentType, sha256, ifAbsent = false }: PutOptions): Promise<ObjectInfo> {
    checkObjectKey(key)
    if (sha256 !== undefined && sha256 !== createHash('sha256').update(body).digest('hex')) throw new ObjectChecksumError(key)
    const command = () => new PutObjectCommand({ ...this.#place(key), ...this.#encryption, Body: body, ContentType: contentType, ...(ifAbsent ? { IfNoneMatch: '*' } : {}) })
    await onObject(key, againAfterConflict(() => this.#client.send(command())))
    return await this.#existing(key)
  }

  async putFile (key: string, path: string, options: PutOptions): Promise<ObjectInfo> {
    checkObjectKey(key)
    const { size } = await stat(path)
    if (size <= this.#limits.partBytes) return await this.put(key, await readFile(path), options)
    if (options.ifAbsent === true) await this.#refuseExisting(key)
    await onObject(key, putFileInParts({ ...this.#target(key), partBytes: this.#limits.partBytes }, { path, sizeBytes: size }, options))
    return await this.#existing(key)
  }

  async get (key: string, { range, signal }: { readonly range?: ByteRange, readonly signal?: AbortSignal } = {}): Promise<{ readonly info: ObjectInfo, readonly body: Readable }> {
    checkObjectKey(key)
    signal?.throwIfAborted()
    const command = new GetObjectCommand({ ...this.#place(key), ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }) })
    const output = await onObject(key, this.#client.send(command, signal === undefined ? {} : { abortSignal: signal })).catch((error: unknown) => {
      if (signal?.aborted === true) throw signal.reason
      if (error instanceof S3ServiceException && error.name === 'InvalidRange') throw new ObjectRangeError(key)
      throw error
    })
    const body = output.Body
    if (!(body instanceof Readable)) throw new Error(`S3 answered without a body for ${key}`)
    if (signal !== undefined) {
      const listener = addAbortListener(signal, () => body.destroy(signal.reason))
      body.once('close', () => listener[Symbol.dispose]())
    }
    return { info: infoOf(key, output, totalBytes(output)), body }
  }

  async head (key: string): Promise<ObjectInfo | null> {
    checkObjectKey(key)
    try {
      const output = await this.#client.send(new HeadObjectCommand(this.#place(key)))
      return infoOf(key, output, output.ContentLength ?? 0)
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  async copy (fromKey: string, toKey: string, { contentType, ifAbsent = false }: Pick<PutOptions, 'contentType' | 'ifAbsent'>): Promise<ObjectInfo> {
    checkObjectKey(toKey)
    const { sizeBytes } = await this.#existing(fromKey)
    // Not every server heeds the condition on a copy.
    if (ifAbsent) await this.#refuseExisting(toKey)
    const copySource = `${this.#bucket}/${fromKey}`
    if (sizeBytes > this.#limits.copyPartBytes) {
      await onObject(toKey, copyInParts({ ...this.#target(toKey), partBytes: this.#limits.copyPartBytes }, { copySource, sizeBytes }, { contentType, ifAbsent }))
    } else {
      await onObject(toKey, this.#client.send(new CopyObjectCommand({
        ...this.#place(toKey), ...this.#encryption, CopySource: copySource, MetadataDirective: 'REPLACE', ContentType: contentType, ...(ifAbsent ? { IfNoneMatch: '*' } : {})
      })))
    }
    return await this.#existing(toKey)
  }

  async delete (key: string): Promise<void> {
    checkObjectKey(key)
    await this.#client.send(new DeleteObjectCommand(this.#place(key)))
  }

  async * list (prefix: string): AsyncGenerator<ListedObject> {
    splitPrefix(prefix)
    for await (const page of paginateListObjectsV2({ client: this.#client }, { Bucket: this.#bucket, Prefix: prefix })) {
      for (const { Key = '', Size = 0, ETag = '', LastModified = new Date(0) } of page.Contents ?? []) {
        yield { key: Key, sizeBytes: Size, etag: quoted(ETag), lastModifiedAt: LastModified }
      }
    }
  }

  async presignPut (key: string, { contentType, sizeBytes, expiresInSeconds }: PresignOptions & { readonly contentType: string }): Promise<PresignedRequest> {
    checkObjectKey(key)
    const command = new PutObjectCommand({ ...this.#place(key), ...this.#encryption, ContentLength: sizeBytes, ContentType: contentType, IfNoneMatch: '*' })
    const headers = { 'content-type': contentType, 'if-none-match': '*', ...encryptionHeaders(this.#encryption) }
    // The only header that isn't signed unless it is asked for.
    const url = await getSignedUrl(this.#client, command, { expiresIn: expiresInSeconds, signableHeaders: new Set(['content-type']) })
    return { method: 'PUT', url, headers, expiresAt: expiryOf(url) }
  }

  async createMultipart (key: string, { contentType }: { readonly contentType: string }): Promise<string> {
    checkObjectKey(key)
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand({ ...this.#place(key), ...this.#encryption, ContentType: contentType }))
    if (UploadId === undefined) throw new Error(`S3 gave no id for the multipart upload of ${key}`)
    return UploadId
  }

  async presignPart (key: string, multipartId: string, partNumber: number, { sizeBytes, expiresInSeconds }: PresignOptions): Promise<PresignedRequest> {
    checkObjectKey(key)
    checkPartNumber(partNumber)
    const command = new UploadPartCommand({ ...this.#place(key), UploadId: multipartId, PartNumber: partNumber, ContentLength: sizeBytes })
    const url = await getSignedUrl(this.#client, command, { expiresIn: expiresInSeconds })
    return { method: 'PUT', url, headers: {}, expiresAt: expiryOf(url) }
  }

  async uploadOrigin (): Promise<string> {
    // Asked of the SDK: it leaves the bucket out of the host's name for an IP address and for a name with dots too.
    const { url } = await this.presignPart('incoming/any', 'any', 1, { sizeBytes: 1, expiresInSeconds: 60 })
    return new URL(url).origin
  }

  async listParts (key: string, multipartId: string): Promise<UploadedPart[]> {
    return await onMultipart(multipartId, this.#listParts(key, multipartId))
  }

  async #listParts (key: string, multipartId: string): Promise<UploadedPart[]> {
    const parts: UploadedPart[] = []
    // Not the SDK's paginator: it goes by the marker, which some servers send after the last page too.
    for (let after: { PartNumberMarker?: string | undefined } | undefined = {}; after !== undefined;) {
      const page: ListPartsCommandOutput = await this.#client.send(new ListPartsCommand({ ...this.#place(key), UploadId: multipartId, ...after }))
      parts.push(...(page.Parts ?? []).map(({ PartNumber = 0, ETag = '', Size = 0 }) => ({ partNumber: PartNumber, etag: quoted(ETag), sizeBytes: Size })))
      after = page.IsTruncated === true ? { PartNumberMarker: page.NextPartNumberMarker } : undefined
    }
    return parts
  }

  async completeMultipart (key: string, multipartId: string, parts: readonly PartRef[]): Promise<ObjectInfo> {
    await onMultipart(multipartId, this.#client.send(new CompleteMultipartUploadCommand({
      ...this.#place(key), UploadId: multipartId, MultipartUpload: { Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: quoted(etag) })) }
    })))
    return await this.#existing(key)
  }

  async abortMultipart (key: string, multipartId: string): Promise<void> {
    try {
      await this.#client.send(new AbortMultipartUploadCommand({ ...this.#place(key), UploadId: multipartId }))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  async * listMultiparts (prefix: string): AsyncGenerator<PendingMultipart> {
    for (let after: { KeyMarker?: string | undefined, UploadIdMarker?: string | undefined } | undefined = {}; after !== undefined;) {
      const page: ListMultipartUploadsCommandOutput = await this.#client.send(new ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: prefix, ...after }))
      for (const { Key = '', UploadId = '', Initiated = new Date(0) } of page.Uploads ?? []) yield { key: Key, multipartId: UploadId, startedAt: Initiated }
      after = page.IsTruncated === true ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : undefined
    }
  }

  /** S3 shows and keeps whole objects only. */
  async removeLeftovers (): Promise<number> {
    return 0
  }

  async check (): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }))
    } catch (error) {
      throw new BucketUnusableError(bucketFault(error, { bucket: this.#bucket, region: this.#region }))
    }
  }

  async close (): Promise<void> {
    this.#client.destroy()
  }

  #place (key: string): { Bucket: string, Key: string } {
    return { Bucket: this.#bucket, Key: key }
  }

  #target (key: string): Omit<Target, 'partBytes'> {
    return { client: this.#client, bucket: this.#bucket, key, encryption: this.#encryption }
  }

  async #existing (key: string): Promise<ObjectInfo> {
    const info = await this.head(key)
    if (info === null) throw new ObjectNotFoundError(key)
    return info
  }

  async #refuseExisting (key: string): Promise<void> {
    if (await this.head(key) !== null) throw new ObjectExistsError(key)
  }
}

/** S3 answers so when two conditional writes meet, and asks for another try: the other may have come to nothing. */
async function againAfterConflict<T> (send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send()
    } catch (error) {
      if (!isConflict(error) || attempt === attempts) throw error
      await delay(firstConflictPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }
}

/** What a browser must send, because it is signed. */
function encryptionHeaders ({ ServerSideEncryption, SSEKMSKeyId }: Encryption): Record<string, string> {
  return SSEKMSKeyId === undefined ? {} : { 'x-amz-server-side-encryption': ServerSideEncryption, 'x-amz-server-side-encryption-aws-kms-key-id': SSEKMSKeyId }
}

function infoOf (key: string, { ETag, ContentType, LastModified }: { ETag?: string | undefined, ContentType?: string | undefined, LastModified?: Date | undefined }, sizeBytes: number): ObjectInfo {
  return { key, sizeBytes, etag: quoted(ETag ?? ''), contentType: ContentType ?? 'application/octet-stream', lastModifiedAt: LastModified ?? new Date(0) }
}

/** Of the whole object, which the length of a range doesn't tell. */
function totalBytes ({ ContentRange, ContentLength }: { ContentRange?: string | undefined, ContentLength?: number | undefined }): number {
  const total = ContentRange?.split('/')[1]
  return total === undefined ? ContentLength ?? 0 : Number(total)
}

/** Some servers leave the quotes out in some answers. */
function quoted (etag: string): string {
  return `"${etag.replaceAll('"', '')}"`
}

/** As the address itself says it, so that both agree to the second. */
function expiryOf (presignedUrl: string): Date {
  const query = new URL(presignedUrl).searchParams
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? []
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second) + Number(query.get('X-Amz-Expires'))))
}
