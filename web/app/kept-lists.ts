import { editsSoFar } from './edits.ts'

/** As far as a list was read. */
export interface ListSoFar<T> { readonly items: readonly T[], readonly cursor: string | null }

interface Kept { readonly list: ListSoFar<unknown>, readonly edits: number }

/** Rows of all lists together: some ten megabytes. */
const mostRows = 50_000

/** By the person, the place in the history and the list's address; the one left last at the end. */
const kept = new Map<string, Kept>()

/** Keeps a list that is left, for whoever goes back to it. */
export function keepList (key: string, list: ListSoFar<unknown>): void {
  kept.delete(key)
  kept.set(key, { list, edits: editsSoFar() })
  let rows = [...kept.values()].reduce((sum, { list: { items } }) => sum + items.length, 0)
  for (const [oldest, { list: { items } }] of kept) {
    if (rows <= mostRows || oldest === key) return
    kept.delete(oldest)
    rows -= items.length
  }
}

/** The list as it was left, and whether something was changed from this tab since. */
export function takeList<T> (key: string): { readonly list: ListSoFar<T>, readonly stale: boolean } | undefined {
  const found = kept.get(key)
  kept.delete(key)
  // What a key was kept with is what it is asked for with: the address says what the rows are.
  return found === undefined ? undefined : { list: found.list as ListSoFar<T>, stale: found.edits !== editsSoFar() }
}
