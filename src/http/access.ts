import createError from '@fastify/error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Actor, authorise, type Permission } from '../accounts/actor.ts'

/** What a route asks of the caller: nothing, or to be signed in with a role that has the permission. */
export type Access = 'public' | Permission

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Set by the authentication hook; null for a caller who isn't signed in. */
    actor: Actor | null
  }
}

export const UnauthenticatedError = createError('UNAUTHENTICATED', 'sign in first', 401)

/** The caller of a route that isn't public. */
export function actorOf (request: FastifyRequest): Actor {
  if (request.actor === null) throw new UnauthenticatedError()
  return request.actor
}

/**
 * Denies by default: a route that declares no access stops the start, and every other route is checked before its
 * body is read. `authenticate` says who calls, or null.
 */
export function guardRoutes (app: FastifyInstance, authenticate: (request: FastifyRequest) => Promise<Actor | null>): void {
  app.decorateRequest('actor', null)
  app.addHook('onRoute', (route) => {
    if (route.config?.access === undefined) throw new Error(`${String(route.method)} ${route.url} declares no access policy`)
  })
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access
    if (access === 'public' || access === undefined) return
    request.actor = await authenticate(request)
    authorise(actorOf(request), access)
  })
}
