import type { MediaSigner, SignedAccess } from '../platform/cdn/cloudfront-signer.ts'

/** About 5 MB of addresses. */
const maxKept = 10_000
const kept = new WeakMap<MediaSigner, Map<string, SignedAccess>>()

/**
 * Signs a prefix once for an expiry. An ECDSA signature is another one each time, and a changed address is a picture
 * or a song that the browser fetches again.
 */
export function signedPrefix (signer: MediaSigner, keyPrefix: string, expiresAt: Date): SignedAccess {
  const signatures = kept.get(signer) ?? new Map<string, SignedAccess>()
  kept.set(signer, signatures)
  // With a new key everything is signed anew: the old one may be taken away.
  const name = `${signer.keyPairId} ${keyPrefix} ${expiresAt.getTime()}`
  const access = signatures.get(name) ?? signer.signPrefix(keyPrefix, expiresAt)
  signatures.set(name, access)
  const [oldest] = signatures.keys()
  if (signatures.size > maxKept && oldest !== undefined) signatures.delete(oldest)
  return access
}
