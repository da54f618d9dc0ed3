import type { Track } from '../app/api-types.ts'
import { navigate } from '../app/router.svelte.ts'
import { isFavourite, toggleFavourite } from '../library/favourites.svelte.ts'
import { t } from '../messages/messages.ts'
import { panels } from '../player/panels.svelte.ts'
import { playLast, playNext } from '../player/player.svelte.ts'
import { type MenuItem, openMenu } from './menu.svelte.ts'

/** The actions of a track; `extra` stand last, for the list it is in. */
export function openTrackMenu (anchor: HTMLElement, track: Track, extra: readonly MenuItem[] = []): void {
  const favourite = isFavourite('track', track)
  openMenu(anchor, [
    { label: t('player.play-next'), run: () => { playNext([track]) } },
    { label: t('player.play-last'), run: () => { playLast([track]) } },
    { label: t('playlist.add-to'), run: () => { panels.adding = [track] } },
    { label: t('track.favourite-item'), checked: favourite, run: () => { toggleFavourite('track', track.id, track.title, favourite) } },
    { label: t('track.to-album'), group: 'go', run: () => { navigate(`/albums/${track.album.id}`) } },
    ...track.artists.slice(0, 4).map(({ id, name }) => ({ label: t('track.to-artist', { name }), group: 'go', run: () => { navigate(`/artists/${id}`) } })),
    ...extra.map((item) => ({ ...item, group: 'here' }))
  ])
}
