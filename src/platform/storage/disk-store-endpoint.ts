import type { IncomingMessage } from 'node:http'
import createError from '@fastify/error'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { DiskObjectStore } from './disk-object-store.ts'
import type { UploadGrant } from './upload-address.ts'

export const UploadSizeError = createError<[number, string]>('UPLOAD_SIZE', 'this upload address is for exactly %d bytes, not for %s', 400)
export const UploadTooLargeError = createError<[number, string]>('UPLOAD_TOO_LARGE', 'this upload address is for exactly %d bytes, not for %s', 413)
export const UploadTypeError = createError<[string]>('UPLOAD_TYPE', 'this upload address is for content of type %s', 403)
export const UploadStalledError = createError('UPLOAD_STALLED', 'the body came too slowly', 408)

export interface DiskStoreEndpointDeps {
  readonly store: DiskObjectStore
  /** A sender that gives fewer than 64 KiB in a stretch of this length is cut off. */
  readonly stretchMs?: number
}

const leastBytesPerStretch = 64 * 1024

/**
 * Takes what browsers send to the addresses of `DiskObjectStore`, at `/store/*`. The signature in the address is the
 * permission. Bodies stream to disk; what isn't whole, or isn't what was granted, is not kept.
 */
export const diskStoreEndpoint: FastifyPluginAsync<DiskStoreEndpointDeps> = async (app, { store, stretchMs = 15_000 }) => {
  // Bodies of any type are bytes to us: the handler reads them from the connection.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
  app.put<{ Params: { '*': string } }>('/store/*', { config: { access: 'public', rateLimit: false, pacesBodies: true } }, async (request, reply) => {
    try {
      const grant = store.readGrant(request.params['*'], queryOf(request.raw))
      checkHeaders(request, grant)
      const { etag } = await store.receive(grant, exactly(request.raw, grant.sizeBytes, stretchMs))
      return await reply.header('etag', etag).send()
    } catch (error) {
      closeUnread(request.raw, reply)
      throw error
    }
  })
}

function queryOf (request: IncomingMessage): URLSearchParams {
  const url = request.url ?? ''
  const start = url.indexOf('?')
  return new URLSearchParams(start === -1 ? '' : url.slice(start + 1))
}

function checkHeaders (request: FastifyRequest, { sizeBytes, contentType }: UploadGrant): void {
  const { 'content-length': length, 'content-type': type } = request.headers
  if (length !== undefined && Number(length) !== sizeBytes) throw wrongSize(sizeBytes, length, Number(length) > sizeBytes)
  if (contentType !== null && type !== contentType) throw new UploadTypeError(contentType)
}

function wrongSize (granted: number, given: string, larger: boolean): Error {
  return larger ? new UploadTooLargeError(granted, given) : new UploadSizeError(granted, given)
}

/** The body, unless it is longer, shorter, broken off or too slow. */
async function * exactly (body: IncomingMessage, sizeBytes: number, stretchMs: number): AsyncGenerator<Uint8Array> {
  let received = 0
  let before = 0
  let waiting = true
  const pace = setInterval(() => {
    if (waiting && received - before < leastBytesPerStretch) body.destroy(new UploadStalledError())
    before = received
  }, stretchMs)
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      received += chunk.length
      if (received > sizeBytes) throw wrongSize(sizeBytes, 'more', true)
      waiting = false
      yield chunk
      waiting = true
    }
    if (received < sizeBytes) throw wrongSize(sizeBytes, String(received), false)
  } finally {
    clearInterval(pace)
  }
}

/** Otherwise the server would read the rest of a refused body only to throw it away. */
function closeUnread (request: IncomingMessage, reply: FastifyReply): void {
  if (!request.complete) reply.header('connection', 'close')
}
