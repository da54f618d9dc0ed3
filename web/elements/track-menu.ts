import type { Track } from '../app/api-types.ts'
import { overlays } from '../app/overlays.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { keepItems } from '../offline/keep-items.ts'
import { favouriteAll, isFavourite, toggleFavourite } from '../library/favourites.svelte.ts'
import { t } from '../messages/menus.ts'
import { panels } from '../player/panels.svelte.ts'
import { playLast, playNext, playTracks } from '../player/player.svelte.ts'
import { shareItem } from '../share/open-share.ts'
import { editItems } from './edit-items.ts'
import { type MenuItem, type MenuPoint, openMenu } from './menu.svelte.ts'

export interface TrackMenuOptions {
  readonly at?: MenuPoint | undefined
  /** Plays it with the list it stands in; by itself where there is none. */
  readonly play?: (() => void) | undefined
  /** Begins to choose rows. */
  readonly select?: (() => void) | undefined
  /** The list's own actions; they stand last. */
  readonly extra?: readonly MenuItem[]
}

/** The actions of one track or of several. */
export function openTrackMenu (anchor: HTMLElement, tracks: readonly Track[], { at, play, select, extra = [] }: TrackMenuOptions = {}): void {
  const [first] = tracks
  if (first === undefined) return
  openMenu(anchor, [
    { label: t('player.play'), run: play ?? (() => { playTracks(tracks) }) },
    { label: t('player.play-next'), run: () => { playNext(tracks) } },
    { label: t('player.play-last'), run: () => { playLast(tracks) } },
    { label: t('playlist.add-to'), run: () => { panels.adding = tracks } },
    ...(tracks.length === 1 ? ofOne(first) : ofMany(tracks)).map((item) => ({ group: 'keep', ...item })),
    ...editItems({ trackIds: tracks.map(({ id }) => id) }),
    ...select === undefined || tracks.length > 1 ? [] : [{ label: t('selection.begin'), group: 'list', run: select }],
    ...extra.map((item) => ({ group: 'list', ...item }))
  ], at)
}

function ofOne (track: Track): MenuItem[] {
  const favourite = isFavourite('track', track)
  return [
    { label: t('track.favourite-item'), checked: favourite, toggles: true, run: () => { toggleFavourite('track', track.id, track.title, favourite) } },
    { label: t('rating.open'), run: () => { overlays.rating = [track] } },
    ...shareItem({ kind: 'track', id: track.id, name: track.title }),
    ...keepItems(track),
    { label: t('track.to-album'), group: 'go', run: () => { navigate(`/albums/${track.album.id}`) } },
    ...track.artists.slice(0, 4).map(({ id, name }) => ({ label: t('track.to-artist', { name }), group: 'go', run: () => { navigate(`/artists/${id}`) } }))
  ]
}

function ofMany (tracks: readonly Track[]): MenuItem[] {
  return [
    { label: t('favourite.all'), run: () => { favouriteAll(tracks, (count) => t('favourite.all-added', { count })) } },
    { label: t('rating.open'), run: () => { overlays.rating = tracks } }
  ]
}
