import { createPublicKey } from 'node:crypto'
import { type IncomingMessage, request as forward, type ServerResponse } from 'node:http'
import fastify from 'fastify'
import { localEdge } from '../../src/platform/cdn/local-edge.ts'
import { readFromStore } from '../../src/platform/cdn/served-object.ts'
import type { ObjectStore } from '../../src/platform/storage/object-store.ts'

export interface FrontDoor {
  readonly url: string
  close(): Promise<void>
}

interface FrontDoorOptions {
  readonly publicUrl: string
  readonly cdn: { readonly keyPairId: string, readonly privateKey: string }
  readonly store: Pick<ObjectStore, 'head' | 'get'>
  /** The instance behind it. */
  readonly target: string
}

/**
 * CloudFront and the load balancer in one: media from the store for whoever has a signature, everything else from the
 * instance, which is told that the listener came by https.
 */
export async function openFrontDoor ({ publicUrl, cdn, store, target }: FrontDoorOptions): Promise<FrontDoor> {
  const app = fastify({ logger: false })
  await app.register(localEdge, {
    mediaUrl: publicUrl,
    publicKeys: new Map([[cdn.keyPairId, createPublicKey(cdn.privateKey)]]),
    readObject: readFromStore(store),
    now: () => new Date()
  })
  // Bodies go on as they come.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/*', async (request, reply) => {
    reply.hijack()
    pass(request.raw, reply.raw, { target, publicUrl, clientAddress: request.ip })
  })
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), close: () => app.close() }
}

function pass (from: IncomingMessage, to: ServerResponse, { target, publicUrl, clientAddress }: { target: string, publicUrl: string, clientAddress: string }): void {
  const headers = { ...from.headers, host: new URL(publicUrl).host, 'x-forwarded-proto': 'https', 'x-forwarded-for': clientAddress }
  const onward = forward(new URL(from.url ?? '/', target), { method: from.method, headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(to)
  })
  onward.once('error', () => {
    if (!to.headersSent) to.writeHead(502)
    to.end()
  })
  from.pipe(onward)
}
