import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** For uploads: the body may take as long as it takes, so long as it never stands still for the time given. */
    bodyIdleTimeoutMs?: number
  }
}

/**
 * Cuts off who sends a body too slowly. Node's own requestTimeout is one for all routes of a server, and some routes
 * take files.
 */
export function limitBodyTime (app: FastifyInstance, bodyTimeoutMs: number): void {
  app.addHook('onRequest', async ({ raw, headers, routeOptions }) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!hasBody) return
    const idleMs = routeOptions.config.bodyIdleTimeoutMs
    if (idleMs !== undefined) {
      raw.setTimeout(idleMs, () => { if (!raw.complete) raw.destroy() })
      return
    }
    const timer = setTimeout(() => { if (!raw.complete) raw.destroy() }, bodyTimeoutMs).unref()
    const clear = () => clearTimeout(timer)
    raw.once('end', clear)
    raw.once('close', clear)
  })
}
