import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isDatabaseAway } from '../platform/database/database-away.ts'

interface Answer {
  readonly status: number
  readonly code: string
  readonly message: string
}

const overloaded = 'OVERLOADED'

/** Fastify's own errors, in our words; what isn't named here and is the caller's fault is an invalid request. */
const ofFastify: Readonly<Record<string, Omit<Answer, 'status'>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', message: 'the body is larger than this service takes here' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'send the body as application/json' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'INVALID_REQUEST', message: 'the body is not valid JSON' },
  FST_ERR_BAD_URL: { code: 'INVALID_REQUEST', message: 'the address is not well formed' },
  FST_UNDER_PRESSURE: { code: overloaded, message: 'the service has more to do than it can; try again in a moment' }
}

const retryAfterSeconds = 5

/** Every error leaves as `{error:{code,message}}`, with codes that stay; what we didn't foresee shows nothing of itself. */
export function answerErrors (app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => send(error, request, reply))
}

export function notFound (): Answer {
  return { status: 404, code: 'NOT_FOUND', message: 'there is nothing at this address' }
}

export function sendAnswer (reply: FastifyReply, { status, code, message }: Answer): FastifyReply {
  return reply.code(status).type('application/json; charset=utf-8').serializer(JSON.stringify).send({ error: { code, message } })
}

/** For an address so broken that no route and no hook sees it; the headers that the hooks would set stand here. */
export function answerUnreadable (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({ 'content-security-policy': "default-src 'none'", 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'x-frame-options': 'DENY' })
  send(error, request, reply)
}

function send (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const answer = answerTo(error, request)
  // What is turned away under load is counted, and there is no time to write of it.
  if (answer.status >= 500 && answer.code !== overloaded) request.log.error({ err: error, code: answer.code }, 'request failed')
  else request.log.debug({ code: answer.code, message: answer.message }, 'request refused')
  const wait = 'retryAfterSeconds' in error && typeof error.retryAfterSeconds === 'number' ? error.retryAfterSeconds : retryAfterSeconds
  if ((answer.status === 503 || answer.status === 429) && !reply.hasHeader('retry-after')) reply.header('retry-after', wait)
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer')
  return sendAnswer(reply, answer)
}

function answerTo (error: FastifyError, request: FastifyRequest): Answer {
  if (error.validation !== undefined) return { status: 400, code: 'INVALID_REQUEST', message: validationMessage(error) }
  const status = error.statusCode ?? 500
  const known = ofFastify[error.code]
  if (known !== undefined) return { ...known, status }
  // An error with a status is no fault of the database: a client that hangs up is ECONNRESET too, with 400.
  if (error.statusCode === undefined && isDatabaseAway(error)) return { status: 503, code: 'UNAVAILABLE', message: `${awayPart(error)} does not answer; try again in a moment` }
  if (status >= 500 && status !== 503) return { status, code: 'INTERNAL', message: `something went wrong here; an administrator finds it in the log under ${request.id}` }
  const ours = typeof error.code === 'string' && !error.code.startsWith('FST_')
  return { status, code: ours ? error.code : 'INVALID_REQUEST', message: error.message }
}

/** The AWS SDK adds `$metadata` to whatever goes wrong in it, connections that break included. */
function awayPart (error: Error): string {
  return '$metadata' in error ? 'the object store or the queue' : 'the database'
}

/** `body/playedMs must be integer`; a field that nobody asked for is named as well. */
function validationMessage (error: FastifyError): string {
  const [first] = error.validation ?? []
  if (first?.keyword === 'pattern') return `${error.validationContext ?? 'request'}${first.instancePath} is not of the right form`
  const extra = first?.params?.additionalProperty
  return typeof extra === 'string' ? `${error.message}: ${extra.slice(0, 100)}` : error.message
}
