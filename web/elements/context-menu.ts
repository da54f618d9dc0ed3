import type { MenuPoint } from './menu.svelte.ts'

const longPressMs = 500
/** A finger that wanders further scrolls, CSS pixels. */
const wanderPx = 10

/** Opens a menu beside `anchor`, or where it was asked for. */
export type OpenMenu = (anchor: HTMLElement, at: MenuPoint | undefined) => void

/** Who is listened for on the page as a whole: a list puts up hundreds of rows a second, each with a menu. */
const menus = new WeakMap<Element, OpenMenu>()
let listens = false
let timer: ReturnType<typeof setTimeout> | undefined
let pressedAt = { x: 0, y: 0 }
/** The click that ends a long press; where none comes, the next press counts again. */
let ending = new AbortController()

/**
 * Opens a row's menu by right click, the menu key, Shift+F10, and by a long press where the browser has no event for
 * it. The focus returns to the row's own menu button.
 */
export function contextMenu (open: OpenMenu): (row: HTMLElement) => () => void {
  return (row) => {
    listen()
    menus.set(row, open)
    return () => { menus.delete(row) }
  }
}

function listen (): void {
  if (listens) return
  listens = true
  document.addEventListener('contextmenu', onContextMenu)
  document.addEventListener('pointerdown', onPointerDown)
  document.addEventListener('pointermove', onPointerMove, { passive: true })
  for (const end of ['pointerup', 'pointercancel'] as const) document.addEventListener(end, stopWaiting)
}

/** The innermost row around a place that has a menu. */
function rowAround (target: EventTarget | null): HTMLElement | null {
  let element = target instanceof Element ? target : null
  while (element !== null && !menus.has(element)) element = element.parentElement
  return element instanceof HTMLElement ? element : null
}

function show (row: HTMLElement, at: MenuPoint | undefined): void {
  menus.get(row)?.(row.querySelector<HTMLElement>('[aria-haspopup=menu]') ?? row, at)
}

function stopWaiting (): void { clearTimeout(timer) }

function onContextMenu (event: MouseEvent): void {
  const row = rowAround(event.target)
  if (row === null) return
  stopWaiting()
  event.preventDefault()
  // By a key the browser names the middle of what has the focus: then it opens beside the button.
  const byPointer = !(event instanceof PointerEvent) || event.pointerType !== ''
  show(row, byPointer ? { x: event.clientX, y: event.clientY } : undefined)
}

function onPointerDown (event: PointerEvent): void {
  ending.abort()
  const row = event.pointerType === 'touch' ? rowAround(event.target) : null
  if (row === null) return
  stopWaiting()
  pressedAt = { x: event.clientX, y: event.clientY }
  timer = setTimeout(() => {
    ending = new AbortController()
    row.addEventListener('click', (click) => { click.preventDefault(); click.stopPropagation() }, { capture: true, once: true, signal: ending.signal })
    show(row, pressedAt)
  }, longPressMs)
}

function onPointerMove (event: PointerEvent): void {
  if (event.pointerType === 'touch' && Math.hypot(event.clientX - pressedAt.x, event.clientY - pressedAt.y) > wanderPx) stopWaiting()
}
