import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import { expiryFor, type MediaSigner } from '../platform/cdn/cloudfront-signer.ts'
import type { Database } from '../platform/database/database.ts'
import type { Stream, StreamQuery, StreamRest, StreamStart } from './schemas.ts'
import { signedPrefix } from './signed-prefix.ts'
import type { StreamHeads } from './stream-head.ts'

export const TrackNotReadyError = createError('TRACK_NOT_READY', 'the track is still being prepared; try again in a moment', 409)
export const RenditionUnavailableError = createError<[string, string]>('RENDITION_UNAVAILABLE', 'the track has no %s version; it has %s', 409)

export interface StreamDeps {
  readonly db: Database
  readonly signer: MediaSigner
}

const highestAacKbps = 256
const shortestLifeSeconds = 3_600
/** Who asks within one window gets the same address. */
const windowSeconds = 900

interface StreamRow {
  state: 'processing' | 'published' | 'withdrawn'
  duration_ms: number
  track_lufs: number | null
  album_lufs: number | null
  true_peak_dbtp: number | null
  waveform_key: string | null
  available: string[] | null
  name: string | null
  codec: string
  mime_type: string
  bitrate_kbps: number | null
  sample_rate: number
  channels: number
  object_key: string
  init_bytes: number
  timescale: number
  fragments: number[][]
  /** bigint comes as text. */
  sample_count: string
  encoder_delay: number
}

/** The hottest read of all: one statement, which also chooses; fragments of the chosen rendition only. */
const columns = `
  SELECT t.state, t.duration_ms, t.loudness_lufs AS track_lufs, a.loudness_lufs AS album_lufs, t.true_peak_dbtp, w.object_key AS waveform_key,
    (SELECT array_agg(v.name ORDER BY v.bitrate_kbps) FROM rendition v WHERE v.track_id = t.id) AS available, chosen.*
  FROM track t JOIN album a ON a.id = t.album_id LEFT JOIN waveform w ON w.track_id = t.id LEFT JOIN LATERAL`
const chooseRendition = `${columns} (
    SELECT name, codec, mime_type, bitrate_kbps, sample_rate, channels, object_key, init_bytes, timescale, fragments, sample_count, encoder_delay
    FROM rendition r WHERE r.track_id = t.id AND split_part(r.name, '-', 1) = $2
    ORDER BY CASE WHEN bitrate_kbps <= $3 THEN -bitrate_kbps ELSE bitrate_kbps END LIMIT 1) chosen ON TRUE
  WHERE t.id = $1`
const chooseOriginal = `${columns} (
    SELECT 'original' AS name, o.codec, s.content_type AS mime_type, o.bitrate_kbps, o.sample_rate, o.channels, o.object_key
    FROM original o JOIN stored_object s ON s.key = o.object_key WHERE o.sha256 = t.original_id) chosen ON TRUE
  WHERE t.id = $1`

interface StreamAsked extends StreamQuery { readonly trackId: string }

/**
 * Where a track can be fetched, in the version that suits best, with what the player needs to know of it.
 * @throws TrackNotFoundError, TrackNotReadyError, RenditionUnavailableError
 */
export async function streamUrl (deps: StreamDeps, actor: Actor, asked: StreamAsked, now: Date): Promise<Stream> {
  const { stream } = await findStream(deps, actor, asked, now)
  return stream
}

/**
 * The same with the start of the file: what its first sound needs comes first, and the table of all fragments last.
 * @returns a StreamStart as one line of JSON, then the start of the file, then a StreamRest as JSON
 * @throws TrackNotFoundError, TrackNotReadyError, RenditionUnavailableError
 */
export async function streamStart ({ heads, ...deps }: StreamDeps & { readonly heads: StreamHeads }, actor: Actor, asked: StreamAsked, now: Date): Promise<Buffer> {
  const { stream, objectKey } = await findStream(deps, actor, asked, now)
  const { index } = stream
  const head = index === null ? null : await heads.read(objectKey, index)
  const start: StreamStart = {
    ...stream,
    index: index === null ? null : { ...index, fragments: index.fragments.slice(0, 1) },
    head: { initBytes: head?.initBytes ?? 0, bytes: head?.bytes.length ?? 0 }
  }
  const rest: StreamRest = { fragments: index?.fragments ?? [] }
  return Buffer.concat([Buffer.from(`${JSON.stringify(start)}\n`), head?.bytes ?? new Uint8Array(), Buffer.from(JSON.stringify(rest))])
}

async function findStream ({ db, signer }: StreamDeps, actor: Actor, { trackId, format, maxBitrateKbps = highestAacKbps }: StreamAsked, now: Date): Promise<{ stream: Stream, objectKey: string }> {
  authorise(actor, 'listen')
  const row = await readPlayable(db, trackId, { format, maxKbps: format === 'aac' ? maxBitrateKbps : null })
  const expiresAt = expiryFor(now, Math.max(shortestLifeSeconds, 2 * row.duration_ms / 1000), windowSeconds)
  const addressUnderPrefix = (key: string) => signer.address(key, signedPrefix(signer, key.slice(0, key.lastIndexOf('/') + 1), expiresAt))
  const stream = {
    url: format === 'original' ? signer.signObject(row.object_key, expiresAt).url : addressUnderPrefix(row.object_key),
    mimeType: row.mime_type,
    durationMs: row.duration_ms,
    expiresAt: expiresAt.toISOString(),
    rendition: { name: row.name, codec: row.codec, bitrateKbps: row.bitrate_kbps, sampleRate: row.sample_rate, channels: row.channels },
    index: format === 'original' ? null : toIndex(row),
    waveformUrl: row.waveform_key === null ? null : addressUnderPrefix(row.waveform_key),
    loudness: { trackLufs: row.track_lufs, albumLufs: row.album_lufs, truePeakDbtp: row.true_peak_dbtp }
  }
  return { stream, objectKey: row.object_key }
}

export async function readPlayable (db: Database, trackId: string, { format, maxKbps }: { format: StreamQuery['format'], maxKbps: number | null }): Promise<StreamRow & { name: string }> {
  const { rows: [row] } = await db.pool.query<StreamRow>(format === 'original'
    ? { name: 'stream-original', text: chooseOriginal, values: [trackId] }
    : { name: 'stream', text: chooseRendition, values: [trackId, format, maxKbps] })
  if (row === undefined || row.state === 'withdrawn') throw new TrackNotFoundError()
  if (row.state === 'processing' || row.available === null) throw new TrackNotReadyError()
  const { name } = row
  if (name === null) throw new RenditionUnavailableError(format, row.available.join(', '))
  return { ...row, name }
}

function toIndex (row: StreamRow): Stream['index'] {
  return {
    initBytes: row.init_bytes,
    timescale: row.timescale,
    fragments: row.fragments,
    sampleCount: Number(row.sample_count),
    encoderDelay: row.encoder_delay
  }
}
