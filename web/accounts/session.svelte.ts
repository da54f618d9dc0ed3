import { forgetGrant, keepGrant, onSessionLost, renew } from '../app/access-token.ts'
import { get, post, request } from '../app/api.ts'
import type { Artwork, Grant, Me } from '../app/api-types.ts'

export type Phase = 'starting' | 'unreachable' | 'setup' | 'signed-out' | 'signed-in'

interface SetupState { readonly needed: boolean, readonly organisation?: string }

let phase = $state<Phase>('starting')
let me = $state.raw<Me | null>(null)
let organisation = $state(localStorage.getItem('freshet.organisation') ?? 'Freshet')
/** Whether the sign-in page should say that a session ended. */
let expired = $state(false)
let timer: ReturnType<typeof setTimeout> | undefined

/** Tells the other tabs of this browser. */
const tabs = new BroadcastChannel('freshet-session')
tabs.onmessage = () => { begin() }

export const session = {
  get phase () { return phase },
  get me () { return me },
  get organisation () { return organisation },
  get expired () { return expired },
  may: (permission: string): boolean => me?.permissions.includes(permission) === true
}

/** Finds out who is there: by the refresh cookie, else whether the first admin must still be made. */
export async function begin (): Promise<void> {
  try {
    if (await renew()) await enter()
    else await showDoor()
  } catch {
    if (phase !== 'signed-in') {
      phase = 'unreachable'
      setTimeout(() => { begin() }, 2_000)
    }
  }
}

async function showDoor (): Promise<void> {
  const setup = await get<SetupState>('/setup')
  if (setup.organisation !== undefined) keepOrganisation(setup.organisation)
  me = null
  phase = setup.needed ? 'setup' : 'signed-out'
}

async function enter (): Promise<void> {
  await readMe()
  expired = false
  phase = 'signed-in'
}

/** Signed artwork addresses end: read them again a minute before. */
async function readMe (): Promise<void> {
  const next = await get<Me>('/me')
  me = next
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

export async function signOut (): Promise<void> {
  await request('DELETE', '/session')
  leave()
  tabs.postMessage('changed')
}

function leave (): void {
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
