import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** The sender of more sees the connection break. */
const mostBytes = 4 * 1_048_576

/**
 * Lets a refused body come in, unread, before the refusal ends the connection. Closing over bytes that are still on
 * their way resets the connection, and a sender that is cut off never reads why (RFC 9112, section 9.6).
 */
export function lingerOverBodies (app: FastifyInstance, lingerMs: number): void {
  app.addHook('onSend', async ({ raw }, reply) => {
    if (reply.getHeader('connection') === 'close' && !raw.complete && !raw.readableEnded && !raw.destroyed) await discard(raw, lingerMs)
  })
}

function discard (body: IncomingMessage, lingerMs: number): Promise<void> {
  return new Promise((resolve) => {
    let received = 0
    const count = (chunk: Buffer) => {
      received += chunk.length
      if (received > mostBytes) stop()
    }
    const stop = () => {
      clearTimeout(timer)
      body.off('data', count).off('end', stop).off('close', stop).pause()
      resolve()
    }
    const timer = setTimeout(stop, lingerMs)
    body.on('data', count).once('end', stop).once('close', stop)
  })
}
