import { untrack } from 'svelte'
import { dependOn } from './depend-on.ts'
import { get, isAbort, type RequestOptions } from './api.ts'
import type { Page } from './api-types.ts'

/** A list that grows page by page as the reader nears its end. */
export interface Pages<T> {
  readonly items: readonly T[]
  readonly state: 'loading' | 'ready' | 'failed'
  readonly done: boolean
  readonly error: unknown
  more (): void
  /** Reads again from the start. */
  reload (): void
  /** Changes what is shown, ahead of the server or after it. */
  change (edit: (items: readonly T[]) => readonly T[]): void
}

const pageSize = 100

/** `source` reads its reactive inputs; a change starts anew. Call while a component initialises. */
export function pages<T> (source: () => { path: string, query?: RequestOptions['query'] }): Pages<T> {
  let items = $state.raw<readonly T[]>([])
  let state = $state<'loading' | 'ready' | 'failed'>('loading')
  let cursor = $state.raw<string | null>(null)
  let error = $state.raw<unknown>()
  let round = $state(0)
  let controller = new AbortController()
  let from = source()

  async function read (signal: AbortSignal): Promise<void> {
    try {
      const page = await get<Page<T>>(from.path, { query: { limit: pageSize, ...from.query, cursor }, signal })
      if (signal.aborted) return
      items = [...items, ...page.items]
      cursor = page.nextCursor
      state = 'ready'
    } catch (fault) {
      if (signal.aborted || isAbort(fault)) return
      error = fault
      state = 'failed'
    }
  }

  $effect(() => {
    dependOn(round)
    from = source()
    controller = new AbortController()
    items = []
    cursor = null
    state = 'loading'
    // Not the cursor's changes: only a new source starts anew.
    untrack(() => read(controller.signal))
    return () => { controller.abort() }
  })

  return {
    get items () { return items },
    get state () { return state },
    get done () { return state === 'ready' && cursor === null },
    get error () { return error },
    more () {
      if (state === 'loading' || (state === 'ready' && cursor === null)) return
      state = 'loading'
      read(controller.signal)
    },
    reload () { round += 1 },
    change (edit) { items = edit(items) }
  }
}
