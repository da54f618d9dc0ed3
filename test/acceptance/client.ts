import { setTimeout as delay } from 'node:timers/promises'

/** What came back, read to its end. */
export interface Answer<T = unknown> {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  /** The parsed body where it is JSON. */
  readonly body: T
}

export interface RequestOptions {
  /** Sent as JSON, unless it is bytes or text already. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly token?: string | undefined
  readonly timeoutMs?: number
}

/** An answer as it is remembered, to be compared with what the service says of itself. */
export interface Observation {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number
  readonly body: unknown
  readonly json: boolean
}

export interface ClientOptions {
  /** Where the service is, as its users write it. */
  readonly address: string
  /** Where to connect to instead, like curl’s --connect-to: for a service that can’t be reached by its own name. */
  readonly connect?: string | undefined
  readonly observe?: (observation: Observation) => void
}

/** Speaks to one service; `token` of the request, or that of the client, says who asks. */
export interface Client {
  readonly address: string
  /** `target` is a path of the service or an absolute address that it gave. */
  request<T = unknown>(method: string, target: string, options?: RequestOptions): Promise<Answer<T>>
  get<T = unknown>(target: string, options?: RequestOptions): Promise<Answer<T>>
  /** The same service, asked by somebody else. */
  as(token: string | undefined): Client
}

const defaultTimeoutMs = 30_000
/** A small machine under test sheds load; whoever is turned away comes back when told to, as the web client does. */
const mostTries = 6
const longestWaitSeconds = 5

export function createClient (options: ClientOptions, token?: string): Client {
  const request = <T>(method: string, target: string, asked: RequestOptions = {}) => sendUntilLetIn<T>(options, method, target, { token, ...asked })
  return {
    address: options.address,
    request,
    get: (target, asked) => request('GET', target, asked),
    as: (other) => createClient(options, other)
  }
}

async function sendUntilLetIn<T> (options: ClientOptions, method: string, target: string, asked: RequestOptions): Promise<Answer<T>> {
  for (let tries = 1; ; tries += 1) {
    const answer = await send<T>(options, method, target, asked)
    const waitSeconds = Number(answer.headers.get('retry-after') ?? Infinity)
    if (answer.status !== 503 || waitSeconds > longestWaitSeconds || tries === mostTries || !target.startsWith('/api/')) return answer
    await delay(waitSeconds * 1_000)
  }
}

async function send<T> ({ address, connect, observe }: ClientOptions, method: string, target: string, { body, headers, token, timeoutMs = defaultTimeoutMs }: RequestOptions): Promise<Answer<T>> {
  const url = target.startsWith('/') ? address + target : target
  const there = connect !== undefined && url.startsWith(`${address}/`) ? connect + url.slice(address.length) : url
  const { payload, type } = toPayload(body)
  const response = await fetch(there, {
    method,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { ...type, ...token === undefined ? {} : { authorization: `Bearer ${token}` }, ...headers },
    ...payload
  }).catch((error: unknown) => { throw new Error(`${method} ${withoutQuery(there)}: ${reasonOf(error)}`) })
  const bytes = Buffer.from(await response.arrayBuffer())
  const json = /^application\/json\b/.test(response.headers.get('content-type') ?? '') && bytes.length > 0
  const parsed: T = json ? JSON.parse(bytes.toString()) : undefined as T
  observe?.({ method, path: new URL(url).pathname, status: response.status, body: parsed, json })
  return { status: response.status, headers: response.headers, bytes, body: parsed }
}

function toPayload (body: unknown) {
  if (body === undefined) return { payload: {}, type: {} }
  if (body instanceof Uint8Array) return { payload: { body: new Uint8Array(body) }, type: {} }
  return { payload: { body: typeof body === 'string' ? body : JSON.stringify(body) }, type: { 'content-type': 'application/json' } }
}

/** Signatures in a query are nobody’s business. */
function withoutQuery (url: string): string {
  return url.split('?', 1)[0] ?? ''
}

/** fetch says `fetch failed`; the reason is its cause. */
export function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (error.name === 'TimeoutError') return 'no answer in time'
  return error.cause === undefined ? code ?? error.message : reasonOf(error.cause)
}
