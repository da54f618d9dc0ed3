import { randomUUID } from 'node:crypto'
import Fastify, { type InjectOptions } from 'fastify'
import t from 'tap'
import type { Role } from '../../src/accounts/actor.ts'
import { guardRoutes } from '../../src/http/access.ts'
import { prometheusMetrics } from '../../src/platform/metrics/prometheus-metrics.ts'
import { testApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'

const roles: readonly Role[] = ['listener', 'curator', 'admin', 'auditor']

/** Who may call what, written down once more and apart from the code: a new route fails until it stands here. */
const expected: Readonly<Record<string, string>> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'admin auditor',
  'GET /.well-known/jwks.json': 'public',
  'GET /api/openapi.json': 'public',
  'GET /api/docs/': 'public',
  'GET /api/docs/json': 'public',
  'GET /api/docs/yaml': 'public',
  'GET /api/docs/static/*': 'public',
  'GET /api/docs/static/index.html': 'public',
  'GET /api/docs/static/swagger-initializer.js': 'public',
  'GET /media/*': 'public',
  'GET /originals/*': 'public',
  'PUT /store/*': 'public',
  'GET /*': 'public',
  'GET /manifest.webmanifest': 'public',
  'GET /s/:token': 'public',
  'GET /s/:token/cover': 'public',
  'GET /api/shared/:token': 'public',
  'GET /api/shared/:token/tracks/:id/stream': 'public',
  'POST /api/shared/:token/plays': 'public',

  'POST /api/session': 'public',
  'POST /api/session/refresh': 'public',
  'DELETE /api/session': 'public',
  'GET /api/setup': 'public',
  'POST /api/setup': 'public',
  'GET /api/me': 'listener curator admin auditor',
  'POST /api/me/password': 'listener curator admin auditor',
  'GET /api/me/tokens': 'listener curator admin auditor',
  'POST /api/me/tokens': 'listener curator admin auditor',
  'DELETE /api/me/tokens/:id': 'listener curator admin auditor',
  'PATCH /api/me': 'listener curator admin auditor',
  'DELETE /api/me': 'listener curator admin auditor',
  'PATCH /api/me/preferences': 'listener curator admin auditor',
  'GET /api/me/export': 'listener curator admin auditor',
  'GET /api/me/app-passwords': 'listener curator admin auditor',
  'POST /api/me/app-passwords': 'listener curator admin auditor',
  'DELETE /api/me/app-passwords/:id': 'listener curator admin auditor',
  'GET /api/sessions': 'listener curator admin auditor',
  'DELETE /api/sessions': 'listener curator admin auditor',
  'DELETE /api/sessions/:id': 'listener curator admin auditor',
  'GET /api/users': 'admin auditor',
  'POST /api/users': 'admin',
  'PATCH /api/users/:id': 'admin',
  'DELETE /api/users/:id': 'admin',
  'GET /api/audit': 'admin auditor',

  'GET /api/albums/letters': 'listener curator admin auditor',
  'GET /api/artists/letters': 'listener curator admin auditor',
  'GET /api/genres/:id': 'listener curator admin auditor',
  'GET /api/tracks/:id/start': 'listener curator admin auditor',
  'POST /api/playlists/:id/items/remove': 'listener curator admin auditor',
  'POST /api/playlists/holding': 'listener curator admin auditor',
  'GET /api/events': 'listener curator admin auditor',
  'GET /api/queue': 'listener curator admin auditor',
  'POST /api/queue/operations': 'listener curator admin auditor',
  'POST /api/tracks/lookup': 'listener curator admin auditor',
  'GET /api/devices': 'listener curator admin auditor',
  'PUT /api/devices/this': 'listener curator admin auditor',
  'DELETE /api/devices/this': 'listener curator admin auditor',
  'POST /api/devices/this/take-over': 'listener curator admin auditor',
  'POST /api/devices/:id/command': 'listener curator admin auditor',

  'GET /api/search': 'listener curator admin auditor',
  'GET /api/home': 'listener curator admin auditor',
  'GET /api/genres': 'listener curator admin auditor',
  'GET /api/artists': 'listener curator admin auditor',
  'GET /api/artists/:id': 'listener curator admin auditor',
  'GET /api/artists/:id/albums': 'listener curator admin auditor',
  'GET /api/albums': 'listener curator admin auditor',
  'GET /api/albums/:id': 'listener curator admin auditor',
  'GET /api/tracks': 'listener curator admin auditor',
  'GET /api/tracks/:id': 'listener curator admin auditor',
  'DELETE /api/tracks/:id': 'curator admin',
  'PATCH /api/tracks': 'curator admin',
  'POST /api/tracks/editable': 'curator admin',
  'POST /api/tracks/conflicts': 'curator admin',
  'GET /api/edits': 'curator admin',
  'POST /api/edits/:id/undo': 'curator admin',
  'POST /api/edits/:id/redo': 'curator admin',
  'POST /api/albums/:id/artwork': 'curator admin',
  'DELETE /api/albums/:id/artwork': 'curator admin',
  'POST /api/artists/:id/artwork': 'curator admin',
  'DELETE /api/artists/:id/artwork': 'curator admin',
  'GET /api/health/series': 'admin auditor',
  'GET /api/uploads/summary': 'curator admin',
  'GET /api/uploads/rejected.csv': 'curator admin',
  'POST /api/uploads/retry': 'curator admin',
  'GET /api/tracks/:id/stream': 'listener curator admin auditor',
  'GET /api/plays': 'listener curator admin auditor',
  'POST /api/plays': 'listener curator admin auditor',
  'POST /api/plays/errors': 'listener curator admin auditor',
  'POST /api/plays/sound': 'listener curator admin auditor',

  'GET /api/playlists': 'listener curator admin auditor',
  'POST /api/playlists': 'listener curator admin auditor',
  'GET /api/playlists/:id': 'listener curator admin auditor',
  'PATCH /api/playlists/:id': 'listener curator admin auditor',
  'DELETE /api/playlists/:id': 'listener curator admin auditor',
  'GET /api/playlists/:id/items': 'listener curator admin auditor',
  'POST /api/playlists/:id/items': 'listener curator admin auditor',
  'DELETE /api/playlists/:id/items/:itemId': 'listener curator admin auditor',
  'POST /api/playlists/:id/items/:itemId/move': 'listener curator admin auditor',
  'GET /api/favorites': 'listener curator admin auditor',
  'PUT /api/favorites/:kind/:id': 'listener curator admin auditor',
  'DELETE /api/favorites/:kind/:id': 'listener curator admin auditor',
  'PUT /api/tracks/:id/rating': 'listener curator admin auditor',
  'DELETE /api/tracks/:id/rating': 'listener curator admin auditor',

  'GET /api/shares': 'listener curator admin',
  'POST /api/shares': 'listener curator admin',
  'DELETE /api/shares/:id': 'listener curator admin',
  'GET /api/requests': 'listener curator admin auditor',
  'POST /api/requests': 'listener curator admin auditor',
  'PUT /api/requests/:id/vote': 'listener curator admin auditor',
  'DELETE /api/requests/:id/vote': 'listener curator admin auditor',
  'PATCH /api/requests/:id': 'curator admin',

  'POST /api/uploads': 'curator admin',
  'POST /api/uploads/batch': 'curator admin',
  'POST /api/uploads/check': 'curator admin',
  'GET /api/uploads': 'curator admin',
  'GET /api/uploads/:id': 'curator admin',
  'POST /api/uploads/:id/parts': 'curator admin',
  'GET /api/uploads/:id/parts': 'curator admin',
  'POST /api/uploads/:id/complete': 'curator admin',
  'DELETE /api/uploads/:id': 'curator admin',
  'POST /api/demo-album': 'curator admin',

  'GET /api/jobs': 'curator admin auditor',
  'GET /api/jobs/summary': 'curator admin auditor',
  'POST /api/jobs/:id/retry': 'curator admin',
  'POST /api/jobs/retry-failed': 'curator admin'
}

/** Asked only by those who may not: one would do its work, the other would never end. */
const effective = new Set(['POST /api/demo-album', 'GET /api/events'])
/** Refusals that a public route or an allowed role may get for other reasons than the role. */
const otherRefusals = new Set(['SIGN_IN_FAILED', 'SESSION_ENDED', 'SETUP_LINK_INVALID', 'SESSION_REQUIRED', 'WRONG_PASSWORD'])
const stranger = '203.0.113.9'

t.test('every route, for every role and for nobody', async (t) => {
  const { app, user } = await testApp(t, { webRoot: import.meta.dirname })
  await app.ready()
  const callers = new Map<string, TestUser | null>([['nobody', null]])
  for (const role of roles) callers.set(role, await user(role))
  const routes = app.guardedRoutes.filter(({ method }) => method !== 'HEAD').map(({ method, url }) => `${method} ${url}`)
  t.strictSame([...new Set(routes)].filter((route) => expected[route] === undefined), [], 'a new route needs a line in the table of this test')

  for (const route of new Set(routes)) {
    for (const [name, caller] of callers) {
      const allowed = expected[route] === 'public' || expected[route]?.split(' ').includes(name)
      if (allowed && effective.has(route)) continue
      const { status, code } = await call(route, caller)
      if (allowed) t.notOk(isRefusal(status, code) && !isSignedPath(route), `${route} lets ${name} in (${status} ${code})`)
      else t.strictSame([status, code], name === 'nobody' ? [401, 'UNAUTHENTICATED'] : [403, 'FORBIDDEN'], `${route} refuses ${name}`)
    }
  }

  async function call (route: string, caller: TestUser | null): Promise<{ status: number, code: string }> {
    const [method, pattern = ''] = route.split(' ')
    const url = pattern.replace(/:kind/, 'track').replace(/:\w+/g, () => randomUUID()).replace('*', 'nothing')
    const response = await app.inject({ method: method as NonNullable<InjectOptions['method']>, url, remoteAddress: stranger, headers: { ...caller?.bearer } })
    const isJson = String(response.headers['content-type']).startsWith('application/json') && response.statusCode >= 400
    return { status: response.statusCode, code: isJson ? response.json<{ error: { code: string } }>().error?.code : '' }
  }
})

function isRefusal (status: number, code: string): boolean {
  return (status === 401 || status === 403) && !otherRefusals.has(code)
}

/** There the signature in the address is the permission, whoever asks. */
function isSignedPath (route: string): boolean {
  return / \/(media|originals|store)\//.test(route)
}

t.test('a process of the role upload answers sign-ins, uploads and probes, and nothing else', async (t) => {
  const { app, as, user } = await testApp(t, { webRoot: import.meta.dirname, env: { FRESHET_ROLE: 'upload' } })
  await app.ready()
  const routes = new Set(app.guardedRoutes.filter(({ method }) => method !== 'HEAD').map(({ method, url }) => `${method} ${url}`))
  const ofUploads = /^\w+ (\/(healthz|readyz|metrics|\.well-known\/jwks\.json|store\/\*)|\/api\/(session|setup|me|sessions|users|audit|uploads|demo-album)(\/.*)?)$/
  t.same([...routes].sort(), Object.keys(expected).filter((route) => ofUploads.test(route)).sort())
  const curator = await user('curator')
  t.match(await as(curator, { url: '/api/uploads' }), { status: 200, body: { items: [] } })
  for (const url of ['/api/home', '/api/search?q=x', '/api/jobs', '/api/plays', '/api/openapi.json', '/']) t.match(await as(curator, { url }), { status: 404 }, url)
})

t.test('a route that declares no access stops the start', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  guardRoutes(app, async () => null)
  app.get('/forgotten', async () => 'open')
  await t.rejects(async () => { await app.ready() }, { message: 'GET /forgotten declares no access policy' })
})

t.test('nobody but this machine sees metrics without signing in', async (t) => {
  const { app, user } = await testApp(t)
  const auditor = await user('auditor')
  const ask = async (remoteAddress: string, headers: Record<string, string> = {}) => (await app.inject({ url: '/metrics', remoteAddress, headers })).statusCode
  t.equal(await ask('127.0.0.1'), 200)
  t.equal(await ask('::1'), 200)
  t.equal(await ask(stranger), 401)
  t.equal(await ask(stranger, { 'x-forwarded-for': '127.0.0.1' }), 401, 'a forged header changes nothing')
  t.equal(await ask('127.0.0.1', { 'x-forwarded-for': stranger }), 401, 'through a proxy on this machine it is somebody else')
  t.equal(await ask('127.0.0.1', { forwarded: `for=${stranger}` }), 401)
  t.equal(await ask(stranger, auditor.bearer), 200)
})

t.test('metrics count requests, refusals and plays', async (t) => {
  const { app, as, db, user } = await testApp(t, { env: { REQUESTS_PER_MINUTE: '1000' } })
  const ada = await user('listener')
  const { trackIds: [trackId] } = await seedAlbum(db, { title: 'Heard', artist: 'Ada', tracks: [{ title: 'Once' }] })
  t.match(await as(ada, { url: `/api/tracks/${trackId}/stream` }), { status: 200 }, 'an address alone is no play')
  await as(ada, { url: '/api/me' })
  const report = (payload: object) => as(ada, { method: 'POST', url: '/api/plays/errors', payload })
  t.match(await report({ trackId: randomUUID(), reason: 'undecodable' }), { status: 204 })
  for (const payload of [{}, { trackId: 'x', reason: 'undecodable' }, { trackId: randomUUID(), reason: 'ada@example.org' }, { trackId: randomUUID(), reason: 'refused', userAgent: 'x' }]) t.match(await report(payload), { status: 400 })
  const flood = await Promise.all(Array.from({ length: 30 }, () => report({ trackId: randomUUID(), reason: 'interrupted' })))
  t.ok(flood.some(({ status }) => status === 429) && flood.some(({ status }) => status === 204), 'a player that reports without end is stopped')
  t.match(await as(ada, { url: '/api/me' }), { status: 200 }, 'and goes on playing')
  const sounded = (payload: object) => as(ada, { method: 'POST', url: '/api/plays/sound', payload })
  t.match(await sounded({ started: true, start: { ms: 80, sound: 'engine', prepared: false }, stalls: 1, stalledMs: 2_500 }), { status: 204 })
  t.match(await sounded({ started: true, start: null, stalls: 0, stalledMs: 0 }), { status: 204 }, 'a track that followed by itself was waited for by nobody')
  t.match(await sounded({ started: false, start: null, stalls: 1, stalledMs: 0 }), { status: 204 }, 'and what is told later of the same play doesn’t count it again')
  const start = { ms: 80, sound: 'engine', prepared: false }
  const play = { started: true, start, stalls: 0, stalledMs: 0 }
  for (const payload of [{}, { ...play, stalls: -1 }, { ...play, start: { ...start, sound: 'ada' } }, { ...play, trackId: randomUUID() }]) t.match(await sounded(payload), { status: 400 })
  await as(null, { method: 'POST', url: '/api/session', payload: { username: 'nobody', password: 'wrong' } })
  const { body } = await app.inject('/metrics')
  t.match(body, /freshet_http_requests_total\{method="GET",route="\/api\/me",status="2xx"\} 2/)
  t.match(body, /freshet_play_errors_total\{reason="undecodable"\} 1/)
  t.match(body, /freshet_play_start_seconds_count\{sound="engine",prepared="no"\} 1/)
  t.match(body, /freshet_play_stalled_seconds_total 2\.5\n/)
  t.notMatch(body, /ada@/)
  t.match(body, /freshet_sign_ins_refused_total\{reason="password"\} 1/)
  t.match(body, /freshet_queue_messages\{state="waiting"\} 0/)
  t.match(body, /freshet_plays_started_total 2\n/)
  t.match(body, /nodejs_eventloop_lag_p99_seconds/)
  const away = () => Promise.reject(new Error('away'))
  const withoutDatabase = await prometheusMetrics({ queueCounts: away, readings: away }).text()
  t.match(withoutDatabase, /freshet_queue_messages\{state="waiting"\} Nan/)
  t.match(withoutDatabase, /nodejs_eventloop_lag_p99_seconds/)
})
