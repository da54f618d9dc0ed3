import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams } from '../catalog/schemas.ts'
import { actorOf, sessionOf } from '../http/access.ts'
import { ownLimit } from '../http/rate-limit.ts'
import type { Database } from '../platform/database/database.ts'
import { createAppPassword, listAppPasswords, revokeAppPassword } from './app-passwords.ts'
import { deleteOwnAccount } from './delete-account.ts'
import { renameSelf } from './own-account.ts'
import { beginExport, exportPersonalData } from './personal-data.ts'
import { changePreferences } from './preferences.ts'
import { AccountDeletion, AppPasswords, CreatedAppPassword, NewApiToken, PersonalData, Preferences, PreferencesChange, Profile, User } from './schemas.ts'
import { revokeOtherSessions } from './sessions.ts'
import { shownUser } from './shown-user.ts'
import type { SignInLimits } from './sign-in-limits.ts'

export interface OwnAccountRoutesDeps {
  readonly db: Database
  readonly now: () => Date
  readonly limits: SignInLimits
}

const access = 'keep your account'
const config = { access } as const
const tags = ['account']
const Done = Type.Null({ description: 'Done.' })
/** A million plays keep a process busy for a minute. */
const exportsPerMinute = 3

export const ownAccountRoutes: FastifyPluginAsyncTypebox<OwnAccountRoutesDeps> = async (app, { db, now, limits }) => {
  app.patch('/me', { config, schema: { tags, summary: 'Change the name that others see', body: Profile, response: { 200: User, '4xx': ErrorAnswer } } },
    async (request) => {
      sessionOf(request)
      return shownUser(await renameSelf(db, actorOf(request), { displayName: request.body.displayName, now: now() }))
    })

  app.patch('/me/preferences', { config, schema: { tags, summary: 'Change some of your preferences; your other devices hear of it', body: PreferencesChange, response: { 200: Preferences, '4xx': ErrorAnswer } } },
    async (request) => await changePreferences(db, actorOf(request), { change: request.body, now: now() }))

  app.delete('/me', { config, schema: { tags, summary: 'Delete your account and what is only yours', body: AccountDeletion, response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      sessionOf(request)
      await deleteOwnAccount({ db, limits }, actorOf(request), { password: request.body.password, address: request.ip, now: now() })
      return reply.code(204).send(null)
    })

  app.get('/me/export', { config: { access, rateLimit: ownLimit('export', exportsPerMinute) }, schema: { tags, summary: 'Everything that is kept about you, as one document', response: { 200: PersonalData, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      sessionOf(request)
      const actor = actorOf(request)
      const at = now()
      await beginExport(db, actor, at)
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="freshet-${at.toISOString().slice(0, 10)}.json"`)
        .send(Readable.from(exportPersonalData(db, actor, at)))
    })

  app.get('/me/app-passwords', { config, schema: { tags, summary: 'Your app passwords', response: { 200: AppPasswords } } },
    async (request) => {
      const passwords = await listAppPasswords(db, actorOf(request))
      return { items: passwords.map(({ id, name, createdAt, lastUsedAt }) => ({ id, name, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null })) }
    })

  app.post('/me/app-passwords', { config, schema: { tags, summary: 'Make a password for a music app; its text is shown this once', body: NewApiToken, response: { 201: CreatedAppPassword, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      sessionOf(request)
      return reply.code(201).send(await createAppPassword(db, actorOf(request), { name: request.body.name, now: now() }))
    })

  app.delete('/me/app-passwords/:id', { config, schema: { tags, summary: 'Revoke an app password', params: IdParams, response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await revokeAppPassword(db, actorOf(request), { id: request.params.id, now: now() })
      return reply.code(204).send(null)
    })

  app.delete('/sessions', { config, schema: { tags, summary: 'Sign out everywhere else', response: { 204: Done, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await revokeOtherSessions(db, actorOf(request), { except: sessionOf(request), now: now() })
      return reply.code(204).send(null)
    })
}
