import { ApiError, get } from '../app/api.ts'
import type { Stream } from '../app/api-types.ts'
import { artworkUrl } from '../accounts/session.svelte.ts'
import { artworkCacheName, keptArtworkPath } from './kept-addresses.ts'
import { chunkBytes, completeTrack, dropBytes, type KeptQuality, type KeptTrack, readChunkIndexes, writeChunk, writeTrack } from './kept-database.ts'

/** A piece of the media did not come: the line, or an address that is no longer honoured. */
export class PieceMissingError extends Error {
  constructor (what: string, options?: ErrorOptions) {
    super(`${what} did not come`, options)
    this.name = 'PieceMissingError'
  }
}

export interface Download {
  readonly userId: string
  readonly signal: AbortSignal
  /** Told after each piece that is on disk. */
  readonly advanced: (track: KeptTrack) => void
}

/** Kbit/s of what is fetched at most; lossless has its own file. */
const ceilings: Readonly<Record<KeptQuality, number>> = { saving: 96, high: 256, lossless: 256 }
/** Wide enough for the largest place a sleeve is shown at. */
const artworkPixels = 640

/**
 * Fetches what is missing of a track, piece by piece; what is here already is not fetched again.
 * @throws PieceMissingError, ApiError, UnreachableError, DOMException QuotaExceededError, or the AbortError of `signal`
 */
export async function downloadTrack (wanted: KeptTrack, download: Download): Promise<KeptTrack> {
  const { userId, signal, advanced } = download
  const stream = await sign(wanted, signal)
  let kept = await begin(userId, wanted, stream)
  const here = await readChunkIndexes(userId, kept.id)
  for (let index = 0; index * chunkBytes < kept.totalBytes; index++) {
    if (here.has(index)) continue
    const bytes = await fetchPiece(stream.url, { index, totalBytes: kept.totalBytes, signal })
    kept = { ...kept, keptBytes: Math.min(kept.totalBytes, kept.keptBytes + bytes.size) }
    await writeChunk(userId, kept, { index, bytes })
    advanced(kept)
  }
  const waveform = stream.waveformUrl === null ? null : await fetchWhole(stream.waveformUrl, signal)
  await keepArtwork(kept, signal)
  await completeTrack(userId, kept, waveform)
  return { ...kept, complete: true }
}

async function sign ({ id, quality }: KeptTrack, signal: AbortSignal): Promise<Stream> {
  const path = `/tracks/${id}/stream`
  const aac = { format: 'aac', maxBitrateKbps: ceilings[quality] }
  if (quality !== 'lossless') return await get<Stream>(path, { query: aac, signal })
  try {
    return await get<Stream>(path, { query: { format: 'flac' }, signal })
  } catch (error) {
    if (error instanceof ApiError && error.code === 'RENDITION_UNAVAILABLE') return await get<Stream>(path, { query: aac, signal })
    throw error
  }
}

/** Goes on where it stopped, unless the track was made anew meanwhile or another quality is wanted. */
async function begin (userId: string, wanted: KeptTrack, stream: Stream): Promise<KeptTrack> {
  const same = wanted.stream !== null && pathOf(wanted.stream) === pathOf(stream)
  if (!same) await dropBytes(userId, wanted.id)
  const kept: KeptTrack = { ...wanted, stream, totalBytes: sizeOf(stream), keptBytes: same ? wanted.keptBytes : 0, complete: false }
  await writeTrack(userId, kept)
  return kept
}

const pathOf = ({ url }: Stream): string => new URL(url, location.href).pathname

/** By the index: its last fragment is the end. */
function sizeOf ({ index }: Stream): number {
  const last = index?.fragments.at(-1)
  if (last === undefined) throw new RangeError('a track without an index can not be kept')
  const [offset = 0, size = 0] = last
  return offset + size
}

async function fetchPiece (url: string, { index, totalBytes, signal }: { readonly index: number, readonly totalBytes: number, readonly signal: AbortSignal }): Promise<Blob> {
  const first = index * chunkBytes
  const last = Math.min(totalBytes, first + chunkBytes) - 1
  const bytes = await fetchBlob(url, { headers: { range: `bytes=${first}-${last}` }, signal, priority: 'low' }, 206)
  if (bytes.size !== last - first + 1) throw new PieceMissingError(`bytes ${first}–${last}`)
  return bytes
}

async function fetchWhole (url: string, signal: AbortSignal): Promise<Blob> {
  return await fetchBlob(url, { signal, priority: 'low' }, 200)
}

async function fetchBlob (url: string, init: RequestInit, expected: number): Promise<Blob> {
  try {
    const response = await fetch(url, init)
    if (response.status !== expected) throw new PieceMissingError(`a piece, which answered ${response.status},`)
    return await response.blob()
  } catch (cause) {
    if (init.signal?.aborted === true || cause instanceof PieceMissingError) throw cause
    throw new PieceMissingError('a piece', { cause })
  }
}

/** Beside the music, once for all tracks of an album. A picture that doesn't come keeps no song away. */
async function keepArtwork ({ track: { album: { artwork } } }: KeptTrack, signal: AbortSignal): Promise<void> {
  const url = artwork === null ? null : artworkUrl(artwork, artworkPixels)
  const id = artwork === null ? null : /([\da-f-]{36})/.exec(artwork.path)?.[1]
  if (url === null || id == null) return
  const cache = await caches.open(artworkCacheName)
  if (await cache.match(keptArtworkPath(id)) !== undefined) return
  const picture = await fetchWhole(url, signal).catch(() => null)
  if (picture !== null) await cache.put(keptArtworkPath(id), new Response(picture, { headers: { 'content-type': 'image/webp' } }))
}
