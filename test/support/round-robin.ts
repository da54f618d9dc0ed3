import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { Test } from 'tap'

/** A load balancer without stickiness: each request goes to the next of the ports. @returns the port it listens on */
export async function roundRobin (t: Test, ports: readonly number[]): Promise<number> {
  let turn = 0
  const balancer = createServer((incoming, response) => {
    turn += 1
    const outgoing = request({ port: ports[turn % ports.length], host: 'localhost', method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => { response.destroy() })
    incoming.pipe(outgoing)
  })
  await once(balancer.listen(0, 'localhost'), 'listening')
  t.teardown(() => { balancer.closeAllConnections(); balancer.close() })
  const address = balancer.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
