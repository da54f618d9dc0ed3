import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams } from '../catalog/schemas.ts'
import { tracksByIds } from '../catalog/tracks.ts'
import { actorOf, sessionOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import { closeDevice, commandDevice, listDevices, reportDevice, takeOver } from './play-devices.ts'
import { changeQueue, readQueue } from './play-queue.ts'
import { Applied, DeviceCommand, DeviceReport, Devices, FoundTracks, Lookup, Operations, Place, QueueChanges, QueueQuery } from './queue-schemas.ts'

export interface QueueRoutesDeps {
  readonly db: Database
  readonly now: () => Date
}

const config = { access: 'listen' } as const
const nothing = Type.Null()

export const queueRoutes: FastifyPluginAsyncTypebox<QueueRoutesDeps> = async (app, deps) => {
  const { db, now } = deps
  const tags = ['queue']

  app.get('/queue', { config, schema: { tags, summary: 'Your queue, or what changed in it', querystring: QueueQuery, response: { 200: QueueChanges, 400: ErrorAnswer } } },
    (request) => readQueue(db, actorOf(request), request.query.after))

  app.post('/queue/operations', { config, schema: { tags, summary: 'Change your queue', body: Operations, response: { 200: Applied, 400: ErrorAnswer, 409: ErrorAnswer } } },
    (request) => changeQueue(db, actorOf(request), request.body.operations, now()))

  app.post('/tracks/lookup', { config, schema: { tags: ['library'], summary: 'Tracks by their ids', body: Lookup, response: { 200: FoundTracks, 400: ErrorAnswer } } },
    async (request) => ({ items: await tracksByIds(db, actorOf(request), request.body.ids) }))

  await app.register(deviceRoutes, deps)
}

const deviceRoutes: FastifyPluginAsyncTypebox<QueueRoutesDeps> = async (app, { db, now }) => {
  const tags = ['queue']
  const refused = { 400: ErrorAnswer, 403: ErrorAnswer }

  app.get('/devices', { config, schema: { tags, summary: 'Your browsers that are open, and where the music is', response: { 200: Devices, 403: ErrorAnswer } } },
    (request) => listDevices(db, { actor: actorOf(request), sessionId: sessionOf(request) }, now()))

  app.put('/devices/this', { config, schema: { tags, summary: 'Say that this browser is open, and what it plays', body: DeviceReport, response: { 204: nothing, ...refused } } },
    async (request, reply) => {
      await reportDevice(db, { actor: actorOf(request), sessionId: sessionOf(request) }, request.body, now())
      return reply.code(204).send(null)
    })

  app.delete('/devices/this', { config, schema: { tags, summary: 'Say that this browser closes', response: { 204: nothing, 403: ErrorAnswer } } },
    async (request, reply) => {
      await closeDevice(db, { actor: actorOf(request), sessionId: sessionOf(request) }, now())
      return reply.code(204).send(null)
    })

  app.post('/devices/this/take-over', { config, schema: { tags, summary: 'Play here what plays elsewhere', response: { 200: Place, 403: ErrorAnswer } } },
    (request) => takeOver(db, { actor: actorOf(request), sessionId: sessionOf(request) }, now()))

  app.post('/devices/:id/command', { config, schema: { tags, summary: 'Pause or skip on another browser of yours', params: IdParams, body: DeviceCommand, response: { 204: nothing, 404: ErrorAnswer, ...refused } } },
    async (request, reply) => {
      await commandDevice(db, actorOf(request), { id: request.params.id, command: request.body.command })
      return reply.code(204).send(null)
    })
}
