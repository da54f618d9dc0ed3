import underPressure from '@fastify/under-pressure'
import type { FastifyInstance } from 'fastify'

const retryAfterSeconds = 2
const sampleIntervalMs = 250

/**
 * Turns requests away while the event loop is behind: what is let in is then answered quickly. Health checks always are:
 * an instance that is merely busy must not be taken for a dead one.
 */
export async function shedOverload (app: FastifyInstance, { eventLoopDelayMs, onShed }: { readonly eventLoopDelayMs: number, readonly onShed: () => void }): Promise<void> {
  app.addHook('onError', async (_request, _reply, error) => { if (error.code === 'FST_UNDER_PRESSURE') onShed() })
  await app.register(underPressure, { maxEventLoopDelay: eventLoopDelayMs, sampleInterval: sampleIntervalMs, retryAfter: retryAfterSeconds })
}

/** For `config` of a route that is answered under any pressure. */
export const evenUnderPressure = { pressureHandler: () => {} }

/** For all routes of a scope, whoever makes them. Call before registering what makes them. */
export function answerEvenUnderPressure (scope: FastifyInstance): void {
  scope.addHook('onRoute', (route) => { route.config = { ...route.config, ...evenUnderPressure } })
}
