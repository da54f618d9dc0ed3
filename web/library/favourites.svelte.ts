import { ApiError, get, request } from '../app/api.ts'
import type { Track } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { t } from '../messages/messages.ts'

export type FavouriteKind = 'track' | 'album' | 'artist'

interface Thing { readonly kind: FavouriteKind, readonly id: string }
/** What the server is being told of a thing: the last press counts. */
interface Wish { on: boolean, presses: number, told: Promise<boolean> | null }

/** What was changed since the lists on the page were read. */
let changed = $state.raw<Readonly<Record<string, boolean>>>({})
const wishes = new Map<string, Wish>()

const keyOf = ({ kind, id }: Thing): string => `${kind}:${id}`

export function isFavourite (kind: FavouriteKind, thing: { readonly id: string, readonly favourite: boolean }): boolean {
  return changed[`${kind}:${thing.id}`] ?? thing.favourite
}

/** Changes it at once; takes it back where the server refuses. */
export function toggleFavourite (kind: FavouriteKind, id: string, name: string, was: boolean): void {
  notify(t(was ? 'favourite.removed' : 'favourite.added', { name }))
  set({ kind, id }, !was)
}

/** Makes favourites of all tracks that are none yet. */
export async function favouriteAll (tracks: readonly Track[], tell: (count: number) => string): Promise<void> {
  const left = tracks.filter((track) => !isFavourite('track', track)).map(({ id }) => ({ kind: 'track', id }) as const)
  show(left, true)
  for (const [at, thing] of left.entries()) {
    // Somebody may have pressed its heart meanwhile.
    if (changed[keyOf(thing)] !== true || await set(thing, true)) continue
    show(left.slice(at + 1), false)
    return
  }
  notify(tell(tracks.length))
}

function show (things: readonly Thing[], on: boolean): void {
  changed = { ...changed, ...Object.fromEntries(things.map((thing) => [keyOf(thing), on])) }
}

/**
 * The heart changes at once. The server hears of one press at a time, so that answers can’t change places, and of the
 * last one in any case. @returns whether it is as it was wished; where not, the reader is told and the heart is what the server has
 */
async function set (thing: Thing, on: boolean): Promise<boolean> {
  show([thing], on)
  const wish = wishes.get(keyOf(thing)) ?? { on, presses: 0, told: null }
  wish.on = on
  wish.presses += 1
  wish.told ??= tellServer(thing, wish)
  return await wish.told
}

async function tellServer (thing: Thing, wish: Wish): Promise<boolean> {
  wishes.set(keyOf(thing), wish)
  let known = !wish.on
  let fault: unknown = null
  for (let has: boolean | undefined = known; has !== wish.on && fault === null;) {
    const { on, presses } = wish
    try {
      await request(on ? 'PUT' : 'DELETE', `/favorites/${thing.kind}/${thing.id}`)
      has = known = on
    } catch (error) {
      has = await ask(thing, error, has)
      if (wish.presses === presses && has !== on) fault = error
    }
    if (fault !== null) show([thing], has ?? known)
  }
  wishes.delete(keyOf(thing))
  if (fault !== null) notify(faultText(fault), { kind: 'fault' })
  return fault === null
}

/** What the server has after a fault: of an answer that was lost nobody knows without asking. undefined: nobody can tell. */
async function ask ({ kind, id }: Thing, error: unknown, before: boolean | undefined): Promise<boolean | undefined> {
  if (error instanceof ApiError && error.status < 500) return before
  return await get<{ readonly favourite: boolean }>(`/${kind}s/${id}`).then(({ favourite }) => favourite, () => undefined)
}
