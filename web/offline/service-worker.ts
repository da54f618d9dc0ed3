import { artworkCacheName, artworkIdIn, keptArtworkPath, parseKeptPath } from './kept-addresses.ts'
import { answerKept } from './kept-answer.ts'

/** What a service worker is given, as far as it is used: TypeScript has these for workers or for pages, never for both. */
interface ExtendableEvent { waitUntil(work: Promise<unknown>): void }
interface WorkerEvents {
  readonly install: ExtendableEvent
  readonly activate: ExtendableEvent
  readonly message: ExtendableEvent & { readonly data: unknown }
  readonly fetch: { readonly request: Request, respondWith(answer: Promise<Response>): void }
}
declare const self: {
  readonly location: Location
  readonly clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener<Name extends keyof WorkerEvents>(name: Name, listener: (event: WorkerEvents[Name]) => void): void
}
/** Filled in by the build: every file of the client, and a name for exactly these. */
declare const SHELL_FILES: readonly string[]
declare const SHELL_VERSION: string

const cachePrefix = 'freshet-shell-'
const cacheName = cachePrefix + SHELL_VERSION
const pagePath = '/index.html'
/** Addresses that are the server's own pages and data: never answered from here. */
const serverPath = /^\/(api|media|store|originals|s)(\/|$)/

self.addEventListener('install', (event) => { event.waitUntil(install()) })
self.addEventListener('activate', (event) => { event.waitUntil(activate()) })
self.addEventListener('message', (event) => { if (event.data === 'take-over') event.waitUntil(self.skipWaiting()) })
self.addEventListener('fetch', (event) => {
  const answer = answerFor(event.request)
  if (answer !== null) event.respondWith(answer)
})

/** All files or none: a version that could not be fetched whole is no version. */
async function install (): Promise<void> {
  const cache = await caches.open(cacheName)
  await cache.addAll([pagePath, ...SHELL_FILES].map((path) => new Request(path, { cache: path.startsWith('/assets/') ? 'default' : 'reload' })))
}

/** Of the versions before, the latest stays: another tab may still show it, and asks for its parts. */
async function activate (): Promise<void> {
  const former = (await caches.keys()).filter((name) => name.startsWith(cachePrefix) && name !== cacheName)
  for (const name of former.slice(0, -1)) await caches.delete(name)
  await self.clients.claim()
}

/** Only files of the client, kept music and its pictures; whatever else passes as if nobody stood here. */
function answerFor (request: Request): Promise<Response> | null {
  if (request.method !== 'GET') return null
  const url = new URL(request.url)
  if (request.destination === 'image') {
    const artworkId = artworkIdIn(url.pathname)
    if (artworkId !== null) return answerArtwork(request, artworkId)
  }
  if (url.origin !== self.location.origin) return null
  const kept = parseKeptPath(url.pathname)
  if (kept !== null) return answerKept(kept, request.headers.get('range'))
  if (request.mode === 'navigate') return serverPath.test(url.pathname) ? null : answerPage()
  return url.pathname.startsWith('/assets/') || SHELL_FILES.includes(url.pathname) ? answerFile(request) : null
}

async function answerPage (): Promise<Response> {
  const page = await caches.match(pagePath, { cacheName })
  return page ?? await fetch(pagePath)
}

/** Its own version's file first, then that of a version before. */
async function answerFile (request: Request): Promise<Response> {
  return await caches.match(request, { cacheName }) ?? await caches.match(request) ?? await fetch(request)
}

async function answerArtwork (request: Request, artworkId: string): Promise<Response> {
  try {
    return await fetch(request)
  } catch {
    return await caches.match(keptArtworkPath(artworkId), { cacheName: artworkCacheName }) ?? Response.error()
  }
}
