import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Test } from 'tap'

export interface MetadataServer {
  readonly url: string
  /** From now on there is a Spot notice. */
  takeAway(): void
  /** The tokens given out so far are good no more. */
  forgetTokens(): void
  asked(): number
}

/** EC2's instance metadata, version 2 only: no token, no answer. */
export async function metadataServer (t: Test): Promise<MetadataServer> {
  const tokens = new Set<string>()
  let notice: object | undefined
  let asked = 0
  const server = createServer(({ method, url, headers }, response) => {
    const end = (status: number, body = '') => { response.writeHead(status).end(body) }
    if (url === '/latest/api/token') {
      if (method !== 'PUT' || !(Number(headers['x-aws-ec2-metadata-token-ttl-seconds']) <= 21_600)) { end(400); return }
      const token = randomUUID()
      tokens.add(token)
      end(200, token)
      return
    }
    if (!tokens.has(String(headers['x-aws-ec2-metadata-token']))) { end(401); return }
    asked += 1
    if (url === '/latest/meta-data/spot/instance-action' && notice !== undefined) end(200, JSON.stringify(notice))
    else end(404)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    takeAway: () => { notice = { action: 'terminate', time: new Date(Date.now() + 120_000).toISOString() } },
    forgetTokens: () => { tokens.clear() },
    asked: () => asked
  }
}
