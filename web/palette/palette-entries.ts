import { get } from '../app/api.ts'
import type { ArtistDetail, Artwork, SearchResult, Track } from '../app/api-types.ts'
import { navigate } from '../app/router.svelte.ts'
import { albumTracks, playlistTracks, withTracks } from '../library/collections.ts'
import { t } from '../messages/palette.ts'
import { playLast, playTracks } from '../player/player.svelte.ts'
import { findCommands } from './commands.ts'

/** One line of the palette. */
export interface Entry {
  readonly id: string
  readonly text: string
  readonly second?: string
  readonly artwork?: { readonly artwork: Artwork | null, readonly round: boolean }
  /** Enter. */
  run (): void
  /** Ctrl or Cmd and Enter; without it that is Enter too. */
  readonly queue?: () => void
}
export interface EntryGroup { readonly name: string, readonly entries: readonly Entry[] }

/** So many of each kind: the search page has the rest. */
const shownPerKind = 5
const shownCommands = 8

/** The answer to a search in groups, the commands that the words name after it. */
export function entryGroups (query: string, result: SearchResult): readonly EntryGroup[] {
  const groups: EntryGroup[] = [
    { name: t('palette.tracks'), entries: result.tracks.slice(0, shownPerKind).map((track, at) => trackEntry(track, result.tracks, at)) },
    {
      name: t('palette.albums'),
      entries: result.albums.slice(0, shownPerKind).map((album) => ({
        id: album.id, text: album.title, second: album.artistCredit, artwork: { artwork: album.artwork, round: false }, run: () => { navigate(`/albums/${album.id}`) }, queue: () => { withTracks(albumTracks(album.id), playLast) }
      }))
    },
    {
      name: t('palette.artists'),
      entries: result.artists.slice(0, shownPerKind).map((artist) => ({
        id: artist.id, text: artist.name, second: t('library.albums-count', { count: artist.albumCount }), artwork: { artwork: artist.artwork, round: true }, run: () => { navigate(`/artists/${artist.id}`) }, queue: () => { withTracks(best(artist.id), playLast) }
      }))
    },
    {
      name: t('nav.playlists'),
      entries: result.playlists.slice(0, shownPerKind).map((playlist) => ({
        id: playlist.id, text: playlist.name, second: t('library.tracks-count', { count: playlist.trackCount }), run: () => { navigate(`/playlists/${playlist.id}`) }, queue: () => { withTracks(playlistTracks(playlist.id), playLast) }
      }))
    },
    commandGroup(query)
  ]
  return groups.filter(({ entries }) => entries.length > 0)
}

export function commandGroup (query: string, most = shownCommands): EntryGroup {
  return { name: t('palette.commands'), entries: findCommands(query).slice(0, most).map((command, at) => ({ id: `command-${at}`, text: command.label, run: command.run })) }
}

function trackEntry (track: Track, all: readonly Track[], at: number): Entry {
  return {
    id: track.id,
    text: track.title,
    second: track.artistCredit,
    artwork: { artwork: track.album.artwork, round: false },
    run: () => { playTracks(all, at) },
    queue: () => { playLast([track]) }
  }
}

const best = (id: string) => async (): Promise<readonly Track[]> => (await get<ArtistDetail>(`/artists/${id}`)).topTracks
