import { get } from '../app/api.ts'
import type { AlbumDetail, ArtistDetail, SearchResult } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { navigate } from '../app/router.svelte.ts'
import { notify } from '../app/notices.svelte.ts'
import { playLast, playTracks } from '../player/player.svelte.ts'

const answersPerKind = 12

export async function search (query: string, signal?: AbortSignal): Promise<SearchResult> {
  const options = { query: { q: query, limit: answersPerKind } }
  return await get<SearchResult>('/search', signal === undefined ? options : { ...options, signal })
}

/** Plays the best answer, or queues it: a track with the other tracks found, else a whole album, else an artist's best. */
export async function playTopHit (query: string, queue: boolean): Promise<void> {
  const text = query.trim()
  if (text === '') return
  try {
    const result = await search(text)
    const [track] = result.tracks
    const [album] = result.albums
    const [artist] = result.artists
    if (track !== undefined) hand(queue ? [track] : result.tracks, queue)
    else if (album !== undefined) hand((await get<AlbumDetail>(`/albums/${album.id}`)).discs.flatMap((disc) => disc.tracks), queue)
    else if (artist !== undefined) hand((await get<ArtistDetail>(`/artists/${artist.id}`)).topTracks, queue)
    else if (result.playlists[0] !== undefined) navigate(`/playlists/${result.playlists[0].id}`)
  } catch (error) {
    notify(faultText(error), { kind: 'fault' })
  }
}

function hand (tracks: Parameters<typeof playTracks>[0], queue: boolean): void {
  if (queue) playLast(tracks)
  else playTracks(tracks)
}
