import { ApiError, get, open, UnreachableError } from '../app/api.ts'
import type { Stream } from '../app/api-types.ts'
import { keptStream } from '../offline/kept-stream.ts'
import { readStreamHead, type StreamHead } from './stream-head.ts'

/** What the listener chose. auto: the sound may take less where the line is slow. */
export type Quality = 'auto' | 'saving' | 'high' | 'lossless'

type Format = 'aac' | 'flac' | 'original'

/** A signed address and when it was given, by this machine's clock. */
export interface SignedStream extends Stream {
  readonly signedAtMs: number
  readonly trackId: string
  /** The start of the file, where it was asked for with the address; read by one reader, once. */
  readonly head?: StreamHead
}

/** One version of a track. */
export interface Version {
  readonly format: Format
  /** Of AAC: the best up to here. */
  readonly maxBitrateKbps: number
}

/** Signed addresses are renewed once this much of their life has passed. */
const freshShare = 0.8

/** An answer that is not there after so long is asked for again. */
const answerMs = 8_000

/** Kbit/s to ask for at most where the reader saves data. */
const savingKbps = 96
const fullKbps = 256

/**
 * Asks for a signed address; what is kept in this browser needs none. A track without a lossless version comes as the best that it has.
 * @throws ApiError, UnreachableError, or the AbortError of `signal`
 */
export async function signStream (trackId: string, { format, maxBitrateKbps }: Version, signal: AbortSignal): Promise<SignedStream> {
  return await keptStream(trackId) ?? await signed(format, async (wanted) => {
    const stream = await get<Stream>(`/tracks/${trackId}/stream`, { query: { format: wanted, maxBitrateKbps }, signal })
    return { ...stream, trackId, signedAtMs: Date.now() }
  })
}

/**
 * The same with the start of the file, in one round trip; for the engine, which plays it as it comes.
 * @throws ApiError, UnreachableError, or the AbortError of `signal`
 */
export async function startStream (trackId: string, { format, maxBitrateKbps }: Version, signal: AbortSignal): Promise<SignedStream> {
  // No turn of the event loop before the request, where nothing is kept: it would go out after the pages are drawn anew.
  const kept = keptStream(trackId)
  if (kept !== null) {
    const stream = await kept
    if (stream !== null) return stream
  }
  return await signed(format, async (wanted) => await readStart(trackId, { format: wanted, maxBitrateKbps }, signal))
}

async function readStart (trackId: string, query: Version, signal: AbortSignal): Promise<SignedStream> {
  const stalled = new AbortController()
  const timer = setTimeout(() => { stalled.abort(new UnreachableError(new Error(`no answer for ${answerMs} ms`))) }, answerMs)
  try {
    const body = await open(`/tracks/${trackId}/start`, { query: { ...query }, signal: AbortSignal.any([signal, stalled.signal]) })
    const { stream, head } = await readStreamHead(body)
    return { ...stream, trackId, head, signedAtMs: Date.now() }
  } finally {
    clearTimeout(timer)
  }
}

async function signed (format: Format, ask: (wanted: Format) => Promise<SignedStream>): Promise<SignedStream> {
  try {
    return await ask(format)
  } catch (error) {
    if (format === 'flac' && error instanceof ApiError && error.code === 'RENDITION_UNAVAILABLE') return await ask(plays(aacType) ? 'aac' : 'original')
    throw error
  }
}

const [aacType, flacType] = ['audio/mp4; codecs="mp4a.40.2"', 'audio/mp4; codecs="flac"'] as const

/**
 * The versions to play a track by, the wanted one first; the others are for when its file is missing or broken.
 * @param decodesFlac whether the engine is there, which plays FLAC where the browser's element doesn't
 * @param limitKbps what the line carries; heeded where the listener leaves the choice to the player
 */
export function versionsFor (quality: Quality, decodesFlac: boolean, limitKbps = Infinity): readonly [Version, ...Version[]] {
  const full: Version = { format: 'aac', maxBitrateKbps: quality === 'auto' ? Math.min(limitKbps, savesData() ? savingKbps : fullKbps) : fullKbps }
  const small: Version = { format: 'aac', maxBitrateKbps: savingKbps }
  const lossless: Version = { format: 'flac', maxBitrateKbps: fullKbps }
  const original: Version = { format: 'original', maxBitrateKbps: fullKbps }
  const aac = plays(aacType) ? quality === 'saving' ? [small] : [full, small] : []
  const flac = decodesFlac || plays(flacType) ? [lossless] : []
  const [first, ...others] = quality === 'lossless' ? [...flac, ...aac] : [...aac, ...flac]
  return first === undefined ? [original] : [first, ...others, original]
}

export function isFresh (stream: SignedStream, nowMs: number): boolean {
  const lifeMs = Date.parse(stream.expiresAt) - stream.signedAtMs
  return nowMs < stream.signedAtMs + lifeMs * freshShare
}

/** Why an address makes no sound. */
export type AddressFault = 'missing' | 'line'

/** Asks for one byte of a fresh address. null: it answers. */
export async function faultOf ({ url }: SignedStream, signal: AbortSignal): Promise<AddressFault | null> {
  try {
    const { status } = await fetch(url, { headers: { range: 'bytes=0-0' }, cache: 'no-store', signal })
    // A store says 403 of what isn't there, lest it tell what is.
    if (status === 403 || status === 404 || status === 410) return 'missing'
    return status < 400 ? null : 'line'
  } catch (error) {
    if (signal.aborted) throw error
    return 'line'
  }
}

function plays (type: string): boolean {
  return document.createElement('audio').canPlayType(type) !== ''
}

function savesData (): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean, effectiveType?: string } }
  return connection?.saveData === true || /2g/.test(connection?.effectiveType ?? '')
}
