import { get } from '../app/api.ts'
import type { AlbumDetail, Page, PlaylistItem, Track } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { playTracks } from '../player/listening.svelte.ts'

/** The tracks of something that isn't read yet. */
export type Tracks = () => Promise<readonly Track[]>

const pageSize = 200

/** 10,000 at most: a queue takes no more. */
const mostTracks = 10_000

export const albumTracks = (id: string): Tracks => async () => (await get<AlbumDetail>(`/albums/${id}`)).discs.flatMap((disc) => disc.tracks)
/** Of an artist, A–Z. */
export const artistTracks = (id: string): Tracks => async () => await allOf<Track>('/tracks', { artist: id })

export const playlistTracks = (id: string): Tracks => async () => (await allOf<PlaylistItem>(`/playlists/${id}/items`)).map(({ track }) => track)

/** A whole list, page by page. */
async function allOf<T> (path: string, query: Readonly<Record<string, string>> = {}): Promise<readonly T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null && items.length < mostTracks;) {
    const page: Page<T> = await get<Page<T>>(path, { query: { ...query, limit: pageSize, cursor } })
    items.push(...page.items)
    cursor = page.nextCursor
  }
  return items
}

/** Reads the tracks and hands them on; says so where it can't. */
export async function withTracks (tracks: Tracks, act: (tracks: readonly Track[]) => void): Promise<void> {
  try {
    act(await tracks())
  } catch (error) {
    notify(faultText(error), { kind: 'fault' })
  }
}

export async function playAlbum (id: string, fromTrackId?: string): Promise<void> {
  await withTracks(albumTracks(id), (tracks) => { playTracks(tracks, Math.max(0, tracks.findIndex((track) => track.id === fromTrackId))) })
}
