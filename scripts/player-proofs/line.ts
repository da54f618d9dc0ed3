import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'

/** What becomes of a request: passed on, or the connection broken, or an answer of the line's own. */
export type Fate = 'pass' | 'break' | { readonly status: number }

export interface Line {
  readonly url: string
  /** The service behind it, once it is known. */
  target: string
  /** Decides for each request; `cut` also breaks what is under way. */
  decide (by: (path: string) => Fate): void
  breakOpen (which: (path: string) => boolean): void
  close (): Promise<void>
}

/** The line between a listener and the service, which can be cut. */
export async function openLine (): Promise<Line> {
  let decide: (path: string) => Fate = () => 'pass'
  const open = new Map<ServerResponse, string>()
  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '/'
    const fate = decide(path)
    if (fate === 'break') { incoming.socket.destroy(); return }
    if (fate !== 'pass') { response.writeHead(fate.status, { 'content-type': 'application/json' }).end('{}'); return }
    open.set(response, path)
    response.once('close', () => open.delete(response))
    pass(incoming, response, line.target).catch(() => { response.destroy() })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const line: Line = {
    url: `http://localhost:${address.port}`,
    target: '',
    decide: (by) => { decide = by },
    breakOpen (which) { for (const [response, path] of open) if (which(path)) response.socket?.destroy() },
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    }
  }
  return line
}

async function pass (incoming: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
  const { hostname, port } = new URL(target)
  const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers })
  outgoing.on('error', () => response.destroy())
  response.once('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
  const [answer]: IncomingMessage[] = await once(outgoing, 'response')
  if (answer === undefined) throw new Error('no answer')
  response.writeHead(answer.statusCode ?? 502, answer.headers)
  answer.on('error', () => response.destroy())
  answer.pipe(response)
}
