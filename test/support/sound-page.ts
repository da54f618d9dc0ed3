import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { build } from 'vite'

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.mp4': 'audio/mp4' }

export interface SoundPage {
  readonly url: string
  /** Decides what becomes of a request; true: it is answered already. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean
  close (): Promise<void>
}

/** Builds the page of test/web/sound-page/ as the client is built, and serves it with the files of a folder at /media/. */
export async function openSoundPage (mediaFolder: string): Promise<SoundPage> {
  const root = join(import.meta.dirname, '../web/sound-page')
  const outDir = await mkdtemp(join(tmpdir(), 'freshet-sound-page-'))
  await build({ root, configFile: false, plugins: [svelte({ configFile: join(import.meta.dirname, '../../web/svelte.config.js') })], logLevel: 'error', build: { outDir, emptyOutDir: true, assetsInlineLimit: 0, target: 'es2022', modulePreload: { polyfill: false } } })
  const page: SoundPage = {
    url: '',
    intercept: () => false,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
      await rm(outDir, { recursive: true, force: true })
    }
  }
  const server: Server = createServer((request, response) => {
    if (page.intercept(request, response)) return
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const file = path.startsWith('/media/') ? join(mediaFolder, path.slice(7)) : join(outDir, path === '/' ? 'index.html' : path)
    send(file, request, response).catch(() => { response.writeHead(404).end() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return Object.assign(page, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` })
}

async function send (file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { size } = await stat(file)
  const [, first = '', last = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? []
  const [start, end] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)]
  response.writeHead(first === '' ? 200 : 206, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-length': end + 1 - start,
    'accept-ranges': 'bytes',
    ...(first === '' ? {} : { 'content-range': `bytes ${start}-${end}/${size}` })
  })
  createReadStream(file, { start, end }).pipe(response)
}
