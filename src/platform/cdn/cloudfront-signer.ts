import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import createError from '@fastify/error'

export const SigningKeyInvalidError = createError<[string]>('SIGNING_KEY_INVALID', 'CDN_PRIVATE_KEY %s; give the PEM of an ECDSA P-256 or RSA-2048 private key', 500)

export interface SignedAccess {
  /** `Policy=…&Signature=…&Key-Pair-Id=…&Hash-Algorithm=SHA256` */
  readonly query: string
  readonly expiresAt: Date
}

export interface MediaSigner {
  /** What checks its signatures, by key pair id, as CloudFront's key group holds it. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
  /** One signature for everything under a prefix of keys, such as `media/<trackId>/<attempt>/`. */
  signPrefix(keyPrefix: string, expiresAt: Date): SignedAccess
  /** An address for one object, with a canned policy. */
  signObject(key: string, expiresAt: Date): { readonly url: string, readonly expiresAt: Date }
  /** The address of an object under a signed prefix, exactly as CloudFront will see it. */
  address(key: string, access: SignedAccess): string
}

export interface MediaSignerOptions {
  /** Address of the distribution, without a slash at its end. */
  readonly mediaUrl: string
  readonly keyPairId: string
  readonly privateKey: KeyObject
}

/**
 * Parses the key once: parsing the PEM for each signature costs more than signing.
 * @throws SigningKeyInvalidError when it isn't a kind of key that CloudFront takes
 */
export function mediaSigningKey (pem: string): KeyObject {
  const key = parsePrivateKey(pem)
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const accepted = (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') || (key.asymmetricKeyType === 'rsa' && modulusLength === 2048)
  if (accepted) return key
  throw new SigningKeyInvalidError(`is a key of type ${[key.asymmetricKeyType, namedCurve ?? modulusLength].filter(Boolean).join(' ')}, which CloudFront does not take`)
}

function parsePrivateKey (pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // OpenSSL's message can quote the input, and the input is a secret.
    throw new SigningKeyInvalidError('is not a private key in PEM form')
  }
}

/** Signs media addresses for CloudFront, and for the local edge, which checks the same signatures. */
export function createMediaSigner ({ mediaUrl, keyPairId, privateKey }: MediaSignerOptions): MediaSigner {
  const signing = {
    keyPairId,
    algorithm: 'SHA256',
    // The SDK passes the key to node:crypto as it is, which takes a KeyObject; only the SDK's type doesn't say so.
    privateKey: privateKey as unknown as string
  } as const
  return {
    publicKeys: new Map([[keyPairId, createPublicKey(privateKey)]]),
    signPrefix (keyPrefix, expiresAt) {
      const resource = `${mediaUrl}/${keyPrefix}*`
      const policy = JSON.stringify({
        Statement: [{ Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': epochSeconds(expiresAt) } } }]
      })
      const url = getSignedUrl({ ...signing, url: resource, policy })
      return { query: url.slice(url.indexOf('?') + 1), expiresAt: wholeSecond(expiresAt) }
    },
    signObject: (key, expiresAt) => ({
      // The SDK encodes the path again before it signs, so only the address that it returns is good.
      url: getSignedUrl({ ...signing, url: `${mediaUrl}/${key}`, dateLessThan: wholeSecond(expiresAt) }),
      expiresAt: wholeSecond(expiresAt)
    }),
    address: (key, access) => `${mediaUrl}/${key}?${access.query}`
  }
}

/**
 * When a signature made now is to expire: after at least `lifeSeconds`, at the end of a window, so that everybody who
 * asks within `windowSeconds` gets the same expiry.
 */
export function expiryFor (now: Date, lifeSeconds: number, windowSeconds: number): Date {
  const windowMs = windowSeconds * 1000
  return new Date(Math.ceil((now.getTime() + lifeSeconds * 1000) / windowMs) * windowMs)
}

function epochSeconds (date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

/** Policies count in whole seconds. */
function wholeSecond (date: Date): Date {
  return new Date(epochSeconds(date) * 1000)
}
