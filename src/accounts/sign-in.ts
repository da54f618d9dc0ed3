import createError from '@fastify/error'
import type { User } from '../generated/prisma/client.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { appendAudit } from './audit.ts'
import { passwordMatches } from './password.ts'
import type { RefreshTokens } from './refresh-tokens.ts'
import { type StartedSession, startSession } from './sessions.ts'
import type { SignInLimits } from './sign-in-limits.ts'
import { usernameKeyOf } from './username.ts'

/** The same whatever was wrong: unknown name, wrong password, disabled account. */
export const SignInFailedError = createError('SIGN_IN_FAILED', 'the username or the password is wrong', 401)

export interface SignInDeps {
  readonly db: Database
  readonly refreshTokens: RefreshTokens
  readonly limits: SignInLimits
}

export interface Credentials {
  readonly username: string
  readonly password: string
}

/** From where somebody signs in, and when. */
export interface Visit {
  readonly address: string
  readonly userAgent: string
  readonly now: Date
}

/** @throws SignInFailedError, TooManySignInsError, BusyError */
export async function signIn ({ db, refreshTokens, limits }: SignInDeps, { username, password }: Credentials, visit: Visit): Promise<StartedSession> {
  const attempt = { usernameKey: usernameKeyOf(username), address: visit.address }
  await limits.admit(attempt)
  // A text with NUL is nobody's name, and Postgres refuses to look for it.
  const findable = !attempt.usernameKey.includes('\0')
  const user = findable ? await db.prisma.user.findUnique({ where: { usernameKey: attempt.usernameKey } }) : null
  const matches = await passwordMatches(user?.passwordHash, password)
  if (user === null || !matches || user.disabledAt !== null) throw new SignInFailedError()
  await limits.succeeded(attempt)
  return await db.prisma.$transaction(async (tx) => {
    await holdUnchanged(tx, user)
    const started = await startSession(tx, refreshTokens, { user, userAgent: visit.userAgent, now: visit.now })
    await appendAudit(tx, { at: visit.now, actorId: user.id, action: 'session.started', subject: `session:${started.sessionId}`, details: { address: visit.address } })
    return started
  })
}

/**
 * Whoever ends a user's sessions must find this one: the password was checked some time ago, and may be another by now.
 * Until the transaction ends the account stays as it is.
 */
async function holdUnchanged (tx: Transaction, { id, sessionEpoch }: User): Promise<void> {
  const rows = await tx.$queryRaw<unknown[]>`SELECT 1 FROM user_account WHERE id = ${id}::uuid AND session_epoch = ${sessionEpoch} FOR SHARE`
  if (rows.length === 0) throw new SignInFailedError()
}
