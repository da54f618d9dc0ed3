import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { ErrorAnswer } from '../catalog/schemas.ts'
import { ownLimit } from '../http/rate-limit.ts'
import type { MediaSigner } from '../platform/cdn/cloudfront-signer.ts'
import { CountedPlay } from '../streaming/schemas.ts'
import { NewSharePlay, SharedPage, SharedStream, SharedTrackParams, TokenParams } from './schemas.ts'
import { endedPage, sharePage } from './share-head.ts'
import { recordSharePlay } from './share-plays.ts'
import { findShare, sharedContent, type SharedDeps, ShareEndedError } from './shared-content.ts'
import { coverAddress, coverSizeOf, sharedStream } from './shared-media.ts'

export interface SharedRoutesDeps extends SharedDeps {
  readonly signer: MediaSigner
  readonly now: () => Date
}

/** For one address: a class that listens from behind one, but not somebody who tries tokens. */
const requestsPerMinute = 600
const playsPerMinute = 120
const config = { access: 'public', rateLimit: ownLimit('share', requestsPerMinute) } as const
const tags = ['sharing']
const ended = { 404: ErrorAnswer, 429: ErrorAnswer }

/** What a link gives to whoever has it: no more than it shares, without cookies and without a name. */
export const sharedRoutes: FastifyPluginAsyncTypebox<SharedRoutesDeps> = async (app, { now, signer, ...deps }) => {
  app.get('/shared/:token', { config, schema: { tags, summary: 'What a link shares', params: TokenParams, response: { 200: SharedPage, ...ended } } },
    async (request) => {
      const { artwork, ...content } = await sharedContent(deps, await findShare(deps, request.params.token, now()))
      const cover = artwork === null ? null : { url: coverAddress(signer, artwork, now()), sizePx: coverSizeOf(artwork), colour: artwork.dominantColour }
      return { ...content, cover }
    })

  app.get('/shared/:token/tracks/:id/stream', { config, schema: { tags, summary: 'Where to fetch a track of a link', params: SharedTrackParams, response: { 200: SharedStream, 409: ErrorAnswer, ...ended } } },
    async (request) => {
      const { token, id } = request.params
      return sharedStream({ ...deps, signer }, await findShare(deps, token, now()), id, now())
    })

  app.post('/shared/:token/plays', {
    config: { access: 'public', rateLimit: ownLimit('share-plays', playsPerMinute) },
    schema: { tags, summary: 'Count a play by a link; nobody’s name goes with it', params: TokenParams, body: NewSharePlay, response: { 200: CountedPlay, 400: ErrorAnswer, ...ended } }
  }, async (request) => recordSharePlay(deps.db, await findShare(deps, request.params.token, now()), request.body, now()))
}

export interface SharePagesDeps extends SharedRoutesDeps {
  readonly webRoot: string
  readonly publicUrl: string
}

/** The pages behind the links themselves, and the picture that previews show: an address that stays as long as the link. */
export const sharePages: FastifyPluginAsyncTypebox<SharePagesDeps> = async (app, { webRoot, publicUrl, now, signer, ...deps }) => {
  let built: Promise<string> | undefined
  const template = async (): Promise<string> => {
    built ??= readFile(join(webRoot, 's/share.html'), 'utf8')
    return await built
  }
  const schema = { hide: true, params: TokenParams, response: { 200: Type.String(), 404: Type.String() } }
  const send = (reply: FastifyReply, status: 200 | 404, page: string) =>
    reply.code(status).headers({ 'cache-control': 'private, no-store', 'x-robots-tag': 'noindex, nofollow', vary: 'accept-language' }).type('text/html; charset=utf-8').send(page)

  app.get('/s/:token', { config, schema, serializerCompiler: () => String }, async (request, reply) => {
    const { token } = request.params
    const language = request.headers['accept-language']
    try {
      const content = await sharedContent(deps, await findShare(deps, token, now()))
      return send(reply, 200, sharePage(await template(), { content, url: `${publicUrl}/s/${token}`, language }))
    } catch (error) {
      if (!(error instanceof ShareEndedError)) throw error
      return send(reply, 404, endedPage(await template(), { organisation: deps.organisation, language }))
    }
  })

  app.get('/s/:token/cover', { config, schema: { hide: true, params: TokenParams, response: { 302: Type.Null(), ...ended } } }, async (request, reply) => {
    const { artwork } = await sharedContent(deps, await findShare(deps, request.params.token, now()))
    if (artwork === null) throw new ShareEndedError()
    // Kept by nobody: the next one who asks after the link has ended gets no picture.
    return reply.header('cache-control', 'private, no-store').header('x-robots-tag', 'noindex').redirect(coverAddress(signer, artwork, now()))
  })
}
