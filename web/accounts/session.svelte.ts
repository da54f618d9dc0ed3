import { forgetGrant, keepGrant, onSessionLost, presumeGrant, renew } from '../app/access-token.ts'
import { askAhead, get, post, request } from '../app/api.ts'
import type { Artwork, Grant, Me, User } from '../app/api-types.ts'
import { onLine, serverAnswers } from '../app/network.svelte.ts'
import { preferences } from '../app/preferences.svelte.ts'
import { forgetIdentity, keepIdentity, keptIdentity, somebodyWasHere } from '../offline/kept-identity.ts'

export type Phase = 'starting' | 'unreachable' | 'setup' | 'signed-out' | 'signed-in'

interface SetupState { readonly needed: boolean, readonly organisation?: string }

let phase = $state<Phase>('starting')
let me = $state.raw<Me | null>(null)
let organisation = $state(localStorage.getItem('freshet.organisation') ?? 'Freshet')
/** Whether the sign-in page should say that a session ended. */
let expired = $state(false)
/** Who has left, or was shut out: what is theirs in this browser goes. */
let left = $state<string | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

/** Tells the other tabs of this browser. */
const tabs = new BroadcastChannel('freshet-session')
tabs.onmessage = () => { begin() }

export const session = {
  get phase () { return phase },
  get me () { return me },
  get organisation () { return organisation },
  get expired () { return expired },
  get left () { return left },
  may: (permission: string): boolean => me?.permissions.includes(permission) === true
}

/** Somebody who was here before waits so long for the server; then the client starts with what is kept. */
const patienceMs = 2_500
const againMs = 3_000
let again: ReturnType<typeof setTimeout> | undefined
/** Whether `me` is who was here last, and the server has not been reached yet. */
let provisional = false
onLine(() => { if (phase !== 'starting') begin() })

/** Finds out who is there: by the refresh cookie, else whether the first admin must still be made. */
export async function begin (): Promise<void> {
  clearTimeout(again)
  const tired = setTimeout(startOffline, patienceMs)
  try {
    // Where nobody was before there is no cookie to trade, and a refused request would stand in the console.
    if (somebodyWasHere() && await renew()) {
      if (phase === 'starting') askForPage()
      await enter()
    } else await showDoor()
    serverAnswers(true)
  } catch {
    startOffline()
    if (phase === 'starting') phase = 'unreachable'
    if (phase !== 'signed-in' || provisional) again = setTimeout(() => { begin() }, againMs)
  } finally {
    clearTimeout(tired)
  }
}

/** What the first page shows is asked for together with who sees it. */
function askForPage (): void {
  const { pathname } = location
  if (pathname === '/') askAhead('/home')
  else if (/^\/(albums|artists)\/[^/]+$/.test(pathname)) askAhead(pathname)
}

/** Who was here last is taken to be here: what is kept in this browser is theirs, and all else needs the server. */
function startOffline (): void {
  const last = phase === 'signed-in' ? null : keptIdentity()
  if (last === null) return
  me = last
  provisional = true
  presumeGrant()
  phase = 'signed-in'
  serverAnswers(false)
}

async function showDoor (): Promise<void> {
  const setup = await get<SetupState>('/setup')
  if (setup.organisation !== undefined) keepOrganisation(setup.organisation)
  if (me !== null || somebodyWasHere()) leave()
  phase = setup.needed ? 'setup' : 'signed-out'
}

async function enter (): Promise<void> {
  const former = me?.user.id ?? left
  await readMe()
  // What this page holds in its memory is the other person's: hearts, ratings, files on their way.
  if (former !== null && former !== me?.user.id) { location.reload(); return }
  provisional = false
  left = null
  expired = false
  phase = 'signed-in'
}

/** Signed artwork addresses end: read them again a minute before. */
async function readMe (): Promise<void> {
  const next = await get<Me>('/me')
  me = next
  preferences.adopt(next.preferences)
  keepIdentity(next)
  keepOrganisation(next.organisation)
  clearTimeout(timer)
  const leftMs = Date.parse(next.media.expiresAt) - Date.now()
  timer = setTimeout(() => { readMe().catch(() => undefined) }, Math.min(Math.max(30_000, leftMs - 60_000), 2 ** 31 - 1))
}

function keepOrganisation (name: string): void {
  organisation = name
  localStorage.setItem('freshet.organisation', name)
}

/** @throws ApiError INVALID_CREDENTIALS and others */
export async function signIn (username: string, password: string): Promise<void> {
  keepGrant(await post<Grant>('/session', { username, password }))
  await enter()
  tabs.postMessage('changed')
}

export interface FirstAdmin { readonly token: string, readonly username: string, readonly displayName: string, readonly password: string }

/** Makes the first account; its maker is signed in. */
export async function setUp (admin: FirstAdmin): Promise<void> {
  keepGrant(await post<Grant>('/setup', admin))
  await enter()
}

/** Changes the name that others see. @throws ApiError */
export async function renameMe (displayName: string): Promise<void> {
  const user = await request<User>('PATCH', '/me', { body: { displayName } })
  if (me !== null) me = { ...me, user }
}

/** @throws ApiError WRONG_PASSWORD, LAST_ADMIN and others */
export async function deleteAccount (password: string): Promise<void> {
  await request('DELETE', '/me', { body: { password } })
  preferences.forgetUnsent()
  leave()
  tabs.postMessage('changed')
}

export async function signOut (): Promise<void> {
  await request('DELETE', '/session')
  preferences.forgetUnsent()
  leave()
  tabs.postMessage('changed')
}

function leave (): void {
  left = me?.user.id ?? keptIdentity()?.user.id ?? null
  forgetIdentity()
  provisional = false
  forgetGrant()
  clearTimeout(timer)
  me = null
  phase = 'signed-out'
}

onSessionLost(() => {
  expired = phase === 'signed-in'
  leave()
})

/** Signed address of a cover, at least `size` pixels wide where there is one. */
export function artworkUrl (artwork: Artwork, size: number): string | null {
  if (me === null) return null
  const fitting = artwork.sizes.toSorted((a, b) => a - b).find((known) => known >= size) ?? Math.max(...artwork.sizes)
  return `${me.media.baseUrl}/${artwork.path}${fitting}.webp?${me.media.artworkQuery}`
}
