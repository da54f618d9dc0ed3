import { Agent, type IncomingMessage, request as send } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}
export interface HttpAnswer {
  readonly status: number
  /** Of the body as it came, still compressed. */
  readonly bytes: number
  readonly body: string
  /** The first cookie that was set, as `name=value`. */
  readonly cookie: string | undefined
}

const agent = new Agent({ keepAlive: true })

/** As a browser asks: connections are kept, answers may be compressed. */
export async function ask (base: string, { method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
  const payload = body === undefined ? undefined : JSON.stringify(body)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    send(new URL(path, base), {
      agent,
      method,
      headers: { accept: 'application/json', 'accept-encoding': 'gzip, deflate, br, zstd', ...payload !== undefined && { 'content-type': 'application/json' }, ...headers }
    }, resolve).once('error', reject).end(payload)
  })
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  return { status: answer.statusCode ?? 0, bytes: raw.length, body: decode(raw, answer.headers['content-encoding']), cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] }
}

export function closeConnections (): void {
  agent.destroy()
}

function decode (raw: Buffer, encoding: string | undefined): string {
  const decoders: Readonly<Record<string, (data: Buffer) => Buffer>> = { br: brotliDecompressSync, gzip: gunzipSync, deflate: inflateSync, zstd: zstdDecompressSync }
  return (encoding === undefined ? raw : decoders[encoding]?.(raw) ?? raw).toString()
}
