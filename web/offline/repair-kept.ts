import { chunkBytes, type KeptTrack, readAllChunkKeys, readTracks, writeTrack } from './kept-database.ts'

/** Tracks that were whole and have lost pieces are kept anew from where they are: what is shown as kept must play. Returns them. */
export async function repairKept (userId: string): Promise<readonly KeptTrack[]> {
  const here = new Map<string, number[]>()
  for (const [trackId, index] of await readAllChunkKeys(userId)) here.set(trackId, [...here.get(trackId) ?? [], index])
  const broken = (await readTracks(userId)).filter(({ id, complete, totalBytes }) => complete && here.get(id)?.length !== Math.ceil(totalBytes / chunkBytes))
  for (const track of broken) {
    const keptBytes = (here.get(track.id) ?? []).reduce((sum, index) => sum + Math.min(chunkBytes, track.totalBytes - index * chunkBytes), 0)
    await writeTrack(userId, { ...track, keptBytes, complete: false })
  }
  return broken
}
