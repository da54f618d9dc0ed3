import rateLimit, { type FastifyRateLimitStoreCtor, normalizeIP } from '@fastify/rate-limit'
import createError from '@fastify/error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RequestCounts } from './request-counts.ts'

const RefusedError = createError<[number]>('TOO_MANY_REQUESTS', 'too many requests; try again in %d seconds', 429)

export class TooManyRequestsError extends RefusedError {
  /** The error handler makes the Retry-After header of it. */
  readonly retryAfterSeconds: number
  constructor (ttlMs: number) {
    const seconds = Math.max(1, Math.ceil(ttlMs / 1_000))
    super(seconds)
    this.retryAfterSeconds = seconds
  }
}

export interface FloodLimit {
  /** 0: no limit. */
  readonly requestsPerMinute: number
  readonly counts: RequestCounts
}

/** Strangers who try addresses that don't exist get fewer tries than those who know their way. */
const notFoundShare = 0.1

/**
 * Refuses addresses whose requests were refused for want of a sign-in too often: each costs the check of a token. Call
 * before the guards, so that no token is checked any more. Health checks and media take no part, as below: they check
 * none, and behind a load balancer that isn't named in TRUST_PROXY everybody has one address.
 */
export function limitStrangers (app: FastifyInstance, { requestsPerMinute, counts }: FloodLimit): void {
  if (requestsPerMinute === 0) return
  const keyOf = (request: FastifyRequest) => `refused ${normalizeIP(request.ip)}`
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.rateLimit === false) return
    const { current, ttlMs } = counts.of(keyOf(request))
    if (current > requestsPerMinute) throw new TooManyRequestsError(ttlMs)
  })
  app.addHook('onResponse', async (request, { statusCode }) => { if (statusCode === 401) counts.add(keyOf(request), requestsPerMinute) })
}

/**
 * Against floods, counted over all instances: one user, or one address where nobody is signed in. Routes that serve
 * media take no part (`config: { rateLimit: false }`).
 */
export async function limitFloods (app: FastifyInstance, { requestsPerMinute, counts }: FloodLimit): Promise<void> {
  app.addHook('onReady', async () => { counts.start() })
  app.addHook('onClose', async () => { counts.stop() })
  if (requestsPerMinute === 0) return
  await app.register(rateLimit, {
    max: requestsPerMinute,
    store: storeOf(counts),
    keyGenerator: callerOf,
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false, 'retry-after': true },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) => new TooManyRequestsError(ttl)
  })
}

/** For `config.rateLimit` of a route with a limit of its own. `name` keeps its counts apart from all others. */
export function ownLimit (name: string, max: number) {
  return { max, keyGenerator: (request: FastifyRequest) => `${name} ${callerOf(request)}` }
}

/** A limiter of its own for what isn't found; for the options of the handler. */
export function notFoundLimit (app: FastifyInstance, requestsPerMinute: number) {
  return requestsPerMinute === 0 ? {} : { preHandler: app.rateLimit(ownLimit('unknown', Math.ceil(requestsPerMinute * notFoundShare))) }
}

function callerOf (request: FastifyRequest): string {
  return request.actor?.userId ?? normalizeIP(request.ip)
}

/** The plugin makes its stores by itself; all of ours count in one place. */
function storeOf (counts: RequestCounts): FastifyRateLimitStoreCtor {
  return class Store {
    incr (key: string, callback: (error: null, result: { current: number, ttl: number }) => void, _timeWindow: number, max: number): void {
      const { current, ttlMs } = counts.add(key, max)
      callback(null, { current, ttl: ttlMs })
    }

    child (): Store {
      return this
    }
  }
}
