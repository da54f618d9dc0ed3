import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import createError from '@fastify/error'

export const SigningKeyInvalidError = createError<[string, string]>('SIGNING_KEY_INVALID', '%s %s; give the PEM of an ECDSA P-256 or RSA-2048 private key', 500)

export interface MediaKeys {
  readonly keyPairId: string
  /** Parsed once: parsing the PEM for each signature costs more than signing. */
  readonly privateKey: KeyObject
  /** What checks signatures, by key pair id, as CloudFront's key group holds it: the signing key's and perhaps another's. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

/** Keys that may change while they are used: whoever holds the ring, or its map, sees the change at once. */
export interface MediaKeyRing extends MediaKeys {
  replace(keys: MediaKeys): void
}

export interface KeyPair {
  readonly keyPairId: string
  /** PEM. */
  readonly privateKey: string
}

/** @throws SigningKeyInvalidError */
export function readMediaKeys (current: KeyPair, next?: KeyPair): MediaKeys {
  const keys = mediaKeysOf(current.keyPairId, mediaSigningKey(current.privateKey))
  if (next === undefined) return keys
  return { ...keys, publicKeys: new Map([...keys.publicKeys, [next.keyPairId, createPublicKey(mediaSigningKey(next.privateKey, 'CDN_NEXT_PRIVATE_KEY'))]]) }
}

/** One key and no other. */
export function mediaKeysOf (keyPairId: string, privateKey: KeyObject): MediaKeys {
  return { keyPairId, privateKey, publicKeys: new Map([[keyPairId, createPublicKey(privateKey)]]) }
}

export function mediaKeyRing (keys: MediaKeys): MediaKeyRing {
  let now = keys
  const publicKeys = new Map(keys.publicKeys)
  return {
    publicKeys,
    get keyPairId () { return now.keyPairId },
    get privateKey () { return now.privateKey },
    replace (next) {
      now = next
      for (const keyPairId of publicKeys.keys()) if (!next.publicKeys.has(keyPairId)) publicKeys.delete(keyPairId)
      for (const [keyPairId, key] of next.publicKeys) if (publicKeys.get(keyPairId)?.equals(key) !== true) publicKeys.set(keyPairId, key)
    }
  }
}

/** @throws SigningKeyInvalidError when it isn't a kind of key that CloudFront takes */
export function mediaSigningKey (pem: string, setting = 'CDN_PRIVATE_KEY'): KeyObject {
  const key = parsePrivateKey(pem, setting)
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  const accepted = (key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1') || (key.asymmetricKeyType === 'rsa' && modulusLength === 2048)
  if (accepted) return key
  throw new SigningKeyInvalidError(setting, `is a key of type ${[key.asymmetricKeyType, namedCurve ?? modulusLength].filter(Boolean).join(' ')}, which CloudFront does not take`)
}

function parsePrivateKey (pem: string, setting: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    // OpenSSL's message can quote the input, and the input is a secret.
    throw new SigningKeyInvalidError(setting, 'is not a private key in PEM form')
  }
}
