import type { Track } from './api-types.ts'

/** Music that is being dragged; what an album or a playlist holds is read only where it is dropped. */
export interface Dragged { readonly label: string, tracks (): Promise<readonly Track[]> }

let palette = $state(false)
let rating = $state.raw<readonly Track[] | null>(null)
let dragged = $state.raw<Dragged | null>(null)
let early = ''
let earlyEnter = false

/** What stands over the page now and then; its code is fetched with the first of it. */
export const overlays = {
  get any () { return palette || rating !== null || dragged !== null },
  get palette () { return palette },
  /** Tracks that are being rated. */
  get rating () { return rating },
  set rating (tracks) { rating = tracks },
  get dragged () { return dragged },
  set dragged (music) { dragged = music }
}

/** Opens the palette; what is typed before its code has come is kept for it. */
export function openPalette (): void {
  if (palette) return
  palette = true
  early = ''
  earlyEnter = false
  addEventListener('keydown', keepEarly, true)
}

/** The palette is there: what was typed ahead of it, and whether Enter was pressed after it. */
export function takeEarly (): { readonly text: string, readonly enter: boolean } {
  removeEventListener('keydown', keepEarly, true)
  return { text: early, enter: earlyEnter }
}

export function closePalette (): void {
  takeEarly()
  palette = false
}

function keepEarly (event: KeyboardEvent): void {
  if (event.key === 'Escape') closePalette()
  else if (event.key === 'Enter') earlyEnter = true
  else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) early += event.key
  else return
  event.preventDefault()
  event.stopPropagation()
}
