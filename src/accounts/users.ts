import createError from '@fastify/error'
import { Prisma, type User } from '../generated/prisma/client.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { type Actor, authorise, type Role } from './actor.ts'
import { revokeApiTokensOf } from './api-tokens.ts'
import { revokeAppPasswordsOf } from './app-passwords.ts'
import { appendAudit } from './audit.ts'
import { checkNewPassword, hashPassword } from './password.ts'
import { revokeSessionsOf } from './sessions.ts'
import { parseUsername } from './username.ts'

export const UserNotFoundError = createError('USER_NOT_FOUND', 'there is no such user', 404)
export const UsernameTakenError = createError('USERNAME_TAKEN', 'another user has this username', 409)
export const OwnPasswordError = createError('OWN_PASSWORD', 'change your own password in your account, with the current one', 403)
export const LastAdminError = createError('LAST_ADMIN', 'this is the last admin who can sign in; make somebody else an admin first', 409)

/** Whoever may change how many admins there are holds it, so that two at once can't take away the last two. */
const adminsLockKey = 7_270_736_911

export async function lockAdmins (tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${adminsLockKey}::bigint)`
}

export interface NewUser {
  readonly username: string
  readonly password: string
  readonly displayName?: string
  readonly role: Role
}

export interface UserChange {
  readonly role?: Role
  readonly disabled?: boolean
  readonly displayName?: string
  readonly password?: string
}

/**
 * Creates a user in the caller's transaction, without asking who may.
 * @throws UsernameTakenError
 */
export async function insertUser (tx: Transaction, user: Omit<NewUser, 'password'> & { readonly passwordHash: string }): Promise<User> {
  const { username, usernameKey } = parseUsername(user.username)
  try {
    return await tx.user.create({
      data: { username, usernameKey, displayName: user.displayName ?? username, passwordHash: user.passwordHash, role: user.role }
    })
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') throw new UsernameTakenError()
    throw error
  }
}

/**
 * Checks name and password and hashes the latter: outside a transaction, for it takes its time.
 * @throws UsernameInvalidError, PasswordUnacceptableError, BusyError
 */
export async function acceptableHash ({ username, password }: { readonly username: string, readonly password: string }): Promise<string> {
  checkNewPassword(password, parseUsername(username).username)
  return await hashPassword(password)
}

/** @throws ForbiddenError, UsernameTakenError, UsernameInvalidError, PasswordUnacceptableError */
export async function createUser (db: Database, actor: Actor, { now, ...user }: NewUser & { readonly now: Date }): Promise<User> {
  authorise(actor, 'manage users')
  const passwordHash = await acceptableHash(user)
  return await db.prisma.$transaction(async (tx) => {
    const created = await insertUser(tx, { ...user, passwordHash })
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'user.created', subject: `user:${created.id}`, details: { username: created.username, role: created.role } })
    return created
  })
}

/**
 * By username, from the one after `afterKey` on.
 * @throws ForbiddenError
 */
export async function listUsers (db: Database, actor: Actor, { afterKey, limit }: { readonly afterKey: string | undefined, readonly limit: number }): Promise<User[]> {
  authorise(actor, 'see users')
  return await db.prisma.user.findMany({
    ...(afterKey === undefined ? {} : { where: { usernameKey: { gt: afterKey } } }),
    orderBy: { usernameKey: 'asc' },
    take: limit
  })
}

/** When a session of each of them was last renewed; a session is renewed every few minutes of use. */
export async function lastSeen (db: Database, userIds: readonly string[]): Promise<Map<string, Date>> {
  const rows = await db.prisma.session.groupBy({ by: ['userId'], where: { userId: { in: [...userIds] } }, _max: { rotatedAt: true } })
  return new Map(rows.flatMap(({ userId, _max: { rotatedAt } }) => rotatedAt === null ? [] : [[userId, rotatedAt] as const]))
}

/**
 * Access tokens of before another role are refused. Disabling, and a new password, end everything that the user signed
 * in with, API tokens and app passwords too: the admin may be shutting somebody else out.
 * @throws ForbiddenError, OwnPasswordError, UserNotFoundError, LastAdminError, PasswordUnacceptableError
 */
export async function changeUser (db: Database, actor: Actor, { id, change, now }: { readonly id: string, readonly change: UserChange, readonly now: Date }): Promise<User> {
  authorise(actor, 'manage users')
  const { password } = change
  if (password !== undefined && id.toLowerCase() === actor.userId) throw new OwnPasswordError()
  const { username } = await findUser(db.prisma, id)
  const passwordHash = password === undefined ? undefined : await acceptableHash({ username, password })
  return await db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    const before = await findUser(tx, id)
    const role = change.role ?? before.role
    const disabledAt = changedDisabledAt(before, change, now)
    if (role !== 'admin' || disabledAt !== null) await refuseForLastAdmin(tx, before)
    const reset = role !== before.role || disabledAt !== before.disabledAt || passwordHash !== undefined
    const after = await tx.user.update({
      where: { id },
      data: {
        role,
        disabledAt,
        displayName: change.displayName ?? before.displayName,
        ...(passwordHash === undefined ? {} : { passwordHash }),
        ...(reset ? { sessionEpoch: { increment: 1 } } : {})
      }
    })
    if (disabledAt !== null || passwordHash !== undefined) {
      await revokeSessionsOf(tx, { userId: id, except: null, now })
      await revokeApiTokensOf(tx, { userId: id, now })
      await revokeAppPasswordsOf(tx, { userId: id, now })
    }
    await appendAudit(tx, {
      at: now,
      actorId: actor.userId,
      action: 'user.changed',
      subject: `user:${id}`,
      details: { role: after.role, disabled: after.disabledAt !== null, displayName: after.displayName, passwordReset: passwordHash !== undefined }
    })
    return after
  })
}

function changedDisabledAt (user: User, { disabled }: UserChange, now: Date): Date | null {
  if (disabled === undefined) return user.disabledAt
  return disabled ? user.disabledAt ?? now : null
}

/** With everything that is only theirs: playlists, favourites, history. @throws ForbiddenError, UserNotFoundError, LastAdminError */
export async function deleteUser (db: Database, actor: Actor, { id, now }: { readonly id: string, readonly now: Date }): Promise<void> {
  authorise(actor, 'manage users')
  await db.prisma.$transaction(async (tx) => {
    await lockAdmins(tx)
    const user = await findUser(tx, id)
    await refuseForLastAdmin(tx, user)
    await eraseUser(tx, id)
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'user.deleted', subject: `user:${id}`, details: { username: user.username } })
  }, erasureLimits)
}

/** A million plays go with their listener: that takes longer than the five seconds that a transaction has otherwise. */
export const erasureLimits = { maxWait: 10_000, timeout: 120_000 }

/** The row goes with all that hangs on it; what stays, such as music and another's playlist, forgets who it was. */
export async function eraseUser (tx: Transaction, id: string): Promise<void> {
  await tx.playlistItem.updateMany({ where: { addedById: id }, data: { addedById: null } })
  await tx.changeSet.updateMany({ where: { userId: id }, data: { userId: null } })
  await tx.changeSet.updateMany({ where: { undoneById: id }, data: { undoneById: null } })
  await tx.user.delete({ where: { id } })
}

async function findUser (tx: Pick<Transaction, 'user'>, id: string): Promise<User> {
  const user = await tx.user.findUnique({ where: { id } })
  if (user === null) throw new UserNotFoundError()
  return user
}

/** @throws LastAdminError */
export async function refuseForLastAdmin (tx: Transaction, user: User): Promise<void> {
  if (user.role !== 'admin' || user.disabledAt !== null) return
  const others = await tx.user.count({ where: { role: 'admin', disabledAt: null, id: { not: user.id } } })
  if (others === 0) throw new LastAdminError()
}
