import { randomBytes } from 'node:crypto'
import createError from '@fastify/error'
import type { ApiToken } from '../generated/prisma/client.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit.ts'
import { tokenHash } from './refresh-tokens.ts'

export const ApiTokenNotFoundError = createError('API_TOKEN_NOT_FOUND', 'you have no such token', 404)
export const TooManyApiTokensError = createError<[number]>('TOO_MANY_API_TOKENS', 'you have %d tokens; revoke one that is no longer used', 409)

const prefix = 'fr_'
const maxTokens = 50
export const lastUsedAccuracyMs = 60_000

export function isApiToken (bearer: string): boolean {
  return bearer.startsWith(prefix)
}

/**
 * A token that acts as its owner until it is revoked. Its text is known here only now.
 * @throws TooManyApiTokensError
 */
export async function createApiToken (db: Database, actor: Actor, { name, now }: { readonly name: string, readonly now: Date }): Promise<{ readonly id: string, readonly name: string, readonly token: string }> {
  const token = `${prefix}${randomBytes(32).toString('base64url')}`
  return await db.prisma.$transaction(async (tx) => {
    const count = await tx.apiToken.count({ where: { userId: actor.userId, revokedAt: null } })
    if (count >= maxTokens) throw new TooManyApiTokensError(count)
    const { id } = await tx.apiToken.create({ data: { userId: actor.userId, name, tokenHash: tokenHash(token), createdAt: now } })
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'token.created', subject: `token:${id}`, details: { name } })
    return { id, name, token }
  })
}

/** The caller's own, newest first. */
export function listApiTokens (db: Database, actor: Actor): Promise<ApiToken[]> {
  return db.prisma.apiToken.findMany({ where: { userId: actor.userId, revokedAt: null }, orderBy: { createdAt: 'desc' } })
}

/** @throws ApiTokenNotFoundError for another user's token too */
export async function revokeApiToken (db: Database, actor: Actor, { id, now }: { readonly id: string, readonly now: Date }): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.apiToken.updateMany({ where: { id, userId: actor.userId, revokedAt: null }, data: { revokedAt: now } })
    if (count === 0) throw new ApiTokenNotFoundError()
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'token.revoked', subject: `token:${id}` })
  })
}

/** Ends all of a user's tokens. */
export async function revokeApiTokensOf (tx: Transaction, { userId, now }: { readonly userId: string, readonly now: Date }): Promise<void> {
  await tx.apiToken.updateMany({ where: { userId, revokedAt: null }, data: { revokedAt: now } })
}

/** Notes the use, to the minute: a script that asks a hundred times a second writes no more often. */
export async function noteApiTokenUse (db: Database, hash: string, now: Date): Promise<void> {
  const stale = new Date(now.getTime() - lastUsedAccuracyMs)
  await db.prisma.apiToken.updateMany({
    where: { tokenHash: hash, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: stale } }] },
    data: { lastUsedAt: now }
  })
}
