import { announce } from '../app/notices.svelte.ts'
import { t } from '../messages/messages.ts'

export interface ReorderOptions {
  readonly count: () => number
  readonly nameOf: (index: number) => string
  readonly move: (from: number, to: number) => void
  /** The list whose rows are moved; all are equally high. */
  readonly list: () => HTMLElement | undefined
  readonly rowHeight: () => number
}

export interface Reorder {
  /** The row that is dragged and the place where it would land, or null. */
  readonly drag: { readonly from: number, readonly to: number } | null
  /** For the handle's pointerdown. */
  grab (event: PointerEvent, index: number): void
  /** For keydown in a row: Alt and an arrow move it. */
  key (event: KeyboardEvent, index: number): void
}

/** Scrolls while the pointer is this near to an edge, CSS pixels. */
const edge = 72

/** Rows change places by dragging a handle or by Alt and the arrow keys, and the new place is spoken. */
export function createReorder ({ count, nameOf, move, list, rowHeight }: ReorderOptions): Reorder {
  let drag = $state.raw<{ from: number, to: number } | null>(null)

  function settle (from: number, to: number): void {
    if (from === to || to < 0 || to >= count()) return
    const name = nameOf(from)
    move(from, to)
    announce(t('app.moved', { name, at: to + 1, count: count() }))
  }

  function placeAt (clientY: number): number {
    const top = list()?.getBoundingClientRect().top ?? 0
    return Math.min(count() - 1, Math.max(0, Math.floor((clientY - top) / rowHeight())))
  }

  function grab (event: PointerEvent, index: number): void {
    if (event.button !== 0) return
    event.preventDefault()
    drag = { from: index, to: index }
    const listening = new AbortController()
    const { signal } = listening
    addEventListener('pointermove', (moved) => {
      drag = { from: index, to: placeAt(moved.clientY) }
      if (moved.clientY < edge) scrollBy(0, -rowHeight() / 3)
      else if (moved.clientY > innerHeight - edge * 2) scrollBy(0, rowHeight() / 3)
    }, { signal })
    const end = (keep: boolean): void => {
      listening.abort()
      const to = drag?.to ?? index
      drag = null
      if (keep) settle(index, to)
    }
    addEventListener('pointerup', () => { end(true) }, { signal })
    addEventListener('pointercancel', () => { end(false) }, { signal })
    addEventListener('keydown', (pressed) => { if (pressed.key === 'Escape') end(false) }, { signal })
  }

  function key (event: KeyboardEvent, index: number): void {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    settle(index, index + (event.key === 'ArrowUp' ? -1 : 1))
  }

  return { get drag () { return drag }, grab, key }
}
