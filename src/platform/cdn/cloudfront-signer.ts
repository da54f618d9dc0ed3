import type { KeyObject } from 'node:crypto'
import { getSignedUrl } from '@aws-sdk/cloudfront-signer'
import type { MediaKeys } from './media-keys.ts'

export interface SignedAccess {
  /** `Policy=…&Signature=…&Key-Pair-Id=…&Hash-Algorithm=SHA256` */
  readonly query: string
  readonly expiresAt: Date
}

export interface MediaSigner {
  /** Of the key that signs now; another one from the moment the keys are changed. */
  readonly keyPairId: string
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
  readonly keys: MediaKeys
}

/** Signs media addresses for CloudFront, and for the local edge, which checks the same signatures. */
export function createMediaSigner ({ mediaUrl, keys }: MediaSignerOptions): MediaSigner {
  const signing = () => ({ keyPairId: keys.keyPairId, algorithm: 'SHA256', privateKey: asTheSdkTypesIt(keys.privateKey) }) as const
  return {
    get keyPairId () { return keys.keyPairId },
    publicKeys: keys.publicKeys,
    signPrefix (keyPrefix, expiresAt) {
      const resource = `${mediaUrl}/${keyPrefix}*`
      const policy = JSON.stringify({
        Statement: [{ Resource: resource, Condition: { DateLessThan: { 'AWS:EpochTime': epochSeconds(expiresAt) } } }]
      })
      const url = getSignedUrl({ ...signing(), url: resource, policy })
      return { query: url.slice(url.indexOf('?') + 1), expiresAt: wholeSecond(expiresAt) }
    },
    signObject: (key, expiresAt) => ({
      // The SDK encodes the path again before it signs, so only the address that it returns is good.
      url: getSignedUrl({ ...signing(), url: `${mediaUrl}/${key}`, dateLessThan: wholeSecond(expiresAt) }),
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

/** The SDK passes the key to node:crypto as it is, which takes a KeyObject; only the SDK's type doesn't say so. */
function asTheSdkTypesIt (key: KeyObject): string {
  return key as unknown as string
}

function epochSeconds (date: Date): number {
  return Math.floor(date.getTime() / 1000)
}

/** Policies count in whole seconds. */
function wholeSecond (date: Date): Date {
  return new Date(epochSeconds(date) * 1000)
}
