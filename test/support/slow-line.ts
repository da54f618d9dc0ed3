import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'

export interface SlowLine {
  /** For a browser's proxy settings. */
  readonly proxy: string
  /** So many kbit/s from now on, each answer for itself. */
  carry(kbps: number): void
}

const pieceBytes = 4_096

/** A proxy that lets the answers of some paths through slowly. */
export async function startSlowLine (t: Test, isSlow: (path: string) => boolean): Promise<SlowLine> {
  let kbps = Infinity
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '')
    const outgoing = request(url, { method: incoming.method, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      if (isSlow(url.pathname)) trickle(answer, response, () => kbps).catch(() => response.destroy())
      else answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    response.once('close', () => outgoing.destroy())
    incoming.pipe(outgoing)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { proxy: `http://127.0.0.1:${address.port}`, carry (next) { kbps = next } }
}

async function trickle (answer: IncomingMessage, response: ServerResponse, kbps: () => number): Promise<void> {
  let dueAt = performance.now()
  for await (const bytes of answer as AsyncIterable<Buffer>) {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes)
      dueAt += piece.length * 8 / kbps()
      await delay(Math.max(0, dueAt - performance.now()))
      response.write(piece)
    }
  }
  response.end()
}
