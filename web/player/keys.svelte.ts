import { isFavourite, toggleFavourite } from '../library/favourites.svelte.ts'
import { preferences } from '../app/preferences.svelte.ts'
import { notices } from '../app/notices.svelte.ts'
import { openPalette } from '../app/overlays.svelte.ts'
import { place } from '../app/router.svelte.ts'
import { panels } from './panels.svelte.ts'
import { queueState, undoQueue } from './queue-state.svelte.ts'
import { cycleRepeat, player, seekTo, setVolume, skipBack, skipForward, toggleMute, togglePlay, toggleShuffle } from './player.svelte.ts'

const stepSeconds = 5

export const keys = {
  get enabled () { return preferences.current.singleKeys },
  set enabled (on) { preferences.set({ singleKeys: on }) }
}

const plain: Readonly<Record<string, () => void>> = {
  ' ': togglePlay,
  j: skipBack,
  k: skipForward,
  ArrowLeft: () => { seekTo(player.now() - stepSeconds) },
  ArrowRight: () => { seekTo(player.now() + stepSeconds) },
  m: toggleMute,
  l: likePlaying,
  s: toggleShuffle,
  r: cycleRepeat,
  q: () => { panels.queue = !panels.queue },
  '/': openPalette,
  '?': () => { panels.keys = true }
}
const shifted: Readonly<Record<string, () => void>> = {
  ArrowLeft: skipBack,
  ArrowRight: skipForward,
  ArrowUp: () => { setVolume(player.volume + 0.05) },
  ArrowDown: () => { setVolume(player.volume - 0.05) },
  '?': () => { panels.keys = true }
}

/** Listens for the player's keys. Returns the undoing. */
export function startKeys (): () => void {
  document.addEventListener('keydown', onKey)
  return () => { document.removeEventListener('keydown', onKey) }
}

function onKey (event: KeyboardEvent): void {
  const commanded = event.ctrlKey || event.metaKey
  const run = commanded ? commandOf(event) : actionOf(event)
  if (run === undefined) return
  event.preventDefault()
  // A key that is held moves on and on, and switches but once.
  if (!event.repeat || event.key.startsWith('Arrow')) run()
}

/** With Ctrl or Cmd: these are never switched off. */
function commandOf (event: KeyboardEvent): (() => void) | undefined {
  const key = event.key.toLowerCase()
  if (key === 'k') return openPalette
  return key === 'z' && !event.shiftKey && !isTyping(event.target) ? undoLast() : undefined
}

/** What the newest notice offers, so that nobody has to reach it in time, else the queue's last change; the tag editor steps back by itself. */
function undoLast (): (() => void) | undefined {
  if (place.path === '/studio/edit') return undefined
  const notice = notices.list.findLast(({ action }) => action !== undefined && action.leads !== true)
  if (notice?.action === undefined) return queueState.canUndo ? undoQueue : undefined
  const { run } = notice.action
  return () => { run(); notices.dismiss(notice.id) }
}

function isTyping (target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=range])'))
}

function actionOf (event: KeyboardEvent): (() => void) | undefined {
  if (!keys.enabled || event.defaultPrevented || event.altKey || isTaken(event)) return undefined
  if (/^[0-9]$/.test(event.key)) return () => { seekTo(player.durationSeconds * Number(event.key) / 10) }
  return (event.shiftKey ? shifted : plain)[event.key]
}

/** Fields take every key; controls take those that work them; a dialog keeps its own. */
function isTaken (event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (isTyping(target)) return true
  if (target.closest('dialog:not([data-player]), [role=menu]') !== null) return true
  if (event.key === ' ') return target.matches('button, a, summary, input, [role=button], [role=tab]')
  return event.key.startsWith('Arrow') && target.closest('input[type=range], [role=tablist], [data-arrows]') !== null
}

function likePlaying (): void {
  const track = player.track
  if (track !== undefined) toggleFavourite('track', track.id, track.title, isFavourite('track', track))
}
