import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { decodeCursor, encodeCursor } from '../catalog/cursor.ts'
import { ErrorAnswer, IdParams, PageQuery } from '../catalog/schemas.ts'
import { actorOf, sessionOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import { listAuditEvents, namesOf } from './audit-log.ts'
import { AuditPage, AuditQuery, NewUser, User, UserChange, UserPage } from './schemas.ts'
import { shownUser } from './shown-user.ts'
import { changeUser, createUser, deleteUser, lastSeen, listUsers } from './users.ts'

export interface UserRoutesDeps {
  readonly db: Database
  readonly now: () => Date
}

const managing = { access: 'manage users' } as const
const tags = ['users']
const AfterKey = Type.String()
const BeforeId = Type.String({ pattern: '^[1-9]\\d{0,17}$' })

export const userRoutes: FastifyPluginAsyncTypebox<UserRoutesDeps> = async (app, { db, now }) => {
  app.get('/users', { config: { access: 'see users' }, schema: { tags, summary: 'Users, by name', querystring: PageQuery, response: { 200: UserPage, '4xx': ErrorAnswer } } },
    async (request) => {
      const { limit, cursor } = request.query
      const users = await listUsers(db, actorOf(request), { afterKey: decodeCursor(cursor, AfterKey), limit })
      const seen = await lastSeen(db, users.map(({ id }) => id))
      return { items: users.map((user) => ({ ...shownUser(user), lastSeenAt: seen.get(user.id)?.toISOString() ?? null })), nextCursor: users.length < limit ? null : encodeCursor(users.at(-1)?.usernameKey) }
    })

  app.post('/users', { config: managing, schema: { tags, summary: 'Add a user', body: NewUser, response: { 201: User, '4xx': ErrorAnswer } } },
    async (request, reply) => {
      sessionOf(request)
      const { role = 'listener', ...user } = request.body
      return reply.code(201).send(shownUser(await createUser(db, actorOf(request), { ...user, role, now: now() })))
    })

  app.patch('/users/:id', { config: managing, schema: { tags, summary: 'Change a user’s role, name or password, or disable them', params: IdParams, body: UserChange, response: { 200: User, '4xx': ErrorAnswer } } },
    async (request) => {
      sessionOf(request)
      return shownUser(await changeUser(db, actorOf(request), { id: request.params.id, change: request.body, now: now() }))
    })

  app.delete('/users/:id', { config: managing, schema: { tags, summary: 'Remove a user with what is only theirs', params: IdParams, response: { 204: Type.Null({ description: 'Removed.' }), '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await deleteUser(db, actorOf(request), { id: request.params.id, now: now() })
      return reply.code(204).send(null)
    })

  app.get('/audit', { config: { access: 'see the audit log' }, schema: { tags, summary: 'What was done, newest first', querystring: AuditQuery, response: { 200: AuditPage, '4xx': ErrorAnswer } } },
    async (request) => {
      const { limit, cursor, action, actorId } = request.query
      const before = decodeCursor(cursor, BeforeId)
      const events = await listAuditEvents(db, actorOf(request), { beforeId: before === undefined ? undefined : BigInt(before), limit, action, actorId })
      const names = await namesOf(db, events.flatMap((event) => event.actorId ?? []))
      return {
        items: events.map((event) => ({ id: String(event.id), at: event.at.toISOString(), actorId: event.actorId, actorName: names.get(event.actorId ?? '') ?? null, action: event.action, subject: event.subject, details: detailsOf(event.details) })),
        nextCursor: events.length < limit ? null : encodeCursor(String(events.at(-1)?.id))
      }
    })
}

function detailsOf (details: unknown): object {
  return typeof details === 'object' && details !== null ? details : {}
}
