import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** A stand-in for one of Amazon's services, on loopback. */
export interface HttpDouble {
  readonly port: number
  readonly url: string
  stop(): Promise<void>
}

export interface DoubleRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

export interface DoubleAnswer {
  readonly status: number
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** @param answer what it throws is answered with 500 */
export async function startHttpDouble (answer: (request: DoubleRequest) => DoubleAnswer | Promise<DoubleAnswer>): Promise<HttpDouble> {
  const server = createServer((request, response) => {
    respond(request, response, answer).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500)
      response.end(String(error))
    })
  })
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server on loopback has no port')
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    stop: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }
}

async function respond (request: IncomingMessage, response: ServerResponse, answer: Parameters<typeof startHttpDouble>[0]): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://double')
  const { status, body, headers } = await answer({ method: request.method ?? 'GET', path: url.pathname, query: url.searchParams, headers: request.headers, body: await buffer(request) })
  response.writeHead(status, { 'content-length': Buffer.byteLength(body ?? ''), ...headers })
  response.end(request.method === 'HEAD' ? undefined : body)
}
