import type { Grant } from './api-types.ts'

/** The access token lives in memory only; the refresh cookie, which scripts can't read, renews it. */
let current: { readonly token: string, readonly expiresAtMs: number } | null = null
let renewal: Promise<boolean> | null = null
let timer: ReturnType<typeof setTimeout> | undefined
let tellLost: () => void = () => {}
/** Somebody is taken to be signed in, and the server hasn't said so yet. */
let presumed = false
const waiting = new Set<() => void>()

/** Renew this long before the end, so that no request meets an expired token. */
const aheadMs = 60_000

/** Called once the server no longer knows this session. */
export function onSessionLost (listener: () => void): void {
  tellLost = listener
}

/** Called with each new token. Whoever needs one can be there before it: what is kept is shown ahead of the server. */
export function onGrant (listener: () => void): void {
  waiting.add(listener)
}

export function keepGrant (grant: Grant): void {
  const expiresAtMs = Date.parse(grant.expiresAt)
  current = { token: grant.accessToken, expiresAtMs }
  presumed = false
  for (const listener of waiting) listener()
  clearTimeout(timer)
  // A failed early renewal is harmless: the next request renews when it needs to.
  timer = setTimeout(() => { renew().catch(() => undefined) }, Math.max(5_000, expiresAtMs - Date.now() - aheadMs))
}

/** From now on requests wait for a token, until there is one or nobody is signed in. */
export function presumeGrant (): void {
  presumed = current === null
}

export function forgetGrant (): void {
  current = null
  presumed = false
  clearTimeout(timer)
}

/** The token for a request, or null where nobody is signed in. */
export function accessToken (): string | null {
  return current?.token ?? null
}

/** Whether a request without a token would be refused for want of a moment's patience. */
export function awaitsToken (): boolean {
  return presumed
}

/**
 * Trades the refresh cookie for a new access token; one trade at a time in this tab and, by a lock, in all tabs.
 * @returns whether somebody is signed in. Rejects where the server can't be reached.
 */
export async function renew (): Promise<boolean> {
  renewal ??= locked(trade).finally(() => { renewal = null })
  return await renewal
}

// navigator.locks exists on secure pages only; elsewhere the server's grace for two tabs at once does.
async function locked (task: () => Promise<boolean>): Promise<boolean> {
  if (!('locks' in navigator)) return await task()
  return await navigator.locks.request('freshet-session', task)
}

async function trade (): Promise<boolean> {
  const response = await fetch('/api/session/refresh', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  if (response.ok) {
    keepGrant(await response.json() as Grant)
    return true
  }
  if (response.status !== 401 && response.status !== 403) throw new Error(`the session could not be renewed: ${response.status}`)
  const had = current !== null
  forgetGrant()
  if (had) tellLost()
  return false
}
