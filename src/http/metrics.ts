import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Metrics } from '../platform/metrics/metrics.ts'
import { evenUnderPressure } from './overload.ts'

/**
 * Counts every answer by its route's pattern: addresses with ids would be a series each. `successes` are told, by
 * pattern, of each GET that succeeded.
 */
export function measureRequests (app: FastifyInstance, metrics: Metrics, successes: Readonly<Record<string, () => void>>): void {
  app.addHook('onResponse', async ({ method, routeOptions, is404 }, { statusCode, elapsedTime }) => {
    const route = is404 ? 'none' : routeOptions.url ?? 'none'
    metrics.requestAnswered({ method, route, status: statusCode, seconds: elapsedTime / 1000 })
    if (method === 'GET' && statusCode === 200) successes[route]?.()
  })
}

export const metricsRoutes: FastifyPluginAsyncTypebox<{ readonly metrics: Metrics }> = async (app, { metrics }) => {
  app.get('/metrics', {
    config: { access: 'see metrics', openToLoopback: true, rateLimit: false, ...evenUnderPressure },
    schema: { tags: ['operations'], summary: 'Figures for Prometheus', response: { 200: Type.String() } }
  }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
