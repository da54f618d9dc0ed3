import { createHmac, timingSafeEqual } from 'node:crypto'
import createError from '@fastify/error'

export const UploadAddressInvalidError = createError<[string]>('UPLOAD_ADDRESS_INVALID', 'this upload address %s; ask for a new one', 403)

/** What the holder of an address may do, once, until it expires. */
export interface UploadGrant {
  readonly key: string
  readonly part: { readonly multipartId: string, readonly partNumber: number } | null
  /** The exact size of the body. */
  readonly sizeBytes: number
  /** Null where it doesn't matter: a part has none of its own. */
  readonly contentType: string | null
  readonly expiresAt: Date
}

/** The query of an address that grants this; any change to address or grant makes the signature wrong. */
export function signUpload (secret: string, grant: UploadGrant): string {
  const { part, sizeBytes, contentType, expiresAt } = grant
  const query = new URLSearchParams()
  if (part !== null) {
    query.set('multipartId', part.multipartId)
    query.set('partNumber', String(part.partNumber))
  }
  query.set('sizeBytes', String(sizeBytes))
  if (contentType !== null) query.set('contentType', contentType)
  query.set('expires', String(Math.floor(expiresAt.getTime() / 1000)))
  query.set('signature', signature(secret, grant))
  return query.toString()
}

/** @throws UploadAddressInvalidError when it was changed, made with another secret, or is past its time */
export function readUploadGrant (secret: string, key: string, query: URLSearchParams, now: Date): UploadGrant {
  const multipartId = query.get('multipartId')
  const grant: UploadGrant = {
    key,
    part: multipartId === null ? null : { multipartId, partNumber: Number(query.get('partNumber')) },
    sizeBytes: Number(query.get('sizeBytes')),
    contentType: query.get('contentType'),
    expiresAt: new Date(Number(query.get('expires')) * 1000)
  }
  const given = Buffer.from(query.get('signature') ?? '')
  const expected = Buffer.from(signature(secret, grant))
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new UploadAddressInvalidError('has no valid signature')
  if (grant.expiresAt <= now) throw new UploadAddressInvalidError('has expired')
  return grant
}

function signature (secret: string, { key, part, sizeBytes, contentType, expiresAt }: UploadGrant): string {
  // As JSON, no two grants have the same text, whatever the values contain.
  const text = JSON.stringify(['PUT', key, part?.multipartId, part?.partNumber, sizeBytes, contentType, Math.floor(expiresAt.getTime() / 1000)])
  return createHmac('sha256', secret).update(text).digest('base64url')
}
