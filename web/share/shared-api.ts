import type { SharedPage, SharedStream } from '../../src/sharing/schemas.ts'
import type { SignedStream } from '../player/stream.ts'

/** The link has ended, or there never was one. */
export class EndedError extends Error {}

/** What a link shares. @throws EndedError, or the fault of a line that is down */
export async function readShared (token: string): Promise<SharedPage> {
  return await read<SharedPage>(`/api/shared/${token}`)
}

/** A signed address of one of its tracks. @throws as readShared */
export async function signShared (token: string, trackId: string): Promise<SignedStream> {
  const stream = await read<SharedStream>(`/api/shared/${token}/tracks/${trackId}/stream`)
  return { ...stream, index: null, trackId, signedAtMs: Date.now() }
}

/** Counts a play; one that can’t be told is no matter to the listener. */
export function tellSharedPlay (token: string, play: { readonly id: string, readonly trackId: string, readonly playedMs: number }): void {
  const { id, trackId, playedMs } = play
  fetch(`/api/shared/${token}/plays`, { method: 'POST', keepalive: true, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id, trackId, playedMs }) }).catch(() => undefined)
}

async function read<T> (path: string): Promise<T> {
  const response = await fetch(path, { credentials: 'omit', headers: { accept: 'application/json' } })
  if (response.status === 404) throw new EndedError(`${path} has ended`)
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return await response.json() as T
}
