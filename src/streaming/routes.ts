import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { authorise } from '../accounts/actor.ts'
import { ErrorAnswer, IdParams, PageQuery, pageOf } from '../catalog/schemas.ts'
import { Type } from 'typebox'
import { actorOf } from '../http/access.ts'
import { ownLimit } from '../http/rate-limit.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import type { HeardStalls, HeardStart } from '../platform/metrics/metric-events.ts'
import { listPlays, recordPlay } from './plays.ts'
import { CountedPlay, NewPlay, Play, PlayError, SoundReport, Stream, StreamQuery } from './schemas.ts'
import { createStreamHeads } from './stream-head.ts'
import { type StreamDeps, streamStart, streamUrl } from './stream-url.ts'

export interface StreamingDeps extends StreamDeps {
  readonly now: () => Date
  readonly store: Pick<ObjectStore, 'get'>
  /** Told why something could not be heard. */
  readonly onPlayError: (reason: PlayError['reason']) => void
  /** Told that a play began to sound. */
  readonly onPlayStarted: () => void
  /** Told how long somebody waited for the sound, and of silences within it. */
  readonly onSoundStarted: (start: HeardStart) => void
  readonly onSoundStalled: (stalls: HeardStalls) => void
}

const config = { access: 'listen' } as const
const tags = ['streaming']
/** A player reports a play once a reason: more is a fault of the player, or a hoax. */
const playErrorsPerMinute = 20
/** One when a play begins to sound and one when it stalled, and who looks for a song skips through many. */
const soundReportsPerMinute = 120

export const streamingRoutes: FastifyPluginAsyncTypebox<StreamingDeps> = async (app, { now, store, onPlayError, onPlayStarted, onSoundStarted, onSoundStalled, ...deps }) => {
  const heads = createStreamHeads(store, (err, key) => { app.log.warn({ err, key }, 'the start of a file was not read in time') })

  app.get('/tracks/:id/stream', { config, schema: { tags, summary: 'Where to fetch a track', params: IdParams, querystring: StreamQuery, response: { 200: Stream, 404: ErrorAnswer, 409: ErrorAnswer } } },
    (request) => streamUrl(deps, actorOf(request), { ...request.query, trackId: request.params.id }, now()))

  app.get('/tracks/:id/start', {
    config,
    // Music doesn't shrink, and a compressor would hold its first bytes back.
    compress: false,
    schema: {
      tags,
      summary: 'Where to fetch a track, and the first bytes of its file',
      params: IdParams,
      querystring: StreamQuery,
      response: { 200: Type.Unsafe<Buffer>({ type: 'string', format: 'binary', description: 'One line of JSON: a Stream with the first of its fragments only, and head {initBytes, bytes}. Then as many bytes of the file, at most 48 KiB: the first initBytes of the file, and those from the first fragment on. Then JSON with all fragments.' }), 404: ErrorAnswer, 409: ErrorAnswer }
    }
  }, async (request, reply) => {
    const start = await streamStart({ ...deps, heads }, actorOf(request), { ...request.query, trackId: request.params.id }, now())
    return reply.type('application/octet-stream').send(start)
  })

  app.post('/plays', { config, schema: { tags, summary: 'Keep what was played', body: NewPlay, response: { 200: CountedPlay, 201: CountedPlay, 400: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer } } },
    async (request, reply) => {
      const { counted, added } = await recordPlay(deps.db, actorOf(request), request.body, now())
      return reply.code(added ? 201 : 200).send({ counted })
    })

  app.post('/plays/errors', {
    config: { ...config, rateLimit: ownLimit('play-errors', playErrorsPerMinute) },
    schema: { tags, summary: 'Say that something could not be heard; counted, and written to the log', body: PlayError, response: { 204: Type.Null({ description: 'Noted.' }), '4xx': ErrorAnswer } }
  }, async (request, reply) => {
    authorise(actorOf(request), 'listen')
    const { trackId, reason } = request.body
    onPlayError(reason)
    // Which track, for whoever looks for a broken file.
    request.log.info({ trackId, reason }, 'play error')
    return reply.code(204).send(null)
  })

  app.post('/plays/sound', {
    config: { ...config, rateLimit: ownLimit('play-sound', soundReportsPerMinute) },
    schema: { tags, summary: 'Say that a play began to sound, or how it sounded: counted, and kept nowhere', body: SoundReport, response: { 204: Type.Null({ description: 'Counted.' }), '4xx': ErrorAnswer } }
  }, async (request, reply) => {
    authorise(actorOf(request), 'listen')
    const { started, start, stalls, stalledMs } = request.body
    if (started) onPlayStarted()
    if (start !== null) onSoundStarted({ sound: start.sound, prepared: start.prepared, seconds: start.ms / 1_000 })
    if (stalls > 0) onSoundStalled({ count: stalls, seconds: stalledMs / 1_000 })
    return reply.code(204).send(null)
  })

  app.get('/plays', { config, schema: { tags, summary: 'What you played, the newest first', querystring: PageQuery, response: { 200: pageOf(Play), 400: ErrorAnswer } } },
    (request) => listPlays(deps.db, actorOf(request), request.query))
}
