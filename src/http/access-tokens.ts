import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Role } from '../accounts/actor.ts'
import type { JwtKeys } from '../platform/jwt-keys.ts'
import { UnauthenticatedError } from './access.ts'

/** What an access token says of its bearer; whether it is still so, the database tells. */
export interface AccessClaims {
  readonly sub: string
  readonly sid: string
  readonly role: Role
  readonly epoch: number
  /** Seconds since 1970. */
  readonly exp: number
}

export interface AccessTokens {
  issue(claims: Omit<AccessClaims, 'exp'>, now: Date): { readonly accessToken: string, readonly expiresAt: Date }
  /**
   * The claims of an Authorization header's token. It checks a signature once a token, not once a request.
   * @throws UnauthenticatedError for whatever is wrong with it
   */
  verify(header: string, token: string, now: Date): AccessClaims
}

const lifeSeconds = 600
const audience = 'freshet-api'
/** RFC 9068; a token of another kind, signed by the same key, isn't one of these. */
const type = 'at+jwt'
const maxRemembered = 20_000

interface KnownToken {
  readonly kid: string
  readonly claims: AccessClaims
}

const Named = Type.Object({ kid: Type.String() })
const Verified = Type.Object({
  header: Type.Object({ alg: Type.Literal('EdDSA'), typ: Type.Literal(type), kid: Type.String() }),
  payload: Type.Object({
    sub: Type.String({ format: 'uuid' }),
    sid: Type.String({ format: 'uuid' }),
    role: Type.Enum(['listener', 'curator', 'admin', 'auditor']),
    epoch: Type.Integer({ minimum: 0 }),
    iat: Type.Integer({ minimum: 0 }),
    exp: Type.Integer({ minimum: 0 })
  })
})

/** Signs with one key and takes the signatures of some; `keys` may change while it does. */
export async function accessTokens (app: FastifyInstance, { keys, issuer }: { readonly keys: JwtKeys, readonly issuer: string }): Promise<AccessTokens> {
  await app.register(jwt, {
    secret: { private: keys.signing.privateKey, public: keys.publicKeys.get(keys.signing.kid) ?? '' },
    sign: { algorithm: 'EdDSA', iss: issuer, aud: audience },
    verify: { algorithms: ['EdDSA'], allowedIss: issuer, allowedAud: audience, checkTyp: type, complete: true, cache: false, requiredClaims: ['sub', 'sid', 'role', 'epoch', 'iat', 'exp', 'iss', 'aud'] }
  })
  const remembered = new Map<string, KnownToken>()
  const check = (token: string, now: Date): KnownToken => {
    const key = keys.publicKeys.get(kidOf(token))
    if (key === undefined) throw new UnauthenticatedError()
    const { header: { kid }, payload: { sub, sid, role, epoch, exp } } = parseVerified(app, { token, key, now })
    return { kid, claims: { sub, sid, role, epoch, exp } }
  }
  return {
    issue (claims, now) {
      const { kid, privateKey } = keys.signing
      const iat = Math.floor(now.getTime() / 1000)
      const exp = iat + lifeSeconds
      return { accessToken: app.jwt.sign({ ...claims, iat, exp }, { key: privateKey, kid, header: { alg: 'EdDSA', typ: type } }), expiresAt: new Date(exp * 1000) }
    },
    verify (header, token, now) {
      // By the whole header: two tokens that begin alike are two entries.
      const known = remembered.get(header) ?? check(token, now)
      if (known.claims.exp * 1000 <= now.getTime() || !keys.publicKeys.has(known.kid)) {
        remembered.delete(header)
        throw new UnauthenticatedError()
      }
      remember(remembered, header, known)
      return known.claims
    }
  }
}

/** As the token says, unchecked: it only chooses among the keys that are known. */
function kidOf (token: string): string {
  const [header = ''] = token.split('.', 1)
  try {
    return Value.Parse(Named, JSON.parse(Buffer.from(header, 'base64url').toString())).kid
  } catch {
    throw new UnauthenticatedError()
  }
}

function parseVerified (app: FastifyInstance, { token, key, now }: { readonly token: string, readonly key: string, readonly now: Date }) {
  try {
    return Value.Parse(Verified, app.jwt.verify(token, { key, clockTimestamp: now.getTime() }))
  } catch {
    // Which of the many reasons it was helps only who forges.
    throw new UnauthenticatedError()
  }
}

function remember (remembered: Map<string, KnownToken>, header: string, known: KnownToken): void {
  if (remembered.has(header)) return
  if (remembered.size >= maxRemembered) {
    const oldest = remembered.keys().next()
    if (oldest.done !== true) remembered.delete(oldest.value)
  }
  remembered.set(header, known)
}
