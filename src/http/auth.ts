import type { FastifyRequest } from 'fastify'
import type { AccountState, AccountStates } from '../accounts/account-states.ts'
import { isApiToken, lastUsedAccuracyMs, noteApiTokenUse } from '../accounts/api-tokens.ts'
import { appPasswordHash, appPasswordScope, noteAppPasswordUse } from '../accounts/app-passwords.ts'
import { tokenHash } from '../accounts/refresh-tokens.ts'
import type { SignInLimits } from '../accounts/sign-in-limits.ts'
import { usernameKeyOf } from '../accounts/username.ts'
import type { Database } from '../platform/database/database.ts'
import { type Caller, UnauthenticatedError } from './access.ts'
import type { AccessTokens } from './access-tokens.ts'

export interface AuthDeps {
  readonly db: Database
  readonly tokens: AccessTokens
  readonly states: AccountStates
  /** For app passwords that are wrong. */
  readonly appLimits: SignInLimits
  readonly now: () => Date
}

interface NotedUses {
  isDue(hash: string, now: Date): boolean
}

const maxNoted = 10_000
/** Longer is none of ours, and isn't kept in memory. */
const maxHeaderCharacters = 2_000
const bearer = /^Bearer ([\w.~+/-]+=*)$/i
const basic = /^Basic ([\w+/-]+=*)$/i

/**
 * Who calls, by the Authorization header alone; a cookie proves nothing here. Null without the header.
 * @throws UnauthenticatedError, TooManySignInsError
 */
export function createAuthenticate (deps: AuthDeps): (request: FastifyRequest) => Promise<Caller | null> {
  const noted = createNotedUses()
  return async ({ headers: { authorization }, ip }) => {
    if (authorization === undefined) return null
    if (authorization.length > maxHeaderCharacters) throw new UnauthenticatedError()
    const credentials = basic.exec(authorization)?.[1]
    if (credentials !== undefined) return await byAppPassword(deps, noted, { credentials, address: ip })
    const token = bearer.exec(authorization)?.[1]
    if (token === undefined) throw new UnauthenticatedError()
    return isApiToken(token) ? await byApiToken(deps, noted, token) : await byAccessToken(deps, authorization, token)
  }
}

async function byAccessToken ({ tokens, states, now }: AuthDeps, header: string, token: string): Promise<Caller> {
  const claims = tokens.verify(header, token, now())
  const state = await states.session(claims.sid)
  if (state === null || state.userId !== claims.sub || state.epoch !== claims.epoch) throw new UnauthenticatedError()
  return callerOf(state, claims.sid, now())
}

async function byApiToken ({ db, states, now }: AuthDeps, noted: NotedUses, token: string): Promise<Caller> {
  const hash = tokenHash(token)
  const state = await states.apiToken(hash)
  if (state === null) throw new UnauthenticatedError()
  const caller = callerOf(state, null, now())
  if (noted.isDue(hash, now())) await noteApiTokenUse(db, hash, now())
  return caller
}

/**
 * HTTP Basic, with an app password: the account's own password is looked at nowhere but at the sign-in. A wrong one takes
 * a point; a right one is let in whatever others tried, for nobody finds one by trying.
 */
async function byAppPassword ({ db, states, appLimits, now }: AuthDeps, noted: NotedUses, { credentials, address }: { readonly credentials: string, readonly address: string }): Promise<Caller> {
  const text = Buffer.from(credentials, 'base64').toString()
  // A username may hold a colon; an app password doesn't.
  const at = text.lastIndexOf(':')
  const usernameKey = usernameKeyOf(text.slice(0, Math.max(0, at)))
  const hash = appPasswordHash(text.slice(at + 1))
  const state = hash === null ? null : await states.appPassword(hash)
  if (hash === null || state === null || usernameKeyOf(state.username) !== usernameKey) {
    await appLimits.admit({ usernameKey, address })
    throw new UnauthenticatedError()
  }
  if (noted.isDue(hash, now())) await noteAppPasswordUse(db, hash, now())
  const { actor } = callerOf(state, null, now())
  return { actor: { ...actor, role: 'listener' }, sessionId: null, scope: appPasswordScope }
}

/** Which uses this process noted lately, so that a busy script costs no statement a request. */
function createNotedUses (): NotedUses {
  const notedAt = new Map<string, number>()
  return {
    isDue (hash, now) {
      if (now.getTime() - (notedAt.get(hash) ?? -Infinity) < lastUsedAccuracyMs) return false
      if (notedAt.size >= maxNoted) notedAt.clear()
      notedAt.set(hash, now.getTime())
      return true
    }
  }
}

function callerOf ({ userId, username, role, expiresAt }: AccountState, sessionId: string | null, now: Date): Caller {
  if (expiresAt !== null && expiresAt <= now) throw new UnauthenticatedError()
  return { actor: { userId, username, role }, sessionId, scope: null }
}
