import AjvCompiler from '@fastify/ajv-compiler'
import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'

const strict = { removeAdditional: false, useDefaults: true, allErrors: false, addUsedSchema: false } as const

/**
 * Bodies say what they mean: a number as text is an error there, and so is a field that nobody asked for. Addresses are
 * all text, so parameters and query strings are converted.
 */
export function strictValidation (app: FastifyInstance): void {
  const pool = AjvCompiler()
  const forBodies = pool({}, { customOptions: { ...strict, coerceTypes: false } })
  const forText = pool({}, { customOptions: { ...strict, coerceTypes: true } })
  const compiler: FastifySchemaCompiler<object> = (definition) =>
    definition.httpPart === 'body' ? forBodies(definition) : forText(definition)
  app.setValidatorCompiler(compiler)
  app.addHook('onRoute', (route) => {
    if (route.schema?.body !== undefined) route.schema = { ...route.schema, body: closed(route.schema.body) }
  })
}

/** The same schema, in which no object takes fields beyond those it names, at any depth. */
function closed (schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isRecord(schema)) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, key === 'properties' && isRecord(value) ? closedEach(value) : closed(value)]))
  return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy
}

function closedEach (properties: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, closed(schema)]))
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
