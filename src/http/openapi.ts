import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { Type } from 'typebox'
import type { Config } from '../config.ts'
import { type Access, accessForAll } from './access.ts'

/** Collects what the routes say of themselves; before the first of them is registered. */
export async function collectOpenapi (app: FastifyInstance, config: Config): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Freshet', version: '1', description: 'Everything that the web client does. Send `Authorization: Bearer` with the access token of POST /api/session, or with an API token.' },
      servers: [{ url: config.http.publicUrl }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Access token (10 minutes) or API token (fr_…).' },
          refreshCookie: { type: 'apiKey', in: 'cookie', name: 'freshet_refresh', description: 'Refreshes the session and nothing else. Behind https its name begins with __Host-.' }
        }
      }
    },
    transform: ({ schema, url, route }) => ({ schema: documented(schema, url, route.config?.access), url })
  })
}

const cookieRoutes = new Set(['/api/session/refresh'])

function documented (schema: FastifySchema | undefined, url: string, access: Access | undefined): FastifySchema {
  const { description, ...rest } = isRecord(schema) ? schema : {}
  const asked = access === 'public' || access === undefined ? 'Open to everybody.' : `Asks for: ${access}.`
  const security = access === 'public' || access === undefined ? (cookieRoutes.has(url) ? [{ refreshCookie: [] }] : []) : [{ bearer: [] }]
  const text = [description, asked].filter((part) => typeof part === 'string').join('\n\n')
  return asRecord(in31({ ...rest, description: text, security }))
}

/**
 * OpenAPI 3.1 is JSON Schema, which knows null as a type and not `nullable`. What has a default is filled in when it is
 * missing, so nobody need send it, however sure the handler is of having it.
 */
function in31 (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(in31)
  if (!isRecord(value)) return value
  const { nullable, ...rest } = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, in31(inner)]))
  const { required, properties } = rest
  const schema = Array.isArray(required) && isRecord(properties)
    ? { ...rest, required: required.filter((name) => !hasDefault(properties[String(name)])) }
    : rest
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema
}

function hasDefault (schema: unknown): boolean {
  return isRecord(schema) && 'default' in schema
}

function asRecord (value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object to whoever reads it; to us the text of one, made once. */
const Document = Type.Unsafe<string>(Type.Object({}, { additionalProperties: true, description: 'An OpenAPI document.' }))

/** The description itself, and a page to browse it. */
export const openapiRoutes: FastifyPluginAsyncTypebox = async (app) => {
  let text: string | undefined
  app.get('/openapi.json', {
    config: { access: 'public' },
    schema: { tags: ['operations'], summary: 'This API, as OpenAPI 3.1', response: { 200: Document } }
  }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').serializer(asIs).send(text)
  })

  await app.register(async (scope) => {
    accessForAll(scope, 'public')
    await scope.register(swaggerUi, { routePrefix: '/docs', uiConfig: { url: '/api/openapi.json', persistAuthorization: false }, theme: { title: 'Freshet API' } })
  })
}

function asIs (payload: unknown): string {
  return String(payload)
}
