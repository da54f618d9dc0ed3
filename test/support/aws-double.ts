import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import type { Test } from 'tap'

/** Secrets Manager and SSM's parameters as their SDK sees them, over HTTP, until the end of the test. */
export interface AwsDouble {
  readonly endpoint: string
  /** By name or ARN; may be changed at any time. */
  readonly secrets: Map<string, string>
  readonly parameters: Map<string, string>
  /** What the machine's role may not read. */
  readonly forbidden: Set<string>
  /** Names that were asked for, in order. */
  readonly asked: string[]
  /** Settings that make a process use it. */
  readonly env: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly body: object
}

export async function startAwsDouble (t: Test): Promise<AwsDouble> {
  const secrets = new Map<string, string>()
  const parameters = new Map<string, string>()
  const forbidden = new Set<string>()
  const asked: string[] = []
  const fault = (status: number, type: string, message: string): Answer => ({ status, body: { __type: type, message } })
  const answer = (target: string, name: string): Answer => {
    asked.push(name)
    if (forbidden.has(name)) return fault(400, 'AccessDeniedException', `User: arn:aws:sts::1:assumed-role/web is not authorized to perform: ${target} on ${name}`)
    if (target === 'secretsmanager.GetSecretValue') {
      const text = secrets.get(name)
      return text === undefined ? fault(400, 'ResourceNotFoundException', 'Secrets Manager can\'t find the specified secret.') : { status: 200, body: { Name: name, SecretString: text } }
    }
    const text = parameters.get(name)
    return text === undefined ? fault(400, 'ParameterNotFound', '') : { status: 200, body: { Parameter: { Name: name, Type: 'SecureString', Value: text } } }
  }
  const server = createServer(async (request, response) => {
    const body = await json(request) as { SecretId?: string, Name?: string }
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ') === true
    const { status, body: text } = signed ? answer(String(request.headers['x-amz-target']), body.SecretId ?? body.Name ?? '') : fault(403, 'MissingAuthenticationTokenException', 'not signed')
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(text))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const endpoint = `http://127.0.0.1:${address.port}`
  return { endpoint, secrets, parameters, forbidden, asked, env: { AWS_ENDPOINT: endpoint, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' } }
}
