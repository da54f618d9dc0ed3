import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route cuts off slow senders itself: it takes files, which may take as long as they take. */
    pacesBodies?: boolean
  }
}

/**
 * Cuts off who sends a body too slowly. Node's own requestTimeout is one for all routes of a server, and some routes
 * take files.
 */
export function limitBodyTime (app: FastifyInstance, bodyTimeoutMs: number): void {
  app.addHook('onRequest', async ({ raw, headers, routeOptions }) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
    if (!hasBody || routeOptions.config.pacesBodies === true) return
    const timer = setTimeout(() => { if (!raw.complete) raw.destroy() }, bodyTimeoutMs).unref()
    const clear = () => clearTimeout(timer)
    raw.once('end', clear)
    raw.once('close', clear)
  })
}

/** For a scope that holds a plugin whose routes see to slow senders themselves. Call before registering it. */
export function pacesBodies (scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => { route.config = { ...route.config, pacesBodies: true } })
}
