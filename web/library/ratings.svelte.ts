import { request } from '../app/api.ts'
import type { Track } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { t } from '../messages/menus.ts'

/** What was changed since the lists on the page were read. */
let changed = $state.raw<Readonly<Record<string, number | null>>>({})

export function ratingOf (track: Pick<Track, 'id' | 'rating'>): number | null {
  return changed[track.id] ?? (track.id in changed ? null : track.rating)
}

/** One to five stars, or null to take the rating back. Changes at once; where the server refuses, the rest goes back. */
export async function rate (tracks: readonly Track[], stars: number | null): Promise<void> {
  const before = tracks.map((track) => [track.id, ratingOf(track)] as const)
  changed = { ...changed, ...Object.fromEntries(tracks.map(({ id }) => [id, stars])) }
  try {
    for (const [id] of [...before]) {
      if (stars === null) await request('DELETE', `/tracks/${id}/rating`)
      else await request('PUT', `/tracks/${id}/rating`, { body: { stars } })
      before.shift()
    }
    notify(stars === null ? t('rating.removed') : t('rating.set', { count: stars }))
  } catch (error) {
    changed = { ...changed, ...Object.fromEntries(before) }
    notify(faultText(error), { kind: 'fault' })
  }
}
