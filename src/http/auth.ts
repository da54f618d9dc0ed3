import type { FastifyRequest } from 'fastify'
import type { AccountState, AccountStates } from '../accounts/account-states.ts'
import { isApiToken, lastUsedAccuracyMs, noteApiTokenUse } from '../accounts/api-tokens.ts'
import { tokenHash } from '../accounts/refresh-tokens.ts'
import type { Database } from '../platform/database/database.ts'
import { type Caller, UnauthenticatedError } from './access.ts'
import type { AccessTokens } from './access-tokens.ts'

export interface AuthDeps {
  readonly db: Database
  readonly tokens: AccessTokens
  readonly states: AccountStates
  readonly now: () => Date
}

interface NotedUses {
  isDue(hash: string, now: Date): boolean
}

const maxNoted = 10_000
/** Longer is none of ours, and isn't kept in memory. */
const maxHeaderCharacters = 2_000
const bearer = /^Bearer ([\w.~+/-]+=*)$/i

/**
 * Who calls, by the Authorization header alone; a cookie proves nothing here. Null without the header.
 * @throws UnauthenticatedError
 */
export function createAuthenticate (deps: AuthDeps): (request: FastifyRequest) => Promise<Caller | null> {
  const noted = createNotedUses()
  return async ({ headers: { authorization } }) => {
    if (authorization === undefined) return null
    const token = authorization.length > maxHeaderCharacters ? undefined : bearer.exec(authorization)?.[1]
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
  return { actor: { userId, username, role }, sessionId }
}
