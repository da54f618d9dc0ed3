import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { WebEvents } from '../platform/metrics/metric-events.ts'
import type { PrometheusMetrics } from '../platform/metrics/prometheus-metrics.ts'
import { evenUnderPressure, isShed } from './overload.ts'
import { routeClassOf } from './route-class.ts'

/** Tells of every answer by its route's pattern. */
export function measureRequests (app: FastifyInstance, events: WebEvents): void {
  app.addHook('onResponse', async (request, { statusCode, elapsedTime }) => {
    const { method, routeOptions, is404 } = request
    const route = is404 ? 'none' : routeOptions.url ?? 'none'
    events.requestAnswered({ method, route, routeClass: routeClassOf(route), status: statusCode, seconds: elapsedTime / 1000, shed: isShed(request) })
  })
}

export interface MetricsRoutesDeps {
  readonly metrics: Pick<PrometheusMetrics, 'text' | 'contentType'>
}

export const metricsRoutes: FastifyPluginAsyncTypebox<MetricsRoutesDeps> = async (app, { metrics }) => {
  app.get('/metrics', {
    config: { access: 'see metrics', openToLoopback: true, rateLimit: false, ...evenUnderPressure },
    schema: { tags: ['operations'], summary: 'Figures for Prometheus', response: { 200: Type.String() } }
  }, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
}
