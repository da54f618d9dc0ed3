import { isIP } from 'node:net'
import createError from '@fastify/error'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { type Actor, authorise, type Permission } from '../accounts/actor.ts'

/** What a route asks of the caller: nothing, or to be signed in with a role that has the permission. */
export type Access = 'public' | Permission

/** Who calls, and by which session; with an API token or an app password there is none. */
export interface Caller {
  readonly actor: Actor
  readonly sessionId: string | null
  /** All that this caller may do; null: what the role may. */
  readonly scope: readonly Permission[] | null
}

export interface GuardedRoute {
  readonly method: string
  readonly url: string
  readonly access: Access
}

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    /** Whoever calls from this very machine, not through a proxy, needs no sign-in: for a scraper of metrics. */
    openToLoopback?: boolean
  }
  interface FastifyRequest {
    /** Set by the authentication hook; null for a caller who isn't signed in. */
    actor: Actor | null
    sessionId: string | null
  }
  interface FastifyInstance {
    /** Every route there is, with what it asks. */
    guardedRoutes: readonly GuardedRoute[]
  }
}

export const UnauthenticatedError = createError('UNAUTHENTICATED', 'sign in first', 401)
export const SessionRequiredError = createError('SESSION_REQUIRED', 'an API token cannot do this; sign in with your password', 403)
export const OutOfScopeError = createError('OUT_OF_SCOPE', 'an app password is for listening and playlists only; sign in with your password', 403)

/** The caller of a route that isn't public. */
export function actorOf (request: FastifyRequest): Actor {
  if (request.actor === null) throw new UnauthenticatedError()
  return request.actor
}

/**
 * The caller's session, for what an API token must not do: change passwords, make more tokens, users or admins.
 * @throws SessionRequiredError
 */
export function sessionOf (request: FastifyRequest): string {
  if (request.sessionId === null) throw new SessionRequiredError()
  return request.sessionId
}

/**
 * Denies by default: a route that declares no access stops the start, and every other route is checked before its
 * body is read. `authenticate` says who calls, or null.
 */
export function guardRoutes (app: FastifyInstance, authenticate: (request: FastifyRequest) => Promise<Caller | null>): void {
  const declared: RouteOptions[] = []
  const guarded: GuardedRoute[] = []
  app.decorate('guardedRoutes', guarded)
  app.decorateRequest('actor', null)
  app.decorateRequest('sessionId', null)
  app.addHook('onRoute', (route) => { declared.push(route) })
  // Not in onRoute: a scope that holds another's plugin adds the access to its routes after this hook has seen them.
  app.addHook('onReady', async () => {
    for (const route of declared) guarded.push(...guardedRoutesOf(route))
  })
  app.addHook('onRequest', async (request) => {
    if (request.is404) return
    const { access, openToLoopback } = request.routeOptions.config
    if (access === undefined) throw new Error(`${request.method} ${String(request.routeOptions.url)} declares no access policy`)
    if (access === 'public' || (openToLoopback === true && isLoopback(request))) return
    admit(request, await authenticate(request), access)
  })
}

/** @throws UnauthenticatedError, ForbiddenError, OutOfScopeError */
function admit (request: FastifyRequest, caller: Caller | null, access: Permission): void {
  request.actor = caller?.actor ?? null
  request.sessionId = caller?.sessionId ?? null
  authorise(actorOf(request), access)
  if (caller?.scope?.includes(access) === false) throw new OutOfScopeError()
}

function guardedRoutesOf ({ method, url, config }: RouteOptions): GuardedRoute[] {
  const access = config?.access
  if (access === undefined) throw new Error(`${String(method)} ${url} declares no access policy`)
  return [method].flat().map((one) => ({ method: one, url, access }))
}

/** Gives all routes of a scope, which another's plugin makes, the same access. Call before registering the plugin. */
export function accessForAll (scope: FastifyInstance, access: Access): void {
  scope.addHook('onRoute', (route) => { route.config = { ...route.config, access } })
}

/** By the connection itself; with a forwarding header it came through a proxy on this machine, from anywhere. */
function isLoopback ({ raw, headers }: FastifyRequest): boolean {
  if (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined) return false
  const address = (raw.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'))
}
