import type { MediaSigner } from '../platform/cdn/cloudfront-signer.ts'

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

const dayMs = 86_400_000

/**
 * One signature over all artwork. It ends at the end of tomorrow (UTC): pictures keep their addresses for a day, so
 * that browsers cache them, and what is signed now lives at least 24 hours.
 */
export function artworkAccess ({ signer, mediaUrl }: ArtworkAccessDeps, now: Date): ArtworkAccess {
  const expiresAt = new Date((Math.floor(now.getTime() / dayMs) + 2) * dayMs)
  const { query } = signer.signPrefix('media/artwork/', expiresAt)
  return { baseUrl: mediaUrl, artworkQuery: query, expiresAt }
}
