import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build } from 'vite'

export interface PageServer { readonly url: string, close(): Promise<void> }

const web = join(import.meta.dirname, '../../web')
const page = join(import.meta.dirname, 'page')
const built = join(import.meta.dirname, '../../dist/player-proofs')
const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

/** The proofs' page, with the player's own sources built as for listeners; everything else comes from the service. */
export async function servePage (service: string): Promise<PageServer> {
  await build({ root: page, configFile: false, logLevel: 'error', plugins: [svelte({ configFile: join(web, 'svelte.config.js') })], build: { outDir: built, emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } }, worker: { format: 'es' } })
  const server = createServer((incoming, response) => {
    answer(incoming, response, service).catch(() => { response.destroy() })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://localhost:${address.port}/`,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    }
  }
}

async function answer (incoming: IncomingMessage, response: ServerResponse, service: string): Promise<void> {
  const path = new URL(incoming.url ?? '/', 'http://localhost').pathname
  if (path === '/' || path.startsWith('/assets/')) {
    const file = path === '/' ? 'index.html' : path
    const bytes = await readFile(join(built, file)).catch(() => null)
    response.writeHead(bytes === null ? 404 : 200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes)
    return
  }
  const { hostname, port } = new URL(service)
  const outgoing = request({ hostname, port, method: incoming.method, path: incoming.url, headers: { ...incoming.headers, host: `${hostname}:${port}` } })
  outgoing.on('error', () => response.destroy())
  response.once('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
  const [passed]: IncomingMessage[] = await once(outgoing, 'response')
  if (passed === undefined) throw new Error('no answer')
  response.writeHead(passed.statusCode ?? 502, passed.headers)
  passed.pipe(response)
}
