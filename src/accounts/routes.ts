import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorAnswer, IdParams } from '../catalog/schemas.ts'
import { Type } from 'typebox'
import { actorOf, sessionOf } from '../http/access.ts'
import type { Permission, Role } from './actor.ts'
import { createApiToken, listApiTokens, revokeApiToken } from './api-tokens.ts'
import { changeOwnPassword, findOwnAccount } from './own-account.ts'
import { ownAccountRoutes } from './own-account-routes.ts'
import { findPreferences } from './preferences.ts'
import { ApiTokens, CreatedApiToken, Me, NewApiToken, PasswordChange, Sessions } from './schemas.ts'
import { listSessions, revokeOwnSession } from './sessions.ts'
import { sessionRoutes } from './session-routes.ts'
import type { SessionRoutesDeps } from './session-routes.ts'
import { shownUser } from './shown-user.ts'
import { userRoutes } from './user-routes.ts'

export interface AccountsDeps extends SessionRoutesDeps {
  /** What a role may do here: settings may take from it. */
  readonly permissionsOf: (role: Role) => readonly Permission[]
  readonly media: (now: Date) => Promise<{ readonly baseUrl: string, readonly artworkQuery: string, readonly expiresAt: Date }>
}

const config = { access: 'keep your account' } as const
const tags = ['account']
const Done = Type.Null({ description: 'Done.' })

export const accountRoutes: FastifyPluginAsyncTypebox<AccountsDeps> = async (app, deps) => {
  const { db, now, limits, organisation, media, permissionsOf } = deps
  await app.register(sessionRoutes, deps)
  await app.register(userRoutes, deps)
  await app.register(ownAccountRoutes, deps)

  app.get('/me', { config: { access: 'listen' }, schema: { tags, summary: 'Who you are, what you may do, and where pictures lie', response: { 200: Me } } },
    async (request) => {
      const actor = actorOf(request)
      const { expiresAt, ...access } = await media(now())
      return {
        user: shownUser(await findOwnAccount(db, actor)),
        preferences: await findPreferences(db, actor),
        permissions: [...permissionsOf(actor.role)],
        organisation,
        media: { ...access, expiresAt: expiresAt.toISOString() }
      }
    })

  app.post('/me/password', { config, schema: { tags, summary: 'Change your password; your other sessions end', body: PasswordChange, response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      const { currentPassword, newPassword } = request.body
      await changeOwnPassword({ db, limits }, actorOf(request), { currentPassword, newPassword, sessionId: sessionOf(request), address: request.ip, now: now() })
      return reply.code(204).send(null)
    })

  app.get('/me/tokens', { config, schema: { tags, summary: 'Your API tokens', response: { 200: ApiTokens } } },
    async (request) => {
      const tokens = await listApiTokens(db, actorOf(request))
      return { items: tokens.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null })) }
    })

  app.post('/me/tokens', { config, schema: { tags, summary: 'Make an API token; its text is shown this once', body: NewApiToken, response: { 201: CreatedApiToken, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      sessionOf(request)
      return reply.code(201).send(await createApiToken(db, actorOf(request), { name: request.body.name, now: now() }))
    })

  app.delete('/me/tokens/:id', { config, schema: { tags, summary: 'Revoke an API token', params: IdParams, response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await revokeApiToken(db, actorOf(request), { id: request.params.id, now: now() })
      return reply.code(204).send(null)
    })

  app.get('/sessions', { config, schema: { tags, summary: 'Where you are signed in', response: { 200: Sessions } } },
    async (request) => {
      const sessions = await listSessions(db, actorOf(request), now())
      return {
        items: sessions.map(({ id, userAgent, createdAt, rotatedAt }) =>
          ({ id, userAgent, createdAt: createdAt.toISOString(), lastUsedAt: rotatedAt.toISOString(), current: id === request.sessionId }))
      }
    })

  app.delete('/sessions/:id', { config, schema: { tags, summary: 'Sign out somewhere else', params: IdParams, response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await revokeOwnSession(db, actorOf(request), { id: request.params.id, now: now() })
      return reply.code(204).send(null)
    })
}
