import type { PoolClient } from 'pg'
import type { Database } from '../platform/database/database.ts'
import type { Role } from './actor.ts'

/** What a session, an API token or an app password stands for at this moment; null when it stands for nothing (any more). */
export interface AccountState {
  readonly userId: string
  readonly username: string
  readonly role: Role
  readonly epoch: number
  /** null: never. */
  readonly expiresAt: Date | null
}

export interface AccountStates {
  session(sessionId: string): Promise<AccountState | null>
  apiToken(tokenHash: string): Promise<AccountState | null>
  appPassword(passwordHash: string): Promise<AccountState | null>
  /** Called with the id of a user whose account or sessions changed. */
  onChanged(listener: (userId: string) => void): void
  start(): Promise<void>
  stop(): Promise<void>
}

interface StateRow {
  readonly userId: string
  readonly username: string
  readonly role: Role
  readonly epoch: number
  readonly expiresAt: Date | null
}
interface Remembered {
  readonly state: AccountState
  readonly readAt: number
}

const sessionQuery = {
  name: 'account-state-session',
  text: `SELECT u.id AS "userId", u.username, u.role, u.session_epoch AS epoch, s.expires_at AS "expiresAt"
    FROM session s JOIN user_account u ON u.id = s.user_id
    WHERE s.id = $1 AND s.revoked_at IS NULL AND u.disabled_at IS NULL`
}
const apiTokenQuery = {
  name: 'account-state-api-token',
  text: `SELECT u.id AS "userId", u.username, u.role, u.session_epoch AS epoch, t.expires_at AS "expiresAt"
    FROM api_token t JOIN user_account u ON u.id = t.user_id
    WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND u.disabled_at IS NULL`
}
const appPasswordQuery = {
  name: 'account-state-app-password',
  text: `SELECT u.id AS "userId", u.username, u.role, u.session_epoch AS epoch, NULL::timestamptz AS "expiresAt"
    FROM app_password p JOIN user_account u ON u.id = p.user_id
    WHERE p.password_hash = $1 AND p.revoked_at IS NULL AND u.disabled_at IS NULL`
}

const maxRemembered = 20_000
/** Even if a notification were lost, nothing is believed longer. */
const believedMs = 5_000
const reconnectMs = 1_000

/**
 * Reads what callers are, by primary key, and remembers it until the database tells of a change (a NOTIFY at the
 * commit, from whichever process). While nobody listens nothing is remembered.
 */
export function createAccountStates (db: Database, onError: (error: Error) => void): AccountStates {
  const remembered = new Map<string, Remembered>()
  let listener: PoolClient | undefined
  let listening = false
  let stopped = false
  let retry: NodeJS.Timeout | undefined
  /** Grows with each change: what was read while one arrived is used once and not remembered. */
  let changes = 0
  const listeners: Array<(userId: string) => void> = []

  const forget = (userId: string | undefined) => {
    changes += 1
    for (const [key, { state }] of remembered) if (userId === undefined || state.userId === userId) remembered.delete(key)
    if (userId !== undefined) for (const tell of listeners) tell(userId)
  }
  const lost = (error?: Error) => {
    if (stopped || listener === undefined) return
    listening = false
    forget(undefined)
    listener.release(true)
    listener = undefined
    if (error !== undefined) onError(error)
    retry = setTimeout(() => { listen().catch(onError) }, reconnectMs).unref()
  }
  const listen = async () => {
    try {
      listener = await db.pool.connect()
      // Stopped meanwhile: a client that is kept would keep the pool from closing.
      if (stopped) return listener.release(true)
      listener.on('notification', ({ payload }) => forget(payload))
      listener.once('end', () => lost())
      listener.on('error', lost)
      await listener.query('LISTEN account_changed')
      listening = true
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)))
      if (listener !== undefined) return lost()
      retry = setTimeout(() => { listen().catch(onError) }, reconnectMs).unref()
    }
  }
  const read = async (key: string, query: { readonly name: string, readonly text: string }, value: string): Promise<AccountState | null> => {
    const known = remembered.get(key)
    if (known !== undefined && performance.now() - known.readAt < believedMs) return known.state
    const [before, readAt] = [changes, performance.now()]
    const { rows: [state = null] } = await db.pool.query<StateRow>({ ...query, values: [value] })
    if (state === null) remembered.delete(key)
    else if (listening && changes === before) remember(remembered, key, { state, readAt })
    return state
  }
  return {
    session: (sessionId) => read(`session ${sessionId}`, sessionQuery, sessionId),
    apiToken: (tokenHash) => read(`token ${tokenHash}`, apiTokenQuery, tokenHash),
    appPassword: (passwordHash) => read(`app ${passwordHash}`, appPasswordQuery, passwordHash),
    onChanged: (tell) => { listeners.push(tell) },
    start: listen,
    async stop () {
      stopped = true
      clearTimeout(retry)
      listener?.release(true)
      listener = undefined
    }
  }
}

/** The oldest go first: a caller who is still there is read again. */
function remember (remembered: Map<string, Remembered>, key: string, entry: Remembered): void {
  remembered.delete(key)
  remembered.set(key, entry)
  if (remembered.size <= maxRemembered) return
  const oldest = remembered.keys().next()
  if (oldest.done !== true) remembered.delete(oldest.value)
}
