import { get } from '../app/api.ts'
import type { Track } from '../app/api-types.ts'
import { albumTracks, playlistTracks } from '../library/collections.ts'
import type { KeptKind } from './kept-database.ts'

/** The tracks that an album, a playlist or a track has now, in order. @throws ApiError, UnreachableError */
export async function tracksNow (kind: KeptKind, refId: string): Promise<readonly Track[]> {
  if (kind === 'track') return [await get<Track>(`/tracks/${refId}`)]
  return await (kind === 'album' ? albumTracks(refId) : playlistTracks(refId))()
}
