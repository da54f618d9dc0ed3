import createError from '@fastify/error'
import type { User } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit.ts'
import { checkNewPassword, hashPassword, passwordMatches } from './password.ts'
import { revokeSessionsOf } from './sessions.ts'
import type { SignInLimits } from './sign-in-limits.ts'
import { usernameKeyOf } from './username.ts'

export const WrongPasswordError = createError('WRONG_PASSWORD', 'the current password is wrong', 403)

export function findOwnAccount (db: Database, actor: Actor): Promise<User> {
  return db.prisma.user.findUniqueOrThrow({ where: { id: actor.userId } })
}

export interface PasswordCheckDeps {
  readonly db: Database
  readonly limits: SignInLimits
}

/**
 * For what a stolen access token or an unlocked screen must not be enough for. Guessing is no faster here than at the door.
 * @throws WrongPasswordError, TooManySignInsError, BusyError
 */
export async function confirmPassword ({ db, limits }: PasswordCheckDeps, actor: Actor, { password, address }: { readonly password: string, readonly address: string }): Promise<User> {
  const user = await findOwnAccount(db, actor)
  const attempt = { usernameKey: usernameKeyOf(user.username), address }
  await limits.admit(attempt)
  if (!await passwordMatches(user.passwordHash, password)) throw new WrongPasswordError()
  await limits.succeeded(attempt)
  return user
}

/** The name that others see. */
export async function renameSelf (db: Database, actor: Actor, { displayName, now }: { readonly displayName: string, readonly now: Date }): Promise<User> {
  return await db.prisma.$transaction(async (tx) => {
    const user = await tx.user.update({ where: { id: actor.userId }, data: { displayName } })
    await appendAudit(tx, { at: now, actorId: user.id, action: 'account.renamed', subject: `user:${user.id}` })
    return user
  })
}

export interface PasswordChange {
  readonly currentPassword: string
  readonly newPassword: string
  /** The session that goes on; all others end. Its access token is refused too: it gets the next by refreshing. */
  readonly sessionId: string
  readonly address: string
  readonly now: Date
}

/** @throws WrongPasswordError, PasswordUnacceptableError, TooManySignInsError, BusyError */
export async function changeOwnPassword (deps: PasswordCheckDeps, actor: Actor, change: PasswordChange): Promise<void> {
  const { db } = deps
  const { currentPassword, newPassword, sessionId, address, now } = change
  const user = await confirmPassword(deps, actor, { password: currentPassword, address })
  checkNewPassword(newPassword, user.username)
  const passwordHash = await hashPassword(newPassword)
  await db.prisma.$transaction(async (tx) => {
    await tx.user.update({ where: { id: user.id }, data: { passwordHash, sessionEpoch: { increment: 1 } } })
    await revokeSessionsOf(tx, { userId: user.id, except: sessionId, now })
    await appendAudit(tx, { at: now, actorId: user.id, action: 'password.changed', subject: `user:${user.id}` })
  })
}
