import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams, pageOf } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import { answerSongRequest } from './answer-request.ts'
import { AskedSong, NewSongRequest, SongAnswer, SongRequest, SongRequestsQuery } from './schemas.ts'
import { askForSong, joinSongRequest, leaveSongRequest, listSongRequests } from './song-requests.ts'

export interface SongRequestDeps {
  readonly db: Database
  readonly now: () => Date
}

const config = { access: 'request songs' } as const
const tags = ['requests']

export const songRequestRoutes: FastifyPluginAsyncTypebox<SongRequestDeps> = async (app, { db, now }) => {
  app.post('/requests', { config, schema: { tags, summary: 'Ask for a song that is missing', body: NewSongRequest, response: { 200: AskedSong, 201: AskedSong, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      const asked = await askForSong(db, actorOf(request), request.body, now())
      return reply.code(asked.joined ? 200 : 201).send(asked)
    })

  app.get('/requests', { config, schema: { tags, summary: 'What people miss', querystring: SongRequestsQuery, response: { 200: pageOf(SongRequest), '4xx': ErrorAnswer } } },
    (request) => listSongRequests(db, actorOf(request), request.query))

  app.put('/requests/:id/vote', { config, schema: { tags, summary: 'Want it too', params: IdParams, response: { 200: SongRequest, '4xx': ErrorAnswer } } },
    (request) => joinSongRequest(db, actorOf(request), request.params.id, now()))

  app.delete('/requests/:id/vote', { config, schema: { tags, summary: 'Want it no longer; the last one takes the request with them', params: IdParams, response: { 204: Type.Null(), '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await leaveSongRequest(db, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    })

  app.patch('/requests/:id', { config: { access: 'answer requests' }, schema: { tags, summary: 'Take, fulfil, decline or reopen a request', params: IdParams, body: SongAnswer, response: { 200: SongRequest, '4xx': ErrorAnswer } } },
    (request) => answerSongRequest(db, actorOf(request), { id: request.params.id, answer: request.body }, now()))
}
