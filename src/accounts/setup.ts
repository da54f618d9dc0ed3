import { randomBytes } from 'node:crypto'
import createError from '@fastify/error'
import type { User } from '../generated/prisma/client.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { appendAudit } from './audit.ts'
import { type RefreshTokens, tokenHash } from './refresh-tokens.ts'
import { type StartedSession, startSession } from './sessions.ts'
import type { Credentials, Visit } from './sign-in.ts'
import { acceptableHash, insertUser, lockAdmins } from './users.ts'

export const SetupLinkInvalidError = createError('SETUP_LINK_INVALID', 'this link is not good, or no longer; start Freshet again for a new one, or sign in', 403)

export async function isSetupNeeded (db: Database): Promise<boolean> {
  return await db.prisma.user.findFirst({ select: { id: true } }) === null
}

/**
 * The token of the link that makes the first admin, or null once there is a user. Only its hash is kept, so each start
 * makes a new one and the one before is void, unless it is `given`.
 */
export async function createSetupLink (db: Database, given?: string): Promise<string | null> {
  return await db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    if (await tx.user.findFirst({ select: { id: true } }) !== null) return null
    const token = given ?? randomBytes(32).toString('base64url')
    const hash = { tokenHash: tokenHash(token), usedAt: null }
    await tx.setupLink.upsert({ where: { id: 1 }, create: { id: 1, ...hash }, update: hash })
    return token
  })
}

/**
 * Makes the first admin and signs them in; of many at once one succeeds.
 * @throws SetupLinkInvalidError, UsernameInvalidError, PasswordUnacceptableError
 */
export async function useSetupLink (deps: { readonly db: Database, readonly refreshTokens: RefreshTokens }, { token, displayName, ...credentials }: Credentials & { readonly token: string, readonly displayName?: string }, visit: Visit): Promise<StartedSession> {
  // Before the costly hash: a stranger without the token gets none.
  if (!await isGoodLink(deps.db.prisma, token)) throw new SetupLinkInvalidError()
  const passwordHash = await acceptableHash(credentials)
  return await deps.db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    if (!await isGoodLink(tx, token)) throw new SetupLinkInvalidError()
    const user = await insertUser(tx, { username: credentials.username, ...(displayName === undefined ? {} : { displayName }), passwordHash, role: 'admin' })
    await tx.setupLink.update({ where: { id: 1 }, data: { usedAt: visit.now } })
    const started = await startSession(tx, deps.refreshTokens, { user, userAgent: visit.userAgent, now: visit.now })
    await appendAudit(tx, { at: visit.now, actorId: user.id, action: 'setup.done', subject: `user:${user.id}`, details: { username: user.username } })
    return started
  })
}

async function isGoodLink (tx: Pick<Transaction, 'setupLink' | 'user'>, token: string): Promise<boolean> {
  const link = await tx.setupLink.findFirst({ where: { id: 1, tokenHash: tokenHash(token), usedAt: null } })
  return link !== null && await tx.user.findFirst({ select: { id: true } }) === null
}

/**
 * Makes an admin without asking anybody: for the command line of whoever runs the service.
 * @throws UsernameTakenError, UsernameInvalidError, PasswordUnacceptableError
 */
export async function createAdmin (db: Database, credentials: Credentials): Promise<User> {
  const passwordHash = await acceptableHash(credentials)
  return await db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    const user = await insertUser(tx, { username: credentials.username, passwordHash, role: 'admin' })
    await appendAudit(tx, { at: user.createdAt, actorId: null, action: 'admin.created', subject: `user:${user.id}`, details: { username: user.username } })
    return user
  })
}
