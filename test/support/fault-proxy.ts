import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { Test } from 'tap'

/** The request goes on when the one is settled, its answer when the other is. */
interface Waits { readonly for?: Promise<unknown>, readonly answerFor?: Promise<unknown> }

/** What happens to a request: it or its answer waits, or it has an answer of ours, silence, or an answer that breaks off or stops half way. */
export type Fault =
  | { readonly kind: 'waits' } & Waits
  | { readonly kind: 'answer', readonly status: number, readonly body: string, readonly headers?: Record<string, string> }
  | { readonly kind: 'silent' }
  | { readonly kind: 'torn' | 'stalled', readonly afterBytes: number }

export type Decide = (request: IncomingMessage) => Fault | undefined

export interface FaultProxy {
  readonly endpoint: string
  /** How many requests have come so far. */
  requests(): number
  /** What becomes of requests from now on; without it they pass. */
  decide(by: Decide | undefined): void
}

/** Stands before a server on loopback and does to its answers what networks do. The Host header stays, as it is signed. */
export async function startFaultProxy (t: Test, target: string): Promise<FaultProxy> {
  let decide: Decide | undefined
  let requests = 0
  const server = createServer((incoming, response) => {
    requests++
    handle(incoming, response, { target, fault: decide?.(incoming) }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  server.requestTimeout = 0
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { endpoint: `http://127.0.0.1:${address.port}`, requests: () => requests, decide: (by) => { decide = by } }
}

async function handle (incoming: IncomingMessage, response: ServerResponse, { target, fault }: { readonly target: string, readonly fault: Fault | undefined }): Promise<void> {
  if (fault?.kind === 'silent') return
  if (fault?.kind === 'answer') {
    incoming.resume()
    response.writeHead(fault.status, { 'content-type': 'application/xml', ...fault.headers }).end(fault.body)
    return
  }
  const answer = await passOn(incoming, response, { target: new URL(target), waits: fault?.kind === 'waits' ? fault : {} })
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  if (fault?.kind === 'torn' || fault?.kind === 'stalled') return stopAfter(answer, response, fault)
  answer.pipe(response)
}

async function passOn (incoming: IncomingMessage, response: ServerResponse, { target: { hostname, port }, waits }: { readonly target: URL, readonly waits: Waits }): Promise<IncomingMessage> {
  await waits.for
  const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers })
  response.once('close', () => outgoing.destroy())
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
  const [answer]: IncomingMessage[] = await once(outgoing, 'response')
  if (answer === undefined) throw new Error('no answer')
  await waits.answerFor
  return answer
}

function stopAfter (answer: IncomingMessage, response: ServerResponse, { kind, afterBytes }: Extract<Fault, { afterBytes: number }>): void {
  let left = afterBytes
  const stop = () => { if (kind === 'torn' && left <= 0) response.destroy() }
  answer.on('data', (chunk: Buffer) => {
    if (left <= 0) return
    response.write(chunk.subarray(0, left), stop)
    left -= chunk.length
  })
  stop()
}
