import { isFavourite, toggleFavourite } from '../library/favourites.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { panels } from './panels.svelte.ts'
import { cycleRepeat, player, seekTo, setVolume, skipBack, skipForward, toggleMute, togglePlay, toggleShuffle } from './player.svelte.ts'

const stepSeconds = 5
const kept = 'freshet.keys'
let enabled = $state(localStorage.getItem(kept) !== 'off')

export const keys = {
  get enabled () { return enabled },
  set enabled (on) {
    enabled = on
    localStorage.setItem(kept, on ? 'on' : 'off')
  }
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
  '/': focusSearch,
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
  const run = commanded ? searchKey(event) : actionOf(event)
  if (run === undefined) return
  event.preventDefault()
  run()
}

function searchKey (event: KeyboardEvent): (() => void) | undefined {
  return event.key.toLowerCase() === 'k' ? focusSearch : undefined
}

function actionOf (event: KeyboardEvent): (() => void) | undefined {
  if (!enabled || event.defaultPrevented || event.altKey || isTaken(event)) return undefined
  if (/^[0-9]$/.test(event.key)) return () => { seekTo(player.durationSeconds * Number(event.key) / 10) }
  return (event.shiftKey ? shifted : plain)[event.key]
}

/** Fields take every key; controls take those that work them; a dialog keeps its own. */
function isTaken (event: KeyboardEvent): boolean {
  const target = event.target
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=range])')) return true
  if (target.closest('dialog:not([data-player]), [role=menu]') !== null) return true
  if (event.key === ' ') return target.matches('button, a, summary, input, [role=button], [role=tab]')
  return event.key.startsWith('Arrow') && target.closest('input[type=range], [role=tablist], [data-arrows]') !== null
}

function focusSearch (): void {
  const field = document.querySelector<HTMLInputElement>('header input[type=search]')
  if (field !== null && field.offsetParent !== null) {
    field.focus()
    field.select()
  } else navigate('/search')
}

function likePlaying (): void {
  const track = player.track
  if (track !== undefined) toggleFavourite('track', track.id, track.title, isFavourite('track', track))
}
