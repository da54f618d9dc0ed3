import { randomUUID } from 'node:crypto'
import createError from '@fastify/error'
import type { Database, Transaction } from '../platform/database/database.ts'
import type { Session, User } from '../generated/prisma/client.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit.ts'
import { type RefreshToken, type RefreshTokens, tokenHash } from './refresh-tokens.ts'

export const SessionEndedError = createError('SESSION_ENDED', 'the session has ended; sign in again', 401)
export const SessionNotFoundError = createError('SESSION_NOT_FOUND', 'you have no such session', 404)

const dayMs = 86_400_000
/** Unused for so long, a session ends. */
const slidingMs = 30 * dayMs
/** However much it is used, a session ends so long after the sign-in. */
const absoluteMs = 180 * dayMs
/** Two tabs, or a lost answer: so long the token before is taken without suspicion. */
const graceMs = 10_000
const userAgentCharacters = 200

export interface StartedSession {
  readonly user: User
  readonly sessionId: string
  readonly refreshToken: string
  readonly refreshExpiresAt: Date
}

export interface SessionsDeps {
  readonly db: Database
  readonly refreshTokens: RefreshTokens
}

/** Begins a session in the caller's transaction. */
export async function startSession (tx: Transaction, refreshTokens: RefreshTokens, { user, userAgent, now }: { readonly user: User, readonly userAgent: string, readonly now: Date }): Promise<StartedSession> {
  const sessionId = randomUUID()
  const token = refreshTokens.mint(sessionId, 0)
  const expiresAt = new Date(now.getTime() + slidingMs)
  await tx.session.create({
    data: {
      id: sessionId,
      userId: user.id,
      refreshTokenHash: tokenHash(token.text),
      rotatedAt: now,
      expiresAt,
      createdAt: now,
      userAgent: userAgent.slice(0, userAgentCharacters)
    }
  })
  return { user, sessionId, refreshToken: token.text, refreshExpiresAt: expiresAt }
}

/**
 * Trades a refresh token for the next. A token that was traded in before ends the whole session: either its owner or a
 * thief holds the newer one. Within the grace it gives the same successor again instead.
 * @throws SessionEndedError
 */
export async function refreshSession ({ db, refreshTokens }: SessionsDeps, text: string, now: Date): Promise<StartedSession> {
  const token = refreshTokens.parse(text)
  if (token === null) throw new SessionEndedError()
  const next = refreshTokens.mint(token.sessionId, token.generation + 1)
  await rotate(db, { token, next, now })
  const session = await db.prisma.session.findUnique({ where: { id: token.sessionId }, include: { user: true } })
  if (session === null || isOver(session, now) || session.user.disabledAt !== null) throw new SessionEndedError()
  const isInGrace = withinGrace(session, token, now)
  if (session.refreshTokenHash === tokenHash(next.text) && isInGrace) {
    return { user: session.user, sessionId: session.id, refreshToken: next.text, refreshExpiresAt: session.expiresAt }
  }
  // Another successor within the grace: an instance with the next secret made it, and that is no theft.
  if (refreshTokens.isGenuine(token) && !isInGrace) await endReplayed(db, session, now)
  throw new SessionEndedError()
}

async function endReplayed (db: Database, session: Session, now: Date): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await tx.session.update({ where: { id: session.id }, data: { revokedAt: now } })
    await appendAudit(tx, { at: now, actorId: session.userId, action: 'session.replayed', subject: `session:${session.id}` })
  })
}

/** One statement, so that of two at once only one changes the row; the other finds itself within the grace. */
async function rotate (db: Database, { token, next, now }: { readonly token: RefreshToken, readonly next: RefreshToken, readonly now: Date }): Promise<void> {
  await db.prisma.$executeRaw`
    UPDATE session SET previous_token_hash = refresh_token_hash, refresh_token_hash = ${tokenHash(next.text)}, rotated_at = ${now},
      expires_at = LEAST(${new Date(now.getTime() + slidingMs)}, created_at + make_interval(secs => ${absoluteMs / 1000}))
    WHERE id = ${token.sessionId}::uuid AND refresh_token_hash = ${tokenHash(token.text)} AND revoked_at IS NULL AND expires_at > ${now}
      AND EXISTS (SELECT 1 FROM user_account WHERE id = session.user_id AND disabled_at IS NULL)`
}

function withinGrace (session: Session, token: RefreshToken, now: Date): boolean {
  return session.previousTokenHash === tokenHash(token.text) && now.getTime() - session.rotatedAt.getTime() <= graceMs
}

function isOver (session: Session, now: Date): boolean {
  return session.revokedAt !== null || session.expiresAt <= now
}

/** Ends the session that the token belongs to, if it does; a forged or unknown token does nothing. */
export async function endSession ({ db, refreshTokens }: SessionsDeps, text: string, now: Date): Promise<void> {
  const token = refreshTokens.parse(text)
  if (token === null) return
  if (refreshTokens.isGenuine(token)) await revoke(db, { id: token.sessionId }, now)
  else await revoke(db, { refreshTokenHash: tokenHash(token.text) }, now)
}

/** The caller's sessions that still live, newest first. */
export function listSessions (db: Database, actor: Actor, now: Date): Promise<Session[]> {
  return db.prisma.session.findMany({
    where: { userId: actor.userId, revokedAt: null, expiresAt: { gt: now } },
    orderBy: { createdAt: 'desc' },
    take: 100
  })
}

/** @throws SessionNotFoundError for another user's session too */
export async function revokeOwnSession (db: Database, actor: Actor, { id, now }: { readonly id: string, readonly now: Date }): Promise<void> {
  const count = await revoke(db, { id, userId: actor.userId }, now)
  if (count === 0) throw new SessionNotFoundError()
}

/** Ends the caller's sessions everywhere but here. */
export async function revokeOtherSessions (db: Database, actor: Actor, { except, now }: { readonly except: string, readonly now: Date }): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await revokeSessionsOf(tx, { userId: actor.userId, except, now })
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'sessions.ended', subject: `user:${actor.userId}` })
  })
}

/** Ends all of a user's sessions, but for one where that is named. */
export async function revokeSessionsOf (tx: Transaction, { userId, except, now }: { readonly userId: string, readonly except: string | null, readonly now: Date }): Promise<void> {
  await tx.session.updateMany({
    where: { userId, revokedAt: null, ...(except === null ? {} : { id: { not: except } }) },
    data: { revokedAt: now }
  })
}

async function revoke (db: Database, which: { readonly id: string, readonly userId?: string } | { readonly refreshTokenHash: string }, now: Date): Promise<number> {
  const { count } = await db.prisma.session.updateMany({ where: { ...which, revokedAt: null }, data: { revokedAt: now } })
  return count
}

/** Deletes sessions that ended or ran out before then. */
export async function forgetEndedSessions (db: Database, before: Date): Promise<void> {
  await db.prisma.session.deleteMany({ where: { OR: [{ expiresAt: { lt: before } }, { revokedAt: { lt: before } }] } })
}
