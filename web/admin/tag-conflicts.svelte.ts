import { SvelteMap } from 'svelte/reactivity'
import { post } from '../app/api.ts'
import type { TagConflict } from '../app/api-types.ts'
import { type StudioMessageKey, t } from '../messages/studio.ts'

export type { TagConflict }

const askAfterMs = 600
const askedAtOnce = 1_000
const found = new SvelteMap<string, TagConflict>()
const wanted = new Set<string>()
const asked = new Set<string>()
let timer: ReturnType<typeof setTimeout> | undefined

const texts: Readonly<Record<string, StudioMessageKey>> = { 'no-artist': 'conflict.no-artist', 'no-number': 'conflict.no-number', 'same-number': 'conflict.same-number' }

export const conflictOf = (trackId: string | null): TagConflict | undefined => (trackId === null ? undefined : found.get(trackId))
export const conflictText = ({ kinds }: TagConflict): string => kinds.map((kind) => texts[kind]).filter((key) => key !== undefined).map((key) => t(key)).join(' ')

/** Asks, a little later and for many at once, which of these tracks have tags to settle; each is asked for once. */
export function askConflicts (trackIds: readonly string[]): void {
  for (const id of trackIds) if (!asked.has(id)) wanted.add(id)
  if (wanted.size > 0) timer ??= setTimeout(ask, askAfterMs)
}

/** After an edit: the track and those that shared its number. */
export function askConflictsAgain (trackId: string): void {
  for (const id of [trackId, ...found.keys()]) {
    asked.delete(id)
    wanted.add(id)
  }
  timer ??= setTimeout(ask, 0)
}

async function ask (): Promise<void> {
  timer = undefined
  const trackIds = [...wanted].slice(0, askedAtOnce)
  for (const id of trackIds) { wanted.delete(id); asked.add(id) }
  try {
    const { items } = await post<{ items: readonly TagConflict[] }>('/tracks/conflicts', { trackIds })
    for (const id of trackIds) found.delete(id)
    for (const conflict of items) found.set(conflict.trackId, conflict)
  } catch {
    // A hint and no more: asked once more with the next ones.
    for (const id of trackIds) { asked.delete(id); wanted.add(id) }
    return
  }
  if (wanted.size > 0) timer ??= setTimeout(ask, askAfterMs)
}
