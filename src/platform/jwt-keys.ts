import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import createError from '@fastify/error'

export const JwtKeyInvalidError = createError<[string, string]>('JWT_KEY_INVALID', '%s %s', 500)

/** A key of a JSON Web Key Set (RFC 7517, RFC 8037). */
export interface PublicJwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  readonly kid: string
  readonly alg: 'EdDSA'
  readonly use: 'sig'
}

export interface JwtKeys {
  /** PEM of the private key that signs, and its name. */
  readonly signing: { readonly kid: string, readonly privateKey: string }
  /** PEM of the public keys whose signatures are good, by name: a token's `kid` finds its key here or nowhere. */
  readonly publicKeys: ReadonlyMap<string, string>
}

/** Keys that may change while they are used: whoever holds the ring sees the change at once. */
export interface JwtKeyRing extends JwtKeys {
  replace(keys: JwtKeys): void
}

/**
 * @param others PEM of public keys that are good too: the next one and the previous one
 * @throws JwtKeyInvalidError when one isn't an Ed25519 key
 */
export function readJwtKeys (privateKey: string, others: readonly string[] = []): JwtKeys {
  const own = publicHalf(privateKey)
  const keys = [own, ...others.map(otherKey)].map(spkiPem)
  return { signing: { kid: kidOf(spkiPem(own)), privateKey }, publicKeys: new Map(keys.map((pem) => [kidOf(pem), pem])) }
}

export function jwtKeyRing (keys: JwtKeys): JwtKeyRing {
  let now = keys
  return {
    get signing () { return now.signing },
    get publicKeys () { return now.publicKeys },
    replace (next) { now = next }
  }
}

export function publicJwks ({ publicKeys }: JwtKeys): PublicJwk[] {
  return [...publicKeys].map(([kid, pem]) => ({ kty: 'OKP', crv: 'Ed25519', x: createPublicKey(pem).export({ format: 'jwk' }).x ?? '', kid, alg: 'EdDSA', use: 'sig' }))
}

function publicHalf (pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    return ed25519('JWT_PRIVATE_KEY', key, createPublicKey(key))
  } catch (error) {
    if (error instanceof JwtKeyInvalidError) throw error
    // OpenSSL's message can quote the input, and the input is a secret.
    throw new JwtKeyInvalidError('JWT_PRIVATE_KEY', 'is not a private key in PEM form; make one with: openssl genpkey -algorithm ed25519')
  }
}

function otherKey (pem: string): KeyObject {
  const names = 'JWT_NEXT_PUBLIC_KEY or JWT_PREVIOUS_PUBLIC_KEY'
  // Node would make the public half of a private one, which has no business in this setting.
  if (!pem.includes('BEGIN PUBLIC KEY')) throw new JwtKeyInvalidError(names, 'is not a public key in PEM form; print it with: openssl pkey -pubout')
  try {
    const key = createPublicKey(pem)
    return ed25519(names, key, key)
  } catch (error) {
    if (error instanceof JwtKeyInvalidError) throw error
    throw new JwtKeyInvalidError(names, 'is a damaged public key; print it again with: openssl pkey -pubout')
  }
}

function ed25519 (name: string, key: KeyObject, publicKey: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return publicKey
  throw new JwtKeyInvalidError(name, `is a key of type ${key.asymmetricKeyType}; give an Ed25519 key (openssl genpkey -algorithm ed25519)`)
}

function spkiPem (key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** RFC 7638 would hash the JWK; any fixed name of the key will do. */
function kidOf (publicPem: string): string {
  return createHash('sha256').update(publicPem).digest('base64url').slice(0, 16)
}
