import { untrack } from 'svelte'
import { session } from '../accounts/session.svelte.ts'
import { get, isAbort, type RequestOptions } from './api.ts'
import type { Page } from './api-types.ts'
import { keepList, type ListSoFar, takeList } from './kept-lists.ts'
import { place } from './router.svelte.ts'

/** A list that grows page by page as the reader nears its end. */
export interface Pages<T> {
  readonly items: readonly T[]
  readonly state: 'loading' | 'ready' | 'failed'
  readonly done: boolean
  readonly error: unknown
  more (): void
  /** Reads on until so many rows are there, or no more come. Rejects where it can't be read. */
  readOn (rows: number): Promise<void>
  /** Reads again from the start. */
  reload (): void
  /** Reads again as far as it was read; until that is there, what is shown stands. Rejects where it can't be read. */
  refresh (signal?: AbortSignal): Promise<void>
  /** Changes what is shown, ahead of the server or after it. */
  change (edit: (items: readonly T[]) => readonly T[]): void
}

/** The first page stands soon; who scrolls on waits for half as many answers. */
const firstPageSize = 100
const pageSize = 200

interface Source { readonly path: string, readonly query?: RequestOptions['query'] }

/** The list as it is shown now. */
class Shown<T> {
  items = $state.raw<readonly T[]>([])
  state = $state<'loading' | 'ready' | 'failed'>('loading')
  cursor = $state.raw<string | null>(null)
  error = $state.raw<unknown>()
}

async function readPage<T> ({ path, query }: Source, cursor: string | null, signal: AbortSignal): Promise<Page<T>> {
  return await get<Page<T>>(path, { query: { limit: cursor === null ? firstPageSize : pageSize, ...query, cursor }, signal })
}

/** @returns whether the next page could be read */
async function read<T> (shown: Shown<T>, from: Source, signal: AbortSignal): Promise<boolean> {
  const after = shown.cursor
  try {
    const page = await readPage<T>(from, after, signal)
    if (signal.aborted) return false
    // Behind what stands there by now: a row that was taken out meanwhile stays out. A list that was read again has
    // another end; whoever comes near it asks for more.
    if (after === null) shown.items = page.items
    else if (after === shown.cursor) shown.items = [...shown.items, ...page.items]
    if (after === shown.cursor) shown.cursor = page.nextCursor
    shown.state = 'ready'
    return true
  } catch (fault) {
    if (signal.aborted || isAbort(fault)) return false
    shown.error = fault
    shown.state = 'failed'
    return false
  }
}

/** From the start as far as it was read before; what stands there meanwhile stays where it can't be read. */
async function readAgain<T> (shown: Shown<T>, from: Source, signal: AbortSignal): Promise<void> {
  const rows = shown.items.length
  let list: ListSoFar<T> = { items: [], cursor: null }
  do {
    const page = await readPage<T>(from, list.cursor, signal)
    list = { items: [...list.items, ...page.items], cursor: page.nextCursor }
  } while (list.items.length < rows && list.cursor !== null)
  if (!signal.aborted) Object.assign(shown, list)
}

/**
 * `source` reads its reactive inputs; a change starts anew. With `keep`, who goes back to the page finds the list as far
 * as it was read. Call while a component initialises.
 */
export function pages<T> (source: () => Source, { keep = false } = {}): Pages<T> {
  const shown = new Shown<T>()
  let round = $state(0)
  let controller = new AbortController()
  let from = source()
  let returning = keep
  let readRound = 0

  $effect(() => {
    from = source()
    const again = round !== readRound
    readRound = round
    controller = new AbortController()
    const key = untrack(() => `${session.me?.user.id ?? ''} ${place.key} ${JSON.stringify(from)}`)
    const kept = returning ? takeList<T>(key) : undefined
    returning = false
    // Read again, what is shown stands until the answer comes: the reader keeps their place.
    if (again) shown.cursor = null
    else Object.assign(shown, kept?.list ?? { items: [], cursor: null })
    shown.state = kept === undefined ? 'loading' : 'ready'
    // Not the cursor's changes: only a new source starts anew.
    untrack(() => {
      if (kept === undefined) read(shown, from, controller.signal)
      else if (kept.stale) readAgain(shown, from, controller.signal).catch(() => undefined)
    })
    return () => {
      controller.abort()
      if (keep && shown.items.length > 0) keepList(key, { items: shown.items, cursor: shown.cursor })
    }
  })

  return {
    get items () { return shown.items },
    get state () { return shown.state },
    get done () { return shown.state === 'ready' && shown.cursor === null },
    get error () { return shown.error },
    more () {
      if (shown.state === 'loading' || (shown.state === 'ready' && shown.cursor === null)) return
      shown.state = 'loading'
      read(shown, from, controller.signal)
    },
    async readOn (rows) {
      const { signal } = controller
      while (shown.cursor !== null && shown.items.length < rows && !signal.aborted) {
        shown.state = 'loading'
        if (!await read(shown, from, signal) && !signal.aborted) throw shown.error
      }
    },
    reload () { round += 1 },
    async refresh (signal) {
      if (shown.state === 'ready') await readAgain(shown, from, signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]))
      else round += 1
    },
    change (edit) { shown.items = edit(shown.items) }
  }
}
