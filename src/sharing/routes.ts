import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams, pageOf } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import { CreatedShare, NewShare, Share, SharesQuery } from './schemas.ts'
import { createShare, listShares, revokeShare, type SharesDeps } from './shares.ts'

export interface SharingDeps extends SharesDeps {
  readonly now: () => Date
}

const config = { access: 'share' } as const
const tags = ['sharing']

export const sharingRoutes: FastifyPluginAsyncTypebox<SharingDeps> = async (app, { now, ...deps }) => {
  app.post('/shares', { config, schema: { tags, summary: 'Make a link for people who don’t sign in', body: NewShare, response: { 201: CreatedShare, '4xx': ErrorAnswer } } },
    async (request, reply) => reply.code(201).send(await createShare(deps, actorOf(request), request.body, now())))

  app.get('/shares', { config, schema: { tags, summary: 'Your links, the newest first', querystring: SharesQuery, response: { 200: pageOf(Share), '4xx': ErrorAnswer } } },
    (request) => listShares(deps.db, actorOf(request), request.query, now()))

  app.delete('/shares/:id', { config, schema: { tags, summary: 'End a link', params: IdParams, response: { 204: Type.Null({ description: 'Ended.' }), '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await revokeShare(deps.db, actorOf(request), { id: request.params.id, now: now() })
      return reply.code(204).send(null)
    })
}
