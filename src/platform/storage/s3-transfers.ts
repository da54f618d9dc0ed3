import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import {
  AbortMultipartUploadCommand, type CompletedPart, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, type S3Client,
  UploadPartCommand, UploadPartCopyCommand
} from '@aws-sdk/client-s3'
import { maxParts } from './object-key.ts'
import type { ByteRange, PutOptions } from './object-store.ts'
import { ObjectChecksumError } from './object-store-errors.ts'

export interface TransferLimits {
  /** Files larger than this go up in parts of this size. A part is held in memory, so that it can be sent again. */
  readonly partBytes: number
  /** Objects larger than this are copied in parts of this size; S3 copies at most 5 GiB at once. */
  readonly copyPartBytes: number
}

export const transferLimits: TransferLimits = { partBytes: 16 * 1024 ** 2, copyPartBytes: 1024 ** 3 }

/** Named at the start of a write; its parts follow. */
export type Encryption = { readonly ServerSideEncryption: 'aws:kms', readonly SSEKMSKeyId: string } | { readonly ServerSideEncryption?: never, readonly SSEKMSKeyId?: never }

export interface Target {
  readonly client: S3Client
  readonly bucket: string
  readonly key: string
  readonly partBytes: number
  readonly encryption: Encryption
}

type SendPart = (multipartId: string, partNumber: number) => Promise<CompletedPart>

const partsInFlight = 3

/** @throws ObjectChecksumError before anything becomes visible */
export async function putFileInParts (target: Target, file: { readonly path: string, readonly sizeBytes: number }, options: PutOptions): Promise<void> {
  const partBytes = Math.max(target.partBytes, Math.ceil(file.sizeBytes / maxParts))
  const hash = createHash('sha256')
  await inParts(target, options, async function * () {
    for await (const body of partsOf(file.path, partBytes)) {
      hash.update(body)
      yield (multipartId, partNumber) => sendPart(target, { multipartId, partNumber, body })
    }
    if (options.sha256 !== undefined && options.sha256 !== hash.digest('hex')) throw new ObjectChecksumError(target.key)
  })
}

export async function copyInParts (target: Target, source: { readonly copySource: string, readonly sizeBytes: number }, options: PutOptions): Promise<void> {
  const { partBytes } = target
  await inParts(target, options, async function * () {
    for (let start = 0; start < source.sizeBytes; start += partBytes) {
      const range = { start, end: Math.min(start + partBytes, source.sizeBytes) - 1 }
      yield (multipartId, partNumber) => copyPart(target, { multipartId, partNumber, range, copySource: source.copySource })
    }
  })
}

/** All parts or none: a failure gives the storage of what was sent back. */
async function inParts ({ client, bucket, key, encryption }: Target, { contentType, ifAbsent = false }: PutOptions, parts: () => AsyncGenerator<SendPart>): Promise<void> {
  const place = { Bucket: bucket, Key: key }
  const { UploadId = '' } = await client.send(new CreateMultipartUploadCommand({ ...place, ...encryption, ContentType: contentType }))
  try {
    const sent = await sendAll(UploadId, parts())
    await client.send(new CompleteMultipartUploadCommand({
      ...place, UploadId, MultipartUpload: { Parts: sent }, ...(ifAbsent ? { IfNoneMatch: '*' } : {})
    }))
  } catch (error) {
    // The first failure is the one to report; the bucket's lifecycle rule collects what can't be aborted now.
    await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => {})
    throw error
  }
}

async function sendAll (multipartId: string, parts: AsyncGenerator<SendPart>): Promise<CompletedPart[]> {
  const sent: CompletedPart[] = []
  const inFlight = new Set<Promise<void>>()
  let partNumber = 0
  try {
    for await (const send of parts) {
      const index = partNumber++
      const sending = send(multipartId, partNumber).then((part) => {
        sent[index] = part
        inFlight.delete(sending)
      })
      inFlight.add(sending)
      if (inFlight.size === partsInFlight) await Promise.race(inFlight)
    }
    await Promise.all(inFlight)
  } finally {
    await Promise.allSettled(inFlight)
  }
  return sent
}

async function sendPart ({ client, bucket, key }: Target, { multipartId, partNumber, body }: { readonly multipartId: string, readonly partNumber: number, readonly body: Uint8Array }): Promise<CompletedPart> {
  const { ETag } = await client.send(new UploadPartCommand({ Bucket: bucket, Key: key, UploadId: multipartId, PartNumber: partNumber, Body: body }))
  return { PartNumber: partNumber, ETag }
}

interface CopiedPart {
  readonly multipartId: string
  readonly partNumber: number
  readonly range: ByteRange
  readonly copySource: string
}

async function copyPart ({ client, bucket, key }: Target, { multipartId, partNumber, range, copySource }: CopiedPart): Promise<CompletedPart> {
  const { CopyPartResult } = await client.send(new UploadPartCopyCommand({
    Bucket: bucket, Key: key, UploadId: multipartId, PartNumber: partNumber, CopySource: copySource, CopySourceRange: `bytes=${range.start}-${range.end}`
  }))
  return { PartNumber: partNumber, ETag: CopyPartResult?.ETag }
}

async function * partsOf (path: string, partBytes: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    for (;;) {
      const part = Buffer.allocUnsafe(partBytes)
      let filled = 0
      for (let read = -1; read !== 0 && filled < partBytes; filled += read) {
        read = (await file.read(part, filled, partBytes - filled)).bytesRead
      }
      if (filled > 0) yield part.subarray(0, filled)
      if (filled < partBytes) return
    }
  } finally {
    await file.close()
  }
}
