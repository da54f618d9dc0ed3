import { request } from '../app/api.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { t } from '../messages/messages.ts'

export type FavouriteKind = 'track' | 'album' | 'artist'

/** What was changed since the lists on the page were read. */
let changed = $state.raw<Readonly<Record<string, boolean>>>({})

export function isFavourite (kind: FavouriteKind, thing: { readonly id: string, readonly favourite: boolean }): boolean {
  return changed[`${kind}:${thing.id}`] ?? thing.favourite
}

/** Changes it at once; takes it back where the server refuses. */
export function toggleFavourite (kind: FavouriteKind, id: string, name: string, was: boolean): void {
  const key = `${kind}:${id}`
  changed = { ...changed, [key]: !was }
  notify(t(was ? 'favourite.removed' : 'favourite.added', { name }))
  request(was ? 'DELETE' : 'PUT', `/favorites/${kind}/${id}`).catch((error: unknown) => {
    changed = { ...changed, [key]: was }
    notify(faultText(error), { kind: 'fault' })
  })
}
