import { faultText } from './faults.ts'
import { lazy } from './lazy.ts'
import { notify } from './notices.svelte.ts'

/** Fetches the part of the client that does what was pressed; says so where that, or what it does, fails. */
export async function withPart<T> (load: () => Promise<T>, act: (part: T) => unknown): Promise<void> {
  try {
    await act(await lazy(load))
  } catch (error) {
    notify(faultText(error), { kind: 'fault' })
  }
}
