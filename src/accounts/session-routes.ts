import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { ErrorAnswer } from '../catalog/schemas.ts'
import type { AccessTokens } from '../http/access-tokens.ts'
import { requireSameOrigin } from '../http/same-origin.ts'
import type { Database } from '../platform/database/database.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import { Credentials, Setup, SetupState, SignedIn } from './schemas.ts'
import { endSession, refreshSession, SessionEndedError, type StartedSession } from './sessions.ts'
import { isSetupNeeded, useSetupLink } from './setup.ts'
import { shownUser } from './shown-user.ts'
import { signIn, SignInFailedError, type Visit } from './sign-in.ts'
import { type SignInLimits, TooManySignInsError } from './sign-in-limits.ts'

export interface SessionRoutesDeps {
  readonly db: Database
  readonly now: () => Date
  readonly limits: SignInLimits
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly publicUrl: string
  readonly organisation: string
  /** Told why a sign-in was refused. */
  readonly onRefused: (reason: 'password' | 'limit') => void
}

const config = { access: 'public' } as const
const tags = ['session']

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionRoutesDeps> = async (app, deps) => {
  const { db, now, publicUrl } = deps
  const cookie = refreshCookie(publicUrl)
  const visitOf = (request: FastifyRequest): Visit => ({ address: request.ip, userAgent: request.headers['user-agent'] ?? '', now: now() })
  const answer = (reply: FastifyReply, { user, sessionId, refreshToken, refreshExpiresAt }: StartedSession): SignedIn => {
    reply.setCookie(cookie.name, refreshToken, { ...cookie.options, expires: refreshExpiresAt })
    const { accessToken, expiresAt } = deps.accessTokens.issue({ sub: user.id, sid: sessionId, role: user.role, epoch: user.sessionEpoch }, now())
    return { user: shownUser(user), accessToken, expiresAt: expiresAt.toISOString() }
  }
  // Signing in is guarded as well: another site could sign a visitor in as somebody else.
  app.addHook('onRequest', async (request) => { if (request.method !== 'GET' && request.method !== 'HEAD') requireSameOrigin(request, publicUrl) })

  app.post('/session', { config, schema: { tags, summary: 'Sign in', body: Credentials, response: { 200: SignedIn, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      try {
        return answer(reply, await signIn(deps, request.body, visitOf(request)))
      } catch (error) {
        if (error instanceof SignInFailedError) deps.onRefused('password')
        if (error instanceof TooManySignInsError) deps.onRefused('limit')
        throw error
      }
    })

  app.post('/session/refresh', { config, schema: { tags, summary: 'A new access token for the refresh cookie, which is changed too', response: { 200: SignedIn, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      const token = request.cookies[cookie.name]
      try {
        if (token === undefined) throw new SessionEndedError()
        return answer(reply, await refreshSession(deps, token, now()))
      } catch (error) {
        if (error instanceof SessionEndedError) reply.clearCookie(cookie.name, cookie.options)
        throw error
      }
    })

  app.delete('/session', { config, schema: { tags, summary: 'Sign out', response: { 204: Type.Null({ description: 'Signed out.' }), '4xx': ErrorAnswer } } },
    async (request, reply) => {
      const token = request.cookies[cookie.name]
      if (token !== undefined) await endSession(deps, token, now())
      return reply.clearCookie(cookie.name, cookie.options).code(204).send(null)
    })

  app.get('/setup', { config, schema: { tags, summary: 'Whether the first admin is still to be made', response: { 200: SetupState } } },
    async () => ({ needed: await isSetupNeeded(db), organisation: deps.organisation }))

  app.post('/setup', { config, schema: { tags, summary: 'Make the first admin with the link that the service printed', body: Setup, response: { 201: SignedIn, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      const started = await useSetupLink(deps, request.body, visitOf(request))
      return reply.code(201).send(answer(reply, started))
    })
}

/** `__Host-` binds the cookie to this very host and to TLS; on plain http, a developer's machine, browsers refuse it. */
function refreshCookie (publicUrl: string) {
  const secure = publicUrl.startsWith('https://')
  return {
    name: secure ? '__Host-freshet_refresh' : 'freshet_refresh',
    options: { httpOnly: true, sameSite: 'strict', secure, path: '/' }
  } as const
}
