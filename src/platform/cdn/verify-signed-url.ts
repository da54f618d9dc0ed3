import { type KeyObject, verify } from 'node:crypto'
import { allowsSource, cannedPolicy, matchesWildcards, readPolicy, type SignedPolicy } from './signed-policy.ts'

export interface SignedUrlVerifierOptions {
  /** Public keys by key pair id: current and next, while one replaces the other. The map may change. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
  readonly now: () => Date
}

export interface SignedRequest {
  /** The absolute address exactly as it was asked for, escapes included. */
  readonly url: string
  readonly clientAddress: string
}

/** Why CloudFront refuses; the message is the one it gives. */
export interface Refusal {
  readonly code: 'MissingKey' | 'InvalidKey' | 'MalformedPolicy' | 'MalformedSignature' | 'AccessDenied'
  readonly message: string
}

/** Answers undefined when the address is good. */
export type SignedUrlVerifier = (request: SignedRequest) => Refusal | undefined

const refusals = {
  missingKey: { code: 'MissingKey', message: 'Missing Key-Pair-Id query parameter or cookie value' },
  unknownKey: { code: 'InvalidKey', message: 'Unknown Key' },
  malformedPolicy: { code: 'MalformedPolicy', message: 'Malformed Policy' },
  malformedSignature: { code: 'MalformedSignature', message: 'Could not unencode Signature' },
  denied: { code: 'AccessDenied', message: 'Access denied' }
} as const satisfies Record<string, Refusal>

const signingParameters = ['Expires', 'Policy', 'Signature', 'Key-Pair-Id', 'Hash-Algorithm']
const digests: ReadonlyMap<string, string> = new Map([['SHA1', 'sha1'], ['SHA256', 'sha256']])
/** Genuine policies held with their signatures already checked; a play asks with the same one many times. */
const maxRemembered = 2_000

/** What the signature of one request is made of, as text. */
interface Signed {
  readonly keyPairId: string
  readonly signature: string
  readonly digest: string
  readonly policy: string
  /** The address without the parameters that sign it. */
  readonly resource: string
}

/**
 * Checks signed addresses as CloudFront does: canned and custom policies, RSA and ECDSA keys, SHA-1 (CloudFront's
 * default) and SHA-256. A policy that was once found genuine isn't checked again, only applied.
 */
export function createSignedUrlVerifier ({ publicKeys, now }: SignedUrlVerifierOptions): SignedUrlVerifier {
  const genuine = new WeakMap<KeyObject, Map<string, SignedPolicy>>()
  const rememberFor = (key: KeyObject) => {
    const policies = new Map<string, SignedPolicy>()
    genuine.set(key, policies)
    return policies
  }
  return ({ url, clientAddress }) => {
    const signed = readSigned(url)
    if ('code' in signed) return signed
    const key = publicKeys.get(signed.keyPairId)
    // First: a signature once found good isn't good any more when its key is gone.
    if (key === undefined) return refusals.unknownKey
    const policy = remembered(genuine.get(key) ?? rememberFor(key), signed, () => genuinePolicy(signed, key))
    if ('code' in policy) return policy
    const seconds = now().getTime() / 1000
    const allowed = seconds < policy.expiresAtSeconds && seconds > policy.startsAtSeconds &&
      matchesWildcards(policy.resource, signed.resource) && allowsSource(policy, clientAddress)
    return allowed ? undefined : refusals.denied
  }
}

function readSigned (url: string): Signed | Refusal {
  const { resource, parameters } = splitParameters(url)
  const keyPairId = parameters.get('Key-Pair-Id')
  const signature = parameters.get('Signature')
  const digest = digests.get(parameters.get('Hash-Algorithm') ?? 'SHA1')
  if (keyPairId === undefined) return refusals.missingKey
  if (signature === undefined || digest === undefined) return refusals.denied
  const policy = policyText(resource, parameters)
  return typeof policy === 'string' ? { keyPairId, signature, digest, policy, resource } : policy
}

function policyText (resource: string, parameters: ReadonlyMap<string, string>): string | Refusal {
  const custom = parameters.get('Policy')
  if (custom !== undefined) return decode(custom)?.toString('utf8') ?? refusals.malformedPolicy
  const expires = parameters.get('Expires') ?? ''
  // Nothing but digits, and no quote in the address, may become part of the text that was signed.
  return /^\d{1,12}$/.test(expires) && !/["\\]/.test(resource) ? cannedPolicy(resource, expires) : refusals.denied
}

/** The query is kept as it came: what was signed are its bytes, not its meaning. */
function splitParameters (url: string): { readonly resource: string, readonly parameters: ReadonlyMap<string, string> } {
  const start = url.indexOf('?')
  const parameters = new Map<string, string>()
  if (start === -1) return { resource: url, parameters }
  const others = url.slice(start + 1).split('&').filter((pair) => {
    const [name = '', ...value] = pair.split('=')
    if (!signingParameters.includes(name)) return true
    if (!parameters.has(name)) parameters.set(name, unescaped(value.join('=')))
    return false
  })
  return { resource: others.length === 0 ? url.slice(0, start) : `${url.slice(0, start)}?${others.join('&')}`, parameters }
}

/** Some clients escape the `~` of a signature when they add to an address. */
function unescaped (value: string): string {
  return value.replace(/%7e/gi, '~')
}

function remembered (known: Map<string, SignedPolicy>, signed: Signed, check: () => SignedPolicy | Refusal): SignedPolicy | Refusal {
  const { digest, signature, policy } = signed
  const name = `${digest} ${signature} ${policy}`
  const found = known.get(name) ?? check()
  // Only genuine ones: others must not push them out.
  if ('code' in found) return found
  known.delete(name)
  known.set(name, found)
  if (known.size > maxRemembered) {
    const [oldest] = known.keys()
    if (oldest !== undefined) known.delete(oldest)
  }
  return found
}

function genuinePolicy ({ digest, signature, policy }: Signed, key: KeyObject): SignedPolicy | Refusal {
  const bytes = decode(signature)
  if (bytes === undefined) return refusals.malformedSignature
  if (!verify(digest, Buffer.from(policy), key, bytes)) return refusals.denied
  return readPolicy(policy) ?? refusals.malformedPolicy
}

/** CloudFront's base64 has `-`, `_` and `~` for `+`, `=` and `/`. */
function decode (text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9~-]+_{0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  return Buffer.from(text.replaceAll('-', '+').replaceAll('~', '/').replaceAll('_', '='), 'base64')
}
