import type { KeptAddress } from './kept-addresses.ts'
import { chunkBytes, readChunks, readTrack, readWaveform } from './kept-database.ts'

interface ByteRange { readonly first: number, readonly last: number }

/** The answer of the service worker to a request for something kept: whole or a range, as a file server gives it. */
export async function answerKept ({ userId, trackId, part }: KeptAddress, rangeHeader: string | null): Promise<Response> {
  if (part === 'waveform') {
    const waveform = await readWaveform(userId, trackId)
    return waveform === undefined ? notKept() : new Response(waveform, { headers: { 'content-type': 'application/octet-stream' } })
  }
  const kept = await readTrack(userId, trackId)
  if (kept?.stream == null || !kept.complete) return notKept()
  const { totalBytes, stream: { mimeType } } = kept
  const range = rangeHeader === null ? { first: 0, last: totalBytes - 1 } : parseRange(rangeHeader, totalBytes)
  if (range === null) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${totalBytes}` } })
  const bytes = await bytesOf(userId, trackId, range)
  if (bytes === null) return notKept()
  const headers = { 'content-type': mimeType, 'accept-ranges': 'bytes', 'content-length': String(bytes.size) }
  if (rangeHeader === null) return new Response(bytes, { headers })
  return new Response(bytes, { status: 206, headers: { ...headers, 'content-range': `bytes ${range.first}-${range.last}/${totalBytes}` } })
}

/** Only blobs are joined, none is read: the browser streams them from disk. */
async function bytesOf (userId: string, trackId: string, { first, last }: ByteRange): Promise<Blob | null> {
  const from = Math.floor(first / chunkBytes)
  const to = Math.floor(last / chunkBytes)
  const chunks = await readChunks(userId, trackId, { first: from, last: to })
  // The browser may have lost a piece: better no answer than another place of the song.
  if (chunks.length !== to - from + 1) return null
  return new Blob(chunks).slice(first - from * chunkBytes, last + 1 - from * chunkBytes)
}

/** One range of bytes (RFC 9110, 14.1.2), or null where there is none to give. */
export function parseRange (header: string, totalBytes: number): ByteRange | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (match === null) return null
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return null
  const first = from === '' ? Math.max(0, totalBytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? totalBytes - 1 : Math.min(Number(to), totalBytes - 1)
  return first > last ? null : { first, last }
}

function notKept (): Response {
  return new Response(null, { status: 404 })
}
