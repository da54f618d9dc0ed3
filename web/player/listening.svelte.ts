import { faultText } from '../app/faults.ts'
import { lazy } from '../app/lazy.ts'
import { notify } from '../app/notices.svelte.ts'
import type * as PlayerModule from './player.svelte.ts'

type Player = typeof PlayerModule

/**
 * The player as pages see it that are shown before it is there. It is fetched once the first page stands, with its
 * queue and its sound, and whoever presses play sooner waits for it.
 */
let arrived = $state.raw<Player | null>(null)
let arrival: Promise<Player> | null = null

export const listening = {
  get track () { return arrived?.player.track },
  get status () { return arrived?.player.status ?? 'idle' },
  get active () { return arrived?.player.active === true }
}

async function fetchPlayer (): Promise<Player> {
  arrival ??= lazy(() => import('./player.svelte.ts')).then((player) => { arrived = player; return player }, (error: unknown) => { arrival = null; throw error })
  return await arrival
}

/** At once where the player is there: a browser lets sound begin only within the press of a button. */
function request (act: (player: Player) => unknown): void {
  if (arrived !== null) act(arrived)
  else fetchPlayer().then(act).catch((error: unknown) => { notify(faultText(error), { kind: 'fault' }) })
}

/** Brings the player with the queue of this user; returns the undoing, for when somebody signs out. */
export function startListening (userId: string): () => void {
  let left = false
  request((player) => { if (!left) player.openPlayer(userId) })
  return () => {
    left = true
    arrived?.closePlayer()
  }
}

export function playTracks (...given: Parameters<Player['playTracks']>): void { request((player) => { player.playTracks(...given) }) }
export function playLast (...given: Parameters<Player['playLast']>): void { request((player) => { player.playLast(...given) }) }
export function resume (): void { request((player) => { player.resume() }) }
