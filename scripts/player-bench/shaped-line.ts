import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

export interface LineShape {
  /** A response begins so much later: one round trip. */
  readonly delayMs: number
  /** All responses share it. 0: as fast as it goes. */
  readonly bitsPerSecond: number
}

export interface ShapedLine {
  readonly url: string
  /** Where to pass things on to. */
  service: string
  shape: LineShape
  /** Requests since it was last emptied: method, address without its query, status and bytes. */
  readonly log: string[]
  close (): Promise<void>
}

/** About one packet. */
const sliceBytes = 1_400

/** A proxy before a service, which makes its line slow. `files` are answered here, at once. */
export async function openShapedLine (files: Readonly<Record<string, string>>): Promise<ShapedLine> {
  let freeAt = 0
  const line: ShapedLine = { url: '', service: '', shape: { delayMs: 0, bitsPerSecond: 0 }, log: [], close }
  const server = createServer((incoming, response) => {
    const file = files[incoming.url ?? '']
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(file)
      return
    }
    pass(incoming, response).catch(() => { response.destroy() })
  })
  await once(server.listen(0, 'localhost'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  async function close (): Promise<void> {
    server.closeAllConnections()
    await new Promise((resolve) => { server.close(resolve) })
  }

  async function pass (incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hostname, port, host } = new URL(line.service)
    const { delayMs, bitsPerSecond } = line.shape
    const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host } })
    outgoing.on('error', () => { response.destroy() })
    response.once('close', () => { outgoing.destroy() })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    incoming.pipe(outgoing)
    const [[answer]] = await Promise.all([answered, delay(delayMs)])
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    response.flushHeaders()
    let bytes = 0
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length
      for (let at = 0; at < chunk.length && !response.destroyed; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes)
        if (bitsPerSecond > 0) await turn(slice.length * 8_000 / bitsPerSecond)
        response.write(slice)
      }
    }
    response.end()
    line.log.push(`${incoming.method} ${incoming.url?.split('?', 1)[0]} ${answer.statusCode} ${bytes}`)
  }

  /** Waits until the line has carried what came before, and this. Timers are coarse, so what is late is made up for. */
  async function turn (ms: number): Promise<void> {
    freeAt = Math.max(performance.now(), freeAt) + ms
    const wait = freeAt - performance.now()
    if (wait > 1) await delay(wait)
  }

  return Object.assign(line, { url: `http://localhost:${address.port}` })
}
