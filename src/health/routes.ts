import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { actorOf } from '../http/access.ts'
import { type HealthDeps, readHealth } from './health-series.ts'
import { HealthSeries, SeriesQuery } from './schemas.ts'

export const healthSeriesRoutes: FastifyPluginAsyncTypebox<HealthDeps> = async (app, deps) => {
  app.get('/health/series', {
    config: { access: 'see metrics' },
    schema: { tags: ['operations'], summary: 'How it goes: play, queue, cost, errors and machines over the last hours', querystring: SeriesQuery, response: { 200: HealthSeries } }
  }, (request) => readHealth(deps, actorOf(request), request.query.hours))
}
