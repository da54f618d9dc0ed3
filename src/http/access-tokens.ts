import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Role } from '../accounts/actor.ts'
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

export async function accessTokens (app: FastifyInstance, { privateKey, issuer }: { readonly privateKey: string, readonly issuer: string }): Promise<AccessTokens> {
  const publicKey = createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'pem' }).toString()
  // RFC 7638 would hash the JWK; any fixed name of the key will do.
  const kid = createHash('sha256').update(publicKey).digest('base64url').slice(0, 16)
  await app.register(jwt, {
    secret: { private: privateKey, public: publicKey },
    sign: { algorithm: 'EdDSA', iss: issuer, aud: audience, kid, header: { alg: 'EdDSA', typ: type } },
    verify: { algorithms: ['EdDSA'], allowedIss: issuer, allowedAud: audience, checkTyp: type, complete: true, cache: false, requiredClaims: ['sub', 'sid', 'role', 'epoch', 'iat', 'exp', 'iss', 'aud'] }
  })
  const remembered = new Map<string, AccessClaims>()
  const check = (token: string, now: Date): AccessClaims => {
    const { header, payload } = parseVerified(app, token, now)
    if (header.kid !== kid) throw new UnauthenticatedError()
    const { sub, sid, role, epoch, exp } = payload
    return { sub, sid, role, epoch, exp }
  }
  return {
    issue (claims, now) {
      const iat = Math.floor(now.getTime() / 1000)
      const exp = iat + lifeSeconds
      return { accessToken: app.jwt.sign({ ...claims, iat, exp }), expiresAt: new Date(exp * 1000) }
    },
    verify (header, token, now) {
      // By the whole header: two tokens that begin alike are two entries.
      const claims = remembered.get(header) ?? check(token, now)
      if (claims.exp * 1000 <= now.getTime()) {
        remembered.delete(header)
        throw new UnauthenticatedError()
      }
      remember(remembered, header, claims)
      return claims
    }
  }
}

function parseVerified (app: FastifyInstance, token: string, now: Date) {
  try {
    return Value.Parse(Verified, app.jwt.verify(token, { clockTimestamp: now.getTime() }))
  } catch {
    // Which of the many reasons it was helps only who forges.
    throw new UnauthenticatedError()
  }
}

function remember (remembered: Map<string, AccessClaims>, header: string, claims: AccessClaims): void {
  if (remembered.has(header)) return
  if (remembered.size >= maxRemembered) {
    const oldest = remembered.keys().next()
    if (oldest.done !== true) remembered.delete(oldest.value)
  }
  remembered.set(header, claims)
}
