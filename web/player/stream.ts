import { get } from '../app/api.ts'
import type { Stream } from '../app/api-types.ts'

type Format = 'aac' | 'flac' | 'original'

/** A signed address and when it was given, by this machine's clock. */
export interface SignedStream extends Stream { readonly signedAtMs: number, readonly trackId: string }

/** Signed addresses are renewed once this much of their life has passed. */
const freshShare = 0.8

/** Kbit/s to ask for at most where the reader saves data. */
const savingKbps = 96
const fullKbps = 256

/** Asks for a signed address of the rendition that this browser plays best. */
export async function signStream (trackId: string, signal: AbortSignal): Promise<SignedStream> {
  const query = { format: playableFormat(), maxBitrateKbps: savesData() ? savingKbps : fullKbps }
  const stream = await get<Stream>(`/tracks/${trackId}/stream`, { query, signal })
  return { ...stream, trackId, signedAtMs: Date.now() }
}

export function isFresh (stream: SignedStream, nowMs: number): boolean {
  const lifeMs = Date.parse(stream.expiresAt) - stream.signedAtMs
  return nowMs < stream.signedAtMs + lifeMs * freshShare
}

function playableFormat (): Format {
  const plays = (type: string): boolean => document.createElement('audio').canPlayType(type) !== ''
  if (plays('audio/mp4; codecs="mp4a.40.2"')) return 'aac'
  return plays('audio/mp4; codecs="flac"') ? 'flac' : 'original'
}

function savesData (): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean, effectiveType?: string } }
  return connection?.saveData === true || /2g/.test(connection?.effectiveType ?? '')
}
