import type { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { AccountStates } from '../accounts/account-states.ts'
import { createNotifications } from '../platform/database/notifications.ts'
import type { Database } from '../platform/database/database.ts'
import { ErrorAnswer } from '../catalog/schemas.ts'
import { sessionOf, UnauthenticatedError } from './access.ts'
import { createEventStreams } from './event-stream.ts'
import { ownLimit } from './rate-limit.ts'

export interface EventRoutesDeps {
  readonly db: Database
  readonly states: AccountStates
  readonly now: () => Date
  readonly heartbeatMs?: number
}

/** A browser opens one now and then; who opens more in a minute does nothing else. */
const opensPerMinute = 60

export const eventRoutes: FastifyPluginAsyncTypebox<EventRoutesDeps> = async (app, { db, states, now, heartbeatMs }) => {
  const streams = createEventStreams({ states, now, onError: (err) => app.log.warn({ err }, 'an event stream could not be checked'), ...heartbeatMs !== undefined && { heartbeatMs } })
  const notifications = createNotifications(db, { told: streams.tell, missed: streams.resync }, (err) => app.log.warn({ err }, 'events are not heard for a moment'))
  states.onChanged(streams.recheck)
  app.addHook('onReady', async () => {
    streams.start()
    await notifications.start()
  })
  // Before the server waits for what is under way.
  app.addHook('preClose', async () => { streams.close() })
  app.addHook('onClose', async () => { notifications.stop() })

  app.get('/events', {
    config: { access: 'listen', rateLimit: ownLimit('events', opensPerMinute) },
    exposeHeadRoute: false,
    schema: {
      tags: ['events'],
      summary: 'What happens, as server-sent events',
      description: 'Hints: `event` is a topic, `data` JSON. After `ready` and `resync` fetch anew whatever you keep fresh by events. Needs a session; an API token gets 403.',
      produces: ['text/event-stream'],
      response: { 200: Type.Unsafe<Readable>({ type: 'string', description: 'text/event-stream' }), 403: ErrorAnswer, 429: ErrorAnswer }
    }
  }, async (request, reply) => {
    const sessionId = sessionOf(request)
    const state = await states.session(sessionId)
    if (state === null) throw new UnauthenticatedError()
    // `connection`: at its end nothing of it must hold up a process that closes.
    reply.headers({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' })
    return reply.send(streams.open(sessionId, state))
  })
}
