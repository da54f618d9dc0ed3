import { get } from '../app/api.ts'
import type { AlbumDetail, Track } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { notify } from '../app/notices.svelte.ts'
import { playLast, playTracks } from '../player/player.svelte.ts'

export async function playAlbum (id: string): Promise<void> {
  await withTracks(id, playTracks)
}

export async function queueAlbum (id: string): Promise<void> {
  await withTracks(id, playLast)
}

async function withTracks (id: string, act: (tracks: readonly Track[]) => void): Promise<void> {
  try {
    const album = await get<AlbumDetail>(`/albums/${id}`)
    act(album.discs.flatMap((disc) => disc.tracks))
  } catch (error) {
    notify(faultText(error), { kind: 'fault' })
  }
}
