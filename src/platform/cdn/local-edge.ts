import type { KeyObject } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { ObjectInfo } from '../storage/object-store.ts'
import { isObjectKey } from '../storage/object-key.ts'
import { ObjectNotFoundError } from '../storage/object-store-errors.ts'
import { selectBytes, type Selection } from './byte-ranges.ts'
import type { ReadObject, ServedObject } from './served-object.ts'
import { createSignedUrlVerifier, type Refusal } from './verify-signed-url.ts'

export interface LocalEdgeDeps {
  /** Address that the signer signs for; a request counts as one to it, whatever host it names. */
  readonly mediaUrl: string
  /** By key pair id. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
  readonly readObject: ReadObject
  readonly now: () => Date
}

/** Types that a browser may show from our own origin; what it could run as a page or a program is saved instead. */
const shownTypes = /^(audio\/[\w.+-]+|image\/(avif|webp|jpeg|png|gif))$/
/** S3 answers so for a missing object to whoever may not list the bucket, as CloudFront may not. */
const missing: Refusal = { code: 'AccessDenied', message: 'Access Denied' }

/**
 * Stands in for CloudFront where there is none: checks the same signatures at `/media/*` and `/originals/*` and sends
 * byte ranges. The signature in the address is the permission.
 */
export const localEdge: FastifyPluginAsync<LocalEdgeDeps> = async (app, { mediaUrl, publicKeys, readObject, now }) => {
  const refusalOf = createSignedUrlVerifier({ publicKeys, now })

  const serve = async (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.raw.url ?? ''
    const refusal = refusalOf({ url: mediaUrl + path, clientAddress: request.ip })
    if (refusal !== undefined) return refuse(reply, refusal)
    const object = await open(readObject, keyOf(path))
    if (object === undefined) return refuse(reply, missing)
    try {
      return await send(request, reply, object)
    } finally {
      object.close()
    }
  }
  for (const url of ['/media/*', '/originals/*']) app.route({ method: ['GET', 'HEAD'], url, config: { access: 'public', rateLimit: false }, handler: serve })
}

/** A wildcard in a policy matches `..` and escapes too, so the key is checked for itself. */
function keyOf (path: string): string | undefined {
  const key = decodeURIComponent(path.split('?', 1)[0] ?? '').slice(1)
  return isObjectKey(key) ? key : undefined
}

async function open (readObject: ReadObject, key: string | undefined): Promise<ServedObject | undefined> {
  if (key === undefined) return undefined
  try {
    return await readObject(key)
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined
    throw error
  }
}

function refuse (reply: FastifyReply, { code, message }: Refusal): FastifyReply {
  return reply.code(403).header('content-type', 'text/xml').header('cache-control', 'no-store')
    .send(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`)
}

async function send (request: FastifyRequest, reply: FastifyReply, object: ServedObject): Promise<FastifyReply> {
  const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch, 'if-modified-since': ifModifiedSince } = request.headers
  const selection = selectBytes(object.info, { range, ifRange: typeof ifRange === 'string' ? ifRange : undefined, ifNoneMatch, ifModifiedSince })
  reply.code(selection.status).headers(headersOf(object.info, selection))
  if (selection.range === undefined || request.method === 'HEAD' || object.info.sizeBytes === 0) return await reply.send()
  // Past Fastify's own sending: it would pipe a stream, and the bytes must be with the kernel before a buffer is used again.
  reply.hijack()
  const response = reply.raw
  response.writeHead(selection.status, definedHeaders(reply))
  try {
    await object.sendTo(response, selection.range)
    response.end()
  } catch (error) {
    request.log.error({ err: error, key: object.info.key }, 'sending an object failed')
    // The status is out already; a connection cut short is how HTTP says that the rest is missing.
    response.destroy()
  }
  return reply
}

function headersOf ({ etag, contentType, lastModifiedAt, sizeBytes }: ObjectInfo, selection: Selection): Record<string, string | number> {
  const always = {
    'accept-ranges': 'bytes',
    etag,
    'last-modified': lastModifiedAt.toUTCString(),
    'cache-control': 'private, max-age=31536000, immutable'
  }
  if (selection.status === 304) return always
  if (selection.range === undefined) return { 'accept-ranges': 'bytes', 'content-range': `bytes */${sizeBytes}`, 'cache-control': 'no-store' }
  const { start, end } = selection.range
  return {
    ...always,
    'content-type': contentType,
    'content-length': end + 1 - start,
    ...(selection.status === 206 ? { 'content-range': `bytes ${start}-${end}/${sizeBytes}` } : {}),
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    ...(shownTypes.test(contentType) ? {} : { 'content-disposition': 'attachment' })
  }
}

function definedHeaders (reply: FastifyReply): Record<string, string | number | string[]> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).filter((entry): entry is [string, string | number | string[]] => entry[1] !== undefined))
}
