import type { FastifyInstance } from 'fastify'

/** One line a request. Never the query string: signatures and what people search for stand in it. */
export function logRequests (app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const { statusCode } = reply
    const entry = {
      method: request.method,
      path: request.url.split('?', 1)[0],
      route: request.routeOptions.url,
      status: statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ip: request.ip,
      userId: request.actor?.userId
    }
    if (statusCode >= 500) request.log.warn(entry, 'request')
    else request.log.info(entry, 'request')
  })
  app.addHook('onRequest', async (request, reply) => { reply.header('x-request-id', request.id) })
}
