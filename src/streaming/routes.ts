import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorAnswer, IdParams, PageQuery, pageOf } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import { listPlays, recordPlay } from './plays.ts'
import { CountedPlay, NewPlay, Play, Stream, StreamQuery } from './schemas.ts'
import { type StreamDeps, streamUrl } from './stream-url.ts'

export interface StreamingDeps extends StreamDeps {
  readonly now: () => Date
}

const config = { access: 'listen' } as const
const tags = ['streaming']

export const streamingRoutes: FastifyPluginAsyncTypebox<StreamingDeps> = async (app, { now, ...deps }) => {
  app.get('/tracks/:id/stream', { config, schema: { tags, summary: 'Where to fetch a track', params: IdParams, querystring: StreamQuery, response: { 200: Stream, 404: ErrorAnswer, 409: ErrorAnswer } } },
    async (request, reply) => {
      reply.header('cache-control', 'private, no-store')
      return streamUrl(deps, actorOf(request), { ...request.query, trackId: request.params.id }, now())
    })

  app.post('/plays', { config, schema: { tags, summary: 'Keep what was played', body: NewPlay, response: { 200: CountedPlay, 201: CountedPlay, 400: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer } } },
    async (request, reply) => {
      const { counted, added } = await recordPlay(deps.db, actorOf(request), request.body, now())
      return reply.code(added ? 201 : 200).send({ counted })
    })

  app.get('/plays', { config, schema: { tags, summary: 'What you played, the newest first', querystring: PageQuery, response: { 200: pageOf(Play), 400: ErrorAnswer } } },
    (request) => listPlays(deps.db, actorOf(request), request.query))
}
