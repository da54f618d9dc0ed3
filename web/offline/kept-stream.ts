import { session } from '../accounts/session.svelte.ts'
import type { SignedStream } from '../player/stream.ts'
import { keptAudioPath, keptWaveformPath } from './kept-addresses.ts'
import { chunkBytes, readChunkIndexes, readTrack } from './kept-database.ts'
import { keepsAnything } from './kept-list.ts'

/** What is here needs no new address: far enough away for any comparison. */
const neverExpires = '2999-01-01T00:00:00.000Z'

/** The track as it is kept in this browser, at an address that needs no server; null, at once where nothing is kept, where it isn't kept whole. */
export function keptStream (trackId: string): Promise<SignedStream | null> | null {
  const userId = session.me?.user.id
  if (userId === undefined || !keepsAnything(userId) || !('serviceWorker' in navigator) || navigator.serviceWorker.controller === null) return null
  return readKept(userId, trackId)
}

async function readKept (userId: string, trackId: string): Promise<SignedStream | null> {
  // A browser that has closed or lost its store keeps nothing; the server has the song.
  const kept = await readTrack(userId, trackId).catch(() => undefined)
  if (kept?.stream == null || !kept.complete) return null
  const chunks = await readChunkIndexes(userId, trackId).catch(() => new Set())
  if (chunks.size !== Math.ceil(kept.totalBytes / chunkBytes)) return null
  return {
    ...kept.stream,
    trackId,
    url: keptAudioPath(userId, trackId),
    waveformUrl: kept.stream.waveformUrl === null ? null : keptWaveformPath(userId, trackId),
    expiresAt: neverExpires,
    signedAtMs: Date.now()
  }
}
