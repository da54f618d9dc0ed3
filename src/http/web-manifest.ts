import type { FastifyInstance } from 'fastify'

/** Colours of the day, as in web/app/tokens.css; by night the page's own meta tag decides. */
const colour = '#E9EDF0'
const icons = [
  { src: '/icons/192.png', sizes: '192x192', type: 'image/png', purpose: 'any' },
  { src: '/icons/512.png', sizes: '512x512', type: 'image/png', purpose: 'any' },
  { src: '/icons/maskable-192.png', sizes: '192x192', type: 'image/png', purpose: 'maskable' },
  { src: '/icons/maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' }
]

/** What a system shows of the client once it is installed: under the organisation's name. */
export function webManifest (app: FastifyInstance, organisation: string): void {
  const manifest = {
    id: '/',
    name: organisation,
    short_name: organisation.slice(0, 24),
    description: 'Find a song and hear it at once.',
    start_url: '/',
    scope: '/',
    display: 'standalone',
    theme_color: colour,
    background_color: colour,
    categories: ['music'],
    icons,
    shortcuts: [
      { name: 'Search', url: '/search' },
      { name: 'Library', url: '/library/albums' },
      { name: 'Kept music', url: '/kept' }
    ]
  }
  app.get('/manifest.webmanifest', { config: { access: 'public' }, schema: { hide: true } }, (_request, reply) =>
    reply.type('application/manifest+json').header('cache-control', 'no-cache').send(JSON.stringify(manifest)))
}
