import type { Dragged } from '../app/overlays.svelte.ts'

/** What other windows and programs see of dragged music. */
const plainText = 'text/plain'

interface Source { readonly music: () => Dragged, readonly put: (dragged: Dragged | null) => void }

/** Who is listened for on the page as a whole: a list puts up hundreds of rows a second. */
const sources = new WeakMap<EventTarget, Source>()
let listens = false

/** Lets music be dragged; `put` takes what is dragged, and null at its end. The same can be done by menu and dialog. */
export function dragSource (music: () => Dragged, put: (dragged: Dragged | null) => void): (element: HTMLElement) => () => void {
  return (element) => {
    listen()
    element.draggable = true
    sources.set(element, { music, put })
    return () => { sources.delete(element) }
  }
}

function listen (): void {
  if (listens) return
  listens = true
  document.addEventListener('dragstart', onDragStart)
  document.addEventListener('dragend', onDragEnd)
}

/** Of the innermost element around a place that can be dragged. */
function sourceAround (target: EventTarget | null): Source | undefined {
  const from = target instanceof Node && !(target instanceof Element) ? target.parentElement : target
  const element = from instanceof Element ? from.closest('[draggable=true]') : null
  return element === null ? undefined : sources.get(element)
}

function onDragStart (event: DragEvent): void {
  const source = sourceAround(event.target)
  if (source === undefined || event.dataTransfer === null) return
  const dragged = source.music()
  event.dataTransfer.effectAllowed = 'copy'
  event.dataTransfer.setData(plainText, dragged.label)
  // Chromium ends a drag whose page changes while it begins.
  setTimeout(() => { source.put(dragged) })
}

function onDragEnd (event: DragEvent): void {
  const source = sourceAround(event.target)
  if (source !== undefined) setTimeout(() => { source.put(null) })
}
