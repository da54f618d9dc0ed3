import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isShed } from './overload.ts'

/**
 * One line a request. Never the query string: signatures and what people search for stand in it. What is turned away
 * under load is counted, not written: writing it would cost more than answering it. Nor who asked: whoever reports a
 * fault has the request's id from the answer (`x-request-id`), and who did what is in the audit log.
 */
export function logRequests (app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    if (isShed(request)) return
    const { statusCode } = reply
    const entry = {
      method: request.method,
      ...placeOf(request, statusCode),
      status: statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10
    }
    if (statusCode >= 500) request.log.warn(entry, 'request')
    else request.log.info(entry, 'request')
  })
  app.addHook('onRequest', async (request, reply) => { reply.header('x-request-id', request.id) })
}

/** An address that isn't one of ours may hold anything: a name, a token in the wrong place. So may one with odd parts; that of a share link is a token. */
function placeOf ({ url, is404, routeOptions }: FastifyRequest, statusCode: number): { readonly path?: string | undefined, readonly route?: string | undefined } {
  const route = is404 ? 'none' : routeOptions.url
  if (is404 || statusCode === 400 || route === undefined || route.endsWith('*') || route.includes(':token')) return { route }
  return { path: url.split('?', 1)[0], route }
}
