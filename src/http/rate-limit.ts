import rateLimit from '@fastify/rate-limit'
import createError from '@fastify/error'
import type { FastifyInstance } from 'fastify'

export const TooManyRequestsError = createError<[number]>('TOO_MANY_REQUESTS', 'too many requests; try again in %d seconds', 429)

const minuteMs = 60_000
const maxKeys = 20_000
/** Strangers who try addresses that don't exist get fewer tries than those who know their way. */
const notFoundShare = 0.1

/**
 * Against floods, counted by each instance for itself: one user, or one address where nobody is signed in. Routes that
 * serve media take no part (`config: { rateLimit: false }`). 0: no limit.
 */
export async function limitFloods (app: FastifyInstance, requestsPerMinute: number): Promise<void> {
  if (requestsPerMinute === 0) return
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: minuteMs,
    cache: maxKeys,
    keyGenerator: (request) => request.actor?.userId ?? request.ip,
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false, 'retry-after': true },
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) => new TooManyRequestsError(Math.max(1, Math.ceil(ttl / 1000)))
  })
}

/** A limiter of its own for what isn't found; for the options of the handler. */
export function notFoundLimit (app: FastifyInstance, requestsPerMinute: number) {
  return requestsPerMinute === 0 ? {} : { preHandler: app.rateLimit({ max: Math.ceil(requestsPerMinute * notFoundShare), timeWindow: minuteMs }) }
}
