import { dependOn } from './depend-on.ts'
import { isAbort } from './api.ts'

export type ResourceState = 'loading' | 'slow' | 'ready' | 'failed'

/** Something read from the server for as long as a component shows it. */
export interface Resource<T> {
  readonly state: ResourceState
  readonly value: T | undefined
  readonly error: unknown
  retry (): void
  /** Puts a value that is newer than the server's answer. */
  set (value: T): void
}

/** After this long a reader is told that it takes longer than usual. */
const slowMs = 4_000

/**
 * Reads now and again whenever what `start` depends on changes; a stale answer is dropped and its request aborted.
 * `start` reads its reactive inputs at once and returns the request. Call while a component initialises.
 */
export function resource<T> (start: () => (signal: AbortSignal) => Promise<T>): Resource<T> {
  let state = $state<ResourceState>('loading')
  let value = $state.raw<T>()
  let error = $state.raw<unknown>()
  let round = $state(0)
  $effect(() => {
    dependOn(round)
    const read = start()
    const controller = new AbortController()
    state = 'loading'
    const slow = setTimeout(() => { state = 'slow' }, slowMs)
    read(controller.signal).then((answer) => {
      if (controller.signal.aborted) return
      value = answer
      state = 'ready'
    }, (fault: unknown) => {
      if (controller.signal.aborted || isAbort(fault)) return
      error = fault
      state = 'failed'
    }).finally(() => { clearTimeout(slow) })
    return () => { clearTimeout(slow); controller.abort() }
  })
  return {
    get state () { return state },
    get value () { return value },
    get error () { return error },
    retry () { round += 1 },
    set (next) { value = next; state = 'ready' }
  }
}
