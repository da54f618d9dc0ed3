import { listening } from '../player/listening.svelte.ts'
import { shell } from './update.svelte.ts'

const checkEveryMs = 3_600_000

/** Somebody wants the new version, and music plays. */
let atPause = $state(false)
let asked = false
let begun = false

export const update = {
  get atPause () { return atPause },
  dismiss () { shell.waiting = null }
}

/** Keeps the client in the browser from now on, and finds out when there is a newer one. Call after the page stands. */
export async function keepShell (): Promise<void> {
  // Whoever signs in anew on this page finds it kept already.
  if (begun || !('serviceWorker' in navigator)) return
  begun = true
  const registration = await navigator.serviceWorker.register('/service-worker.js', { updateViaCache: 'none' })
  offer(registration)
  registration.addEventListener('updatefound', () => {
    const { installing } = registration
    installing?.addEventListener('statechange', () => { offer(registration) })
  })
  navigator.serviceWorker.addEventListener('controllerchange', () => { if (asked) location.reload() })
  setInterval(() => { registration.update().catch(() => undefined) }, checkEveryMs)
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') registration.update().catch(() => undefined) })
}

/** Only where one stands here already: the very first is no news. */
function offer (registration: ServiceWorkerRegistration): void {
  if (registration.waiting !== null && navigator.serviceWorker.controller !== null) shell.waiting = registration.waiting
}

/** Takes the new version: now, or at the next pause where music plays. */
export function takeUpdate (): void {
  atPause = listening.active
  if (!atPause) reload()
}

/** Call when the music has paused. */
export function paused (): void {
  if (atPause) reload()
}

function reload (): void {
  asked = true
  atPause = false
  shell.waiting?.postMessage('take-over')
}
