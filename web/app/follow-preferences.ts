import { get } from './api.ts'
import type { Me } from './api-types.ts'
import { onEvent } from './events.ts'
import { preferences } from './preferences.svelte.ts'

/** Takes over what the person chooses on another device. Returns what ends it. */
export function followPreferences (): () => void {
  return onEvent('preferences', () => {
    // Missed now, they come with the next visit.
    get<Me>('/me').then((me) => { preferences.adopt(me.preferences) }, () => undefined)
  })
}
