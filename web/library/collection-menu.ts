import type { Album, Artist, Playlist, Track } from '../app/api-types.ts'
import { notify } from '../app/notices.svelte.ts'
import { navigate } from '../app/router.svelte.ts'
import { editItems } from '../elements/edit-items.ts'
import { type MenuItem, type MenuPoint, openMenu } from '../elements/menu.svelte.ts'
import { t } from '../messages/menus.ts'
import { panels } from '../player/panels.svelte.ts'
import { playLast, playNext, playTracks, shuffleTracks } from '../player/player.svelte.ts'
import { keepCollectionItems } from '../offline/keep-items.ts'
import { shareItem } from '../share/open-share.ts'
import { albumTracks, artistTracks, playlistTracks, type Tracks, withTracks } from './collections.ts'
import { isFavourite, toggleFavourite } from './favourites.svelte.ts'

/** What can be done with all tracks of something. */
function forAll (tracks: Tracks): MenuItem[] {
  const run = (act: (tracks: readonly Track[]) => void) => () => {
    withTracks(tracks, (found) => {
      if (found.length === 0) notify(t('menu.empty'))
      else act(found)
    })
  }
  return [
    { label: t('player.play'), run: run(playTracks) },
    { label: t('menu.shuffle'), run: run(shuffleTracks) },
    { label: t('player.play-next'), run: run(playNext) },
    { label: t('player.play-last'), run: run(playLast) },
    { label: t('playlist.add-to'), run: run((found) => { panels.adding = found }) }
  ]
}

export function openAlbumMenu (anchor: HTMLElement, album: Album, at?: MenuPoint): void {
  const favourite = isFavourite('album', album)
  openMenu(anchor, [
    ...forAll(albumTracks(album.id)),
    { label: t('track.favourite-item'), checked: favourite, toggles: true, group: 'keep', run: () => { toggleFavourite('album', album.id, album.title, favourite) } },
    ...[
      ...keepCollectionItems({ kind: 'album', refId: album.id, name: album.title, byline: album.artistCredit, artwork: album.artwork }),
      ...shareItem({ kind: 'album', id: album.id, name: album.title })
    ].map((item) => ({ group: 'keep', ...item })),
    ...editItems({ albumId: album.id }),
    { label: t('menu.open-album'), group: 'go', run: () => { navigate(`/albums/${album.id}`) } },
    ...album.artists.slice(0, 4).map(({ id, name }) => ({ label: t('track.to-artist', { name }), group: 'go', run: () => { navigate(`/artists/${id}`) } }))
  ], at)
}

export function openArtistMenu (anchor: HTMLElement, artist: Artist, at?: MenuPoint): void {
  const favourite = isFavourite('artist', artist)
  openMenu(anchor, [
    ...forAll(artistTracks(artist.id)),
    { label: t('track.favourite-item'), checked: favourite, toggles: true, group: 'keep', run: () => { toggleFavourite('artist', artist.id, artist.name, favourite) } },
    { label: t('menu.open-artist'), group: 'go', run: () => { navigate(`/artists/${artist.id}`) } }
  ], at)
}

export function openPlaylistMenu (anchor: HTMLElement, playlist: Playlist, at?: MenuPoint): void {
  openMenu(anchor, [
    ...forAll(playlistTracks(playlist.id)),
    ...[
      ...keepCollectionItems({ kind: 'playlist', refId: playlist.id, name: playlist.name, byline: playlist.owner.displayName, artwork: null }),
      ...playlist.mine ? shareItem({ kind: 'playlist', id: playlist.id, name: playlist.name }) : []
    ].map((item) => ({ group: 'keep', ...item })),
    { label: t('menu.open-playlist'), group: 'go', run: () => { navigate(`/playlists/${playlist.id}`) } }
  ], at)
}
