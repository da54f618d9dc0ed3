import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Test } from 'tap'

export interface Exchange {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Passed {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

/** How a fault shows: asks on as it likes, and answers what it likes. */
export type Mangle = (exchange: Exchange, ask: (exchange: Exchange) => Promise<Passed>) => Promise<Passed>

const perConnection = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'content-length', 'content-encoding'])

/** Stands before a service and breaks it; the address of the proxy. */
export async function manglingProxy (t: Test, target: string, mangle: Mangle): Promise<string> {
  const server = createServer((request, response) => {
    answer(request).then(({ status, headers, body }) => {
      for (const [name, value] of headers) if (!perConnection.has(name) && name !== 'set-cookie') response.setHeader(name, value)
      response.setHeader('set-cookie', headers.getSetCookie())
      response.writeHead(status).end(request.method === 'HEAD' ? undefined : body)
    }, () => response.destroy())
  })
  const answer = async (request: IncomingMessage) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !perConnection.has(name)).map(([name, value]) => [name, String(value)]))
    return mangle({ method: request.method ?? 'GET', url: request.url ?? '/', headers, body: Buffer.concat(chunks) }, (exchange) => pass(target, exchange))
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return `http://127.0.0.1:${address.port}`
}

async function pass (target: string, { method, url, headers, body }: Exchange): Promise<Passed> {
  const response = await fetch(target + url, { method, headers, redirect: 'manual', ...body.length === 0 ? {} : { body: new Uint8Array(body) } })
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) }
}
