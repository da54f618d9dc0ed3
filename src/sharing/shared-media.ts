import type { ArtworkRef } from '../catalog/schemas.ts'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import { expiryFor, type MediaSigner } from '../platform/cdn/cloudfront-signer.ts'
import type { Database } from '../platform/database/database.ts'
import { readPlayable } from '../streaming/stream-url.ts'
import type { SharedStream } from './schemas.ts'
import { type ActiveShare, sharesTrack } from './shared-content.ts'

export interface SharedMediaDeps {
  readonly db: Database
  readonly signer: MediaSigner
}

/** Good to listen to; what the archive holds in full stays in the house. */
const maxKbps = 160
const shortestLifeSeconds = 3_600
const windowSeconds = 900

/**
 * Where a track of a link can be fetched: one rendition and its waveform, each signed by itself. The signatures that
 * listeners get are good for every rendition of a track, lossless ones too.
 * @throws TrackNotFoundError for a track that the link doesn't share, TrackNotReadyError, RenditionUnavailableError
 */
export async function sharedStream ({ db, signer }: SharedMediaDeps, share: ActiveShare, trackId: string, now: Date): Promise<SharedStream> {
  if (!await sharesTrack(db, share, trackId)) throw new TrackNotFoundError()
  const row = await readPlayable(db, trackId, { format: 'aac', maxKbps })
  const expiresAt = expiryFor(now, Math.max(shortestLifeSeconds, 2 * row.duration_ms / 1000), windowSeconds)
  return {
    url: signer.signObject(row.object_key, expiresAt).url,
    mimeType: row.mime_type,
    durationMs: row.duration_ms,
    expiresAt: expiresAt.toISOString(),
    rendition: { name: row.name, codec: row.codec, bitrateKbps: row.bitrate_kbps, sampleRate: row.sample_rate, channels: row.channels },
    waveformUrl: row.waveform_key === null ? null : signer.signObject(row.waveform_key, expiresAt).url,
    loudness: { trackLufs: row.track_lufs, albumLufs: row.album_lufs, truePeakDbtp: row.true_peak_dbtp }
  }
}

/** Edge of the picture that previews and the page show, pixels: the smallest that fills both. */
const coverPx = 640

export function coverSizeOf (artwork: NonNullable<ArtworkRef>): number {
  return artwork.sizes.find((size) => size >= coverPx) ?? Math.max(...artwork.sizes)
}

/** The address of one picture, and of no other: listeners' signature is good for all of them. */
export function coverAddress (signer: MediaSigner, artwork: NonNullable<ArtworkRef>, now: Date): string {
  return signer.signObject(`${artwork.path}${coverSizeOf(artwork)}.webp`, expiryFor(now, shortestLifeSeconds, windowSeconds)).url
}
