import { randomUUID } from 'node:crypto'
import Fastify, { type InjectOptions } from 'fastify'
import t from 'tap'
import type { Role } from '../../src/accounts/actor.ts'
import { guardRoutes } from '../../src/http/access.ts'
import { createMetrics } from '../../src/platform/metrics/metrics.ts'
import { testApp, type TestUser } from '../support/app.ts'

const roles: readonly Role[] = ['listener', 'curator', 'admin', 'auditor']

/** Who may call what, written down once more and apart from the code: a new route fails until it stands here. */
const expected: Readonly<Record<string, string>> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'GET /metrics': 'admin auditor',
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
  'GET /api/sessions': 'listener curator admin auditor',
  'DELETE /api/sessions/:id': 'listener curator admin auditor',
  'GET /api/users': 'admin auditor',
  'POST /api/users': 'admin',
  'PATCH /api/users/:id': 'admin',
  'DELETE /api/users/:id': 'admin',
  'GET /api/audit': 'admin auditor',

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
  'GET /api/tracks/:id/stream': 'listener curator admin auditor',
  'GET /api/plays': 'listener curator admin auditor',
  'POST /api/plays': 'listener curator admin auditor',

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

/** Asked only by those who may not: it would do its work. */
const effective = new Set(['POST /api/demo-album'])
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
  const { app, as, user } = await testApp(t)
  await as(await user('listener'), { url: '/api/me' })
  await as(null, { method: 'POST', url: '/api/session', payload: { username: 'nobody', password: 'wrong' } })
  const { body } = await app.inject('/metrics')
  t.match(body, /freshet_http_requests_total\{method="GET",route="\/api\/me",status="2xx"\} 1/)
  t.match(body, /freshet_sign_ins_refused_total\{reason="password"\} 1/)
  t.match(body, /freshet_queue_messages\{state="waiting"\} 0/)
  t.match(body, /freshet_plays_started_total 0/)
  t.match(body, /nodejs_eventloop_lag_p99_seconds/)
  const withoutDatabase = await createMetrics(() => Promise.reject(new Error('away'))).text()
  t.match(withoutDatabase, /freshet_queue_messages\{state="waiting"\} Nan/)
  t.match(withoutDatabase, /nodejs_eventloop_lag_p99_seconds/)
})
