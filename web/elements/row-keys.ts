import { tick } from 'svelte'
import type { Selection } from './selection.svelte.ts'

type RowKey = KeyboardEvent & { currentTarget: HTMLElement }

/**
 * Keys in a row of tracks: the arrows go from row to row, with Shift they choose as they go; Ctrl or Cmd with A chooses
 * all, with the space bar this row; Escape lets go.
 */
export async function onRowKey (event: RowKey, selection: Selection | undefined, key: string): Promise<void> {
  const row = event.altKey ? undefined : pressed(event, selection, key)
  if (row === undefined) return
  event.preventDefault()
  // Where rows are being chosen a box stands in the place of the button, as soon as the page has changed.
  await tick()
  row.querySelector<HTMLElement>('.play, .box')?.focus()
}

/** The row that takes the focus, or undefined for a key that isn't ours. */
function pressed (event: RowKey, selection: Selection | undefined, key: string): HTMLElement | undefined {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (step === undefined) return selection !== undefined && selected(event, selection, key) ? event.currentTarget : undefined
  if (event.ctrlKey || event.metaKey) return undefined
  const rows = [...event.currentTarget.closest('main')?.querySelectorAll<HTMLElement>('[data-row]') ?? []]
  const next = rows[rows.indexOf(event.currentTarget) + step]
  return event.shiftKey ? extended(next ?? event.currentTarget, selection, key) : next
}

function extended (to: HTMLElement, selection: Selection | undefined, key: string): HTMLElement | undefined {
  if (selection === undefined) return undefined
  if (selection.size === 0) selection.extendTo(key)
  selection.extendTo(to.dataset.row ?? key)
  return to
}

function selected (event: RowKey, selection: Selection, key: string): boolean {
  const commanded = event.ctrlKey || event.metaKey
  if (commanded && event.key.toLowerCase() === 'a') selection.all()
  else if (commanded && event.key === ' ') {
    if (!event.repeat) selection.toggle(key)
  } else if (event.key === 'Escape' && selection.size > 0) selection.clear()
  else return false
  return true
}
