import { randomBytes } from 'node:crypto'
import createError from '@fastify/error'
import type { AppPassword } from '../generated/prisma/client.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { Actor, Permission } from './actor.ts'
import { appendAudit } from './audit.ts'
import { tokenHash } from './refresh-tokens.ts'

export const AppPasswordNotFoundError = createError('APP_PASSWORD_NOT_FOUND', 'you have no such app password', 404)
export const TooManyAppPasswordsError = createError<[number]>('TOO_MANY_APP_PASSWORDS', 'you have %d app passwords; revoke one that is no longer used', 409)

/** All that an app may do with one, whatever its owner's role: a phone that is lost can't upload, delete or change the account. */
export const appPasswordScope: readonly Permission[] = ['listen', 'keep playlists']

const maxPasswords = 50
/** Crockford's base 32: no two letters that are easily confused, for somebody types it on a telephone. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** 26 letters of 5 bits: 130 bits. */
const letters = 26
const groupLetters = 5
const form = new RegExp(`^[${alphabet}]{${letters}}$`)
const lastUsedAccuracyMs = 60_000

/**
 * A password for one app, until it is revoked. Its text is known here only now.
 * @throws TooManyAppPasswordsError
 */
export async function createAppPassword (db: Database, actor: Actor, { name, now }: { readonly name: string, readonly now: Date }): Promise<{ readonly id: string, readonly name: string, readonly password: string }> {
  // 256 is a multiple of 32: every letter is as likely as every other.
  const plain = [...randomBytes(letters)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('')
  return await db.prisma.$transaction(async (tx) => {
    const count = await tx.appPassword.count({ where: { userId: actor.userId, revokedAt: null } })
    if (count >= maxPasswords) throw new TooManyAppPasswordsError(count)
    const { id } = await tx.appPassword.create({ data: { userId: actor.userId, name, passwordHash: tokenHash(plain), createdAt: now } })
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'app-password.created', subject: `app-password:${id}` })
    return { id, name, password: plain.replace(new RegExp(`.{${groupLetters}}(?=.)`, 'g'), '$&-') }
  })
}

/** What the database keeps of one as it was typed, or null for what can't be one: the account's own password, say. */
export function appPasswordHash (typed: string): string | null {
  const plain = typed.toLowerCase().replace(/[\s-]/g, '')
  return form.test(plain) ? tokenHash(plain) : null
}

/** The caller's own, newest first. */
export function listAppPasswords (db: Database, actor: Actor): Promise<AppPassword[]> {
  return db.prisma.appPassword.findMany({ where: { userId: actor.userId, revokedAt: null }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })
}

/** @throws AppPasswordNotFoundError for another user's too */
export async function revokeAppPassword (db: Database, actor: Actor, { id, now }: { readonly id: string, readonly now: Date }): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.appPassword.updateMany({ where: { id, userId: actor.userId, revokedAt: null }, data: { revokedAt: now } })
    if (count === 0) throw new AppPasswordNotFoundError()
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'app-password.revoked', subject: `app-password:${id}` })
  })
}

/** Ends all of a user's. */
export async function revokeAppPasswordsOf (tx: Transaction, { userId, now }: { readonly userId: string, readonly now: Date }): Promise<void> {
  await tx.appPassword.updateMany({ where: { userId, revokedAt: null }, data: { revokedAt: now } })
}

/** Notes the use, to the minute. */
export async function noteAppPasswordUse (db: Database, passwordHash: string, now: Date): Promise<void> {
  const stale = new Date(now.getTime() - lastUsedAccuracyMs)
  await db.prisma.appPassword.updateMany({ where: { passwordHash, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: stale } }] }, data: { lastUsedAt: now } })
}
