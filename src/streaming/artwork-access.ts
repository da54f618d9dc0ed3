import { expiryFor, type MediaSigner } from '../platform/cdn/cloudfront-signer.ts'
import { signedPrefix } from './signed-prefix.ts'

export interface ArtworkAccess {
  /** Scheme, host and path before the key, without a slash at its end. */
  readonly baseUrl: string
  /** The same for every picture: goes behind the question mark of its address. */
  readonly artworkQuery: string
  readonly expiresAt: Date
}

export interface ArtworkAccessDeps {
  readonly signer: MediaSigner
  readonly mediaUrl: string
}

const daySeconds = 86_400

/**
 * One signature over all artwork. It ends at the end of tomorrow (UTC): pictures keep their addresses for a day, so
 * that browsers cache them, and what is signed now lives at least 24 hours.
 */
export function artworkAccess ({ signer, mediaUrl }: ArtworkAccessDeps, now: Date): ArtworkAccess {
  const { query, expiresAt } = signedPrefix(signer, 'media/artwork/', expiryFor(now, daySeconds, daySeconds))
  return { baseUrl: mediaUrl, artworkQuery: query, expiresAt }
}
