import { accessToken, awaitsToken, renew } from './access-token.ts'
import { countEdit } from './edits.ts'
import { keepWritten, writtenHeaders } from './written.ts'

/** What the server answered when it refused; `code` is stable and `message` is in words. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfterSeconds: number | null
  constructor (status: number, code: string, message: string, retryAfterSeconds: number | null = null) {
    super(message)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** The server couldn't be reached: no network, or it is down. */
export class UnreachableError extends Error {
  constructor (cause: unknown) {
    super('the server could not be reached', { cause })
    this.name = 'UnreachableError'
  }
}

export interface RequestOptions {
  readonly query?: Readonly<Record<string, string | number | null | undefined>>
  readonly body?: unknown
  readonly signal?: AbortSignal
  /** Let the request outlive the page. */
  readonly keepalive?: boolean
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/**
 * One call of the API. A 401 is answered by one renewal of the session and one repetition.
 * @throws ApiError, UnreachableError, or the AbortError of `signal`
 */
export async function request<T> (method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  return await answer<T>(await respond(method, path, options))
}

/** A file, which the browser may put on disk as it comes. */
export async function getFile (path: string): Promise<Blob> {
  const response = await respond('GET', path, {})
  return response.ok ? await readBody(() => response.blob()) : await answer(response)
}

/** As `get`, for an answer that is read as it comes. */
export async function open (path: string, options: RequestOptions): Promise<ReadableStream<Uint8Array>> {
  const response = await respond('GET', path, options)
  return response.ok && response.body !== null ? response.body : await answer(response)
}

/** Answers that were asked for before their page was there, each for one taker. */
const ahead = new Map<string, Promise<Response>>()
/** What nobody took by then belongs to a page that isn't shown. */
const aheadMs = 5_000

/** Asks for what a page will ask for as soon as it is there. */
export function askAhead (path: string): void {
  const asked = respond('GET', path, {})
  asked.catch(() => undefined)
  ahead.set(path, asked)
  setTimeout(() => { ahead.delete(path) }, aheadMs)
}

async function respond (method: Method, path: string, options: RequestOptions): Promise<Response> {
  const early = method === 'GET' && options.query === undefined ? ahead.get(path) : undefined
  ahead.delete(path)
  if (early !== undefined) return await early
  if (awaitsToken()) await renewedOrUnreachable()
  const token = accessToken()
  const response = await send(method, path, options)
  return response.status === 401 && token !== null && await renewed(token) ? await send(method, path, options) : response
}

export const get = async <T>(path: string, options?: RequestOptions): Promise<T> => await request<T>('GET', path, options)
export const post = async <T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> => await request<T>('POST', path, { ...options, body: body ?? {} })

/** Whether there is a newer token than the refused one. */
async function renewed (refused: string): Promise<boolean> {
  return accessToken() === refused ? await renewedOrUnreachable() : accessToken() !== null
}

async function renewedOrUnreachable (): Promise<boolean> {
  try {
    return await renew()
  } catch (cause) {
    throw new UnreachableError(cause)
  }
}

async function send (method: Method, path: string, { query, body, signal, keepalive }: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...writtenHeaders() }
  const token = accessToken()
  if (token !== null) headers.authorization = `Bearer ${token}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  const init: RequestInit = { method, headers, keepalive: keepalive ?? false }
  if (body !== undefined) init.body = JSON.stringify(body)
  if (signal !== undefined) init.signal = signal
  try {
    const response = await fetch(`/api${path}${queryString(query)}`, init)
    keepWritten(response)
    countEdit(method, path)
    return response
  } catch (cause) {
    if (signal?.aborted === true) throw cause
    throw new UnreachableError(cause)
  }
}

async function answer<T> (response: Response): Promise<T> {
  if (response.status === 204) return undefined as T
  if (response.ok) return await readBody(() => response.json()) as T
  const { code, message } = faultIn(await response.json().catch(() => null))
  const retryAfter = Number(response.headers.get('retry-after'))
  throw new ApiError(response.status, code, message, retryAfter > 0 ? retryAfter : null)
}

/** A line may also break while the answer comes. */
async function readBody<T> (read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw isAbort(cause) ? cause : new UnreachableError(cause)
  }
}

function faultIn (body: unknown): { code: string, message: string } {
  const fault = (body as { error?: { code?: unknown, message?: unknown } } | null)?.error
  return { code: String(fault?.code ?? 'UNKNOWN'), message: String(fault?.message ?? '') }
}

function queryString (query: RequestOptions['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== '')
  if (given.length === 0) return ''
  return `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`
}

/** For abandoned requests, which are no fault. */
export function isAbort (error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}
