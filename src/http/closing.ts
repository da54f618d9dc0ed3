import type { FastifyInstance } from 'fastify'

/**
 * While the server closes, each answer ends its connection. Those that were idle are closed at once; the others would
 * otherwise keep the process until their keep-alive runs out.
 */
export function endConnectionsWhenClosing (app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => { closing = true })
  app.addHook('onSend', async (_request, reply) => { if (closing) reply.header('connection', 'close') })
}
