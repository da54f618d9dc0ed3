import type { Track } from '../app/api-types.ts'
import { announce } from '../app/notices.svelte.ts'
import { t } from '../messages/menus.ts'

export interface Selectable { readonly key: string, readonly track: Track }

/** Rows of a list that are chosen together. */
export interface Selection {
  readonly size: number
  /** Every row that is loaded is chosen, and the list goes on. */
  readonly partly: boolean
  has (key: string): boolean
  toggle (key: string): void
  /** From the row last chosen to this one. */
  extendTo (key: string): void
  /** The whole list, or so many of its first rows. */
  all (most?: number): void
  clear (): void
  /** In the order of the list. */
  chosen (): readonly Selectable[]
}

/** `entries` is the list as far as it is loaded; `isWhole`: there are no more. */
export function createSelection (entries: () => readonly Selectable[], isWhole: () => boolean = () => true): Selection {
  let keys = $state.raw<ReadonlySet<string>>(new Set())
  let anchor: string | null = null

  const partly = $derived(keys.size > 0 && !isWhole() && keys.size === entries().length)

  function choose (next: ReadonlySet<string>): void {
    keys = next
    announce(t(partly ? 'selection.count-loaded' : 'selection.count', { count: next.size }))
  }

  return {
    get size () { return keys.size },
    get partly () { return partly },
    has: (key) => keys.has(key),
    toggle (key) {
      anchor = key
      const next = new Set(keys)
      if (!next.delete(key)) next.add(key)
      choose(next)
    },
    extendTo (key) {
      const list = entries().map((entry) => entry.key)
      const [from, to] = [list.indexOf(anchor ?? key), list.indexOf(key)]
      anchor ??= key
      choose(new Set(list.slice(Math.min(from, to), Math.max(from, to) + 1)))
    },
    all (most) { choose(new Set(entries().slice(0, most).map(({ key }) => key))) },
    clear () {
      anchor = null
      if (keys.size > 0) choose(new Set())
    },
    chosen: () => entries().filter(({ key }) => keys.has(key))
  }
}
