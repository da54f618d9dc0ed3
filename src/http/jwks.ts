import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { type JwtKeys, publicJwks } from '../platform/jwt-keys.ts'

const Jwk = Type.Object({
  kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: Type.String(), kid: Type.String(), alg: Type.Literal('EdDSA'), use: Type.Literal('sig')
})
const Jwks = Type.Object({ keys: Type.Array(Jwk) }, { title: 'Jwks' })

/** Below the time in which a key that was taken away is refused. */
const maxAgeSeconds = 30

/** The public keys whose access tokens are good, for other services of the house that are shown one (RFC 7517). */
export const jwksRoutes: FastifyPluginAsyncTypebox<{ readonly keys: JwtKeys }> = async (app, { keys }) => {
  app.get('/.well-known/jwks.json', { config: { access: 'public' }, schema: { tags: ['operations'], summary: 'Public keys of access tokens', response: { 200: Jwks } } },
    async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${maxAgeSeconds}`)
      return { keys: publicJwks(keys) }
    })
}
