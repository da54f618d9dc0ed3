import { Compile, type Validator } from 'typebox/schema'
import type { Acceptance } from './acceptance.ts'
import type { Observation } from './client.ts'
import { expect, expectStatus } from './expectations.ts'
import { isRecord, type OpenapiDocument, type OpenapiOperation } from './openapi-document.ts'

type Schemas = NonNullable<OpenapiOperation['responses']>

/** Whether every answer that this run got is one that the API’s description promises. */
export async function documented ({ suite, stranger }: Acceptance, observations: readonly Observation[]): Promise<void> {
  await suite.section('Answers as described', async () => {
    const { body } = await suite.step('the description is read', async () => expectStatus(await stranger.get<OpenapiDocument>('/api/openapi.json'), 200))
    const find = operationFinder(body)
    const validators = new Map<unknown, Validator>()
    const faults = new Set<string>()
    let compared = 0
    for (const observation of observations) {
      const operation = find(observation)
      if (operation?.operation.responses === undefined) continue
      compared++
      const fault = faultOf(observation, operation.operation.responses, validators)
      if (fault !== undefined) faults.add(`${observation.method} ${operation.path} → ${observation.status}: ${fault}`)
    }
    await suite.check(`${compared} answers of this run are as described`, () => {
      expect(compared > 0, 'none was compared')
      expect(faults.size === 0, [...faults].slice(0, 10).join('\n      '))
    })
  })
}

function operationFinder ({ paths }: OpenapiDocument) {
  const known = Object.entries(paths).map(([path, methods]) => ({ path, methods, pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`), parameters: path.split('{').length }))
  // /uploads/batch before /uploads/{id}.
  known.sort((a, b) => a.parameters - b.parameters)
  return ({ method, path }: Observation) => {
    const found = known.find(({ pattern, methods }) => pattern.test(path) && method.toLowerCase() in methods)
    const operation = found?.methods[method.toLowerCase()]
    return found === undefined || operation === undefined ? undefined : { path: found.path, operation }
  }
}

/** Refusals that any route may give have one shape, which the suite checks elsewhere; what succeeds must be described. */
function faultOf ({ status, body, json }: Observation, responses: Schemas, validators: Map<unknown, Validator>): string | undefined {
  const response = responses[String(status)] ?? responses[`${String(status)[0]}XX`]
  if (response === undefined) return status >= 400 ? undefined : 'the status is not described'
  const schema = response.content?.['application/json']?.schema
  if (!json || !isRecord(schema)) return undefined
  const validator = validators.get(schema) ?? Compile(schema)
  validators.set(schema, validator)
  return validator.Check(body) ? undefined : firstError(validator, body)
}

function firstError (validator: Validator, body: unknown): string {
  const [, errors] = validator.Errors(body)
  return errors.slice(0, 1).map(({ instancePath, message }) => `${instancePath} ${message}`).join('')
}
