import { randomUUID } from 'node:crypto'
import type { Acceptance } from './acceptance.ts'
import type { Cast, Player } from './cast.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { isRecord, type OpenapiDocument } from './openapi-document.ts'

const nowhere = randomUUID()
/** From the machine itself the figures may be read without a sign-in; nobody is nearer for claiming to be far. */
const fromFarAway = { 'x-forwarded-for': '203.0.113.1' }

/** What each role must not do, by method and address. */
const denied: Readonly<Record<'listener' | 'curator' | 'auditor', ReadonlyArray<readonly [method: string, path: string, body?: unknown]>>> = {
  listener: [
    ['POST', '/api/uploads', { relativePath: 'a.wav', sizeBytes: 1, contentType: 'audio/wav', fingerprint: 'a' }], ['GET', '/api/uploads'], ['POST', '/api/demo-album'],
    ['GET', '/api/jobs'], ['POST', '/api/jobs/retry-failed'], ['GET', '/api/users'], ['POST', '/api/users', { username: 'x', password: 'x' }],
    ['PATCH', `/api/users/${nowhere}`, { role: 'admin' }], ['GET', '/api/audit'], ['DELETE', `/api/tracks/${nowhere}`]
  ],
  curator: [
    ['GET', '/api/users'], ['POST', '/api/users', { username: 'x', password: 'x' }], ['DELETE', `/api/users/${nowhere}`], ['GET', '/api/audit']
  ],
  auditor: [
    ['POST', '/api/uploads', { relativePath: 'a.wav', sizeBytes: 1, contentType: 'audio/wav', fingerprint: 'a' }], ['POST', '/api/jobs/retry-failed'],
    ['POST', '/api/users', { username: 'x', password: 'x' }], ['DELETE', `/api/tracks/${nowhere}`]
  ]
}
const allowed: Readonly<Record<'curator' | 'auditor', readonly string[]>> = { curator: ['/api/uploads', '/api/jobs'], auditor: ['/api/users', '/api/audit', '/api/jobs'] }

/** Who gets what, and what a refusal looks like. */
export async function refusals (acceptance: Acceptance, cast: Cast): Promise<void> {
  const { suite, stranger } = acceptance
  await suite.section('Roles', async () => {
    for (const role of ['listener', 'curator', 'auditor'] as const) {
      await suite.check(`${role === 'auditor' ? 'an' : 'a'} ${role} is refused what the role doesn’t allow`, () => refuseAll(cast[role], denied[role]))
    }
    for (const role of ['curator', 'auditor'] as const) {
      await suite.check(`${role === 'auditor' ? 'an' : 'a'} ${role} gets what the role allows`, async () => {
        for (const path of allowed[role]) expectStatus(await cast[role].client.get(path), 200)
      })
    }
    await suite.check('a listener can’t make themselves more', async () =>
      expectError(await cast.listener.client.request('PATCH', `/api/users/${cast.listener.user.id}`, { body: { role: 'admin' } }), 403, 'FORBIDDEN'))
    await suite.check('every address that isn’t open refuses a stranger', async () => {
      const { body } = expectStatus(await stranger.get<OpenapiDocument>('/api/openapi.json'), 200)
      let asked = 0
      for (const [path, methods] of Object.entries(body.paths)) {
        for (const [method, operation] of Object.entries(methods)) {
          if (!operation.security?.some((way) => isRecord(way) && 'bearer' in way)) continue
          asked++
          const answer = await stranger.request(method.toUpperCase(), path.replace(/\{\w+\}/g, nowhere), { headers: fromFarAway })
          expect(answer.status === 401, `${method.toUpperCase()} ${path} answered ${answer.status}`)
          expectError(answer, 401, 'UNAUTHENTICATED')
        }
      }
      expect(asked > 30, `only ${asked} addresses say that they ask for a sign-in`)
    })
  })
  await suite.section('Errors', () => errors(acceptance, cast.listener))
}

async function refuseAll ({ client }: Player, requests: typeof denied['listener']): Promise<void> {
  for (const [method, path, body] of requests) {
    const answer = await client.request(method, path, { body })
    expect(answer.status === 403, `${method} ${path} answered ${answer.status}`)
    expectError(answer, 403, 'FORBIDDEN')
  }
}

async function errors ({ suite, stranger }: Acceptance, { client }: Player): Promise<void> {
  await suite.check('nothing is at an unknown address', async () => expectError(await stranger.get(`/api/${nowhere}`), 404, 'NOT_FOUND'))
  await suite.check('an unknown track, album, artist and playlist are named as such', async () => {
    for (const kind of ['track', 'album', 'artist', 'playlist']) expectError(await client.get(`/api/${kind}s/${nowhere}`), 404, `${kind.toUpperCase()}_NOT_FOUND`)
  })
  await suite.check('an id that is none is a fault of the request', async () => expectError(await client.get('/api/tracks/1'), 400, 'INVALID_REQUEST'))
  await suite.check('an address that can’t be read is one too', async () => expectError(await client.get('/api/tracks/%zz'), 400, 'INVALID_REQUEST'))
  await suite.check('so are limits and cursors that make no sense', async () => {
    for (const query of ['limit=0', 'limit=201', 'limit=many', 'sort=sideways']) expectError(await client.get(`/api/tracks?${query}`), 400, 'INVALID_REQUEST')
    expectError(await client.get('/api/tracks?cursor=bm9uZQ'), 400, 'INVALID_CURSOR')
  })
  await suite.check('a body must be JSON, and of the right form', async () => {
    expectError(await client.request('POST', '/api/playlists', { body: '{"name":', headers: { 'content-type': 'application/json' } }), 400, 'INVALID_REQUEST')
    expectError(await client.request('POST', '/api/playlists', { body: 'name=a', headers: { 'content-type': 'application/x-www-form-urlencoded' } }), 415, 'UNSUPPORTED_MEDIA_TYPE')
    expectError(await client.request('POST', '/api/playlists', { body: {} }), 400, 'INVALID_REQUEST')
    expectError(await client.request('POST', '/api/playlists', { body: { name: 'a', ownerId: nowhere } }), 400, 'INVALID_REQUEST')
    expectError(await client.request('POST', '/api/playlists', { body: '{"name":"a","__proto__":{"admin":true}}' }), 400, 'INVALID_REQUEST')
  })
  await suite.check('a body of a megabyte is too large', async () => expectError(await client.request('POST', '/api/playlists', { body: { name: 'a'.repeat(2 ** 20) } }), 413, 'BODY_TOO_LARGE'))
  await suite.check('odd searches are answered, and quickly', async () => {
    for (const q of ['', '%', '\'; DROP TABLE track; --', '*'.repeat(2_000), '￿', '🎵', '\\']) {
      const took: number[] = []
      // Twice: a machine that stands still for a moment holds up one of them, a search that is slow takes as long again.
      for (let n = 0; n < 2; n += 1) {
        const startedAt = performance.now()
        expectStatus(await client.get(`/api/search?q=${encodeURIComponent(q)}`), 200)
        took.push(performance.now() - startedAt)
      }
      expect(Math.min(...took) < 2_000, `${q.slice(0, 10)} took ${took.map(Math.round).join(' and ')} ms`)
    }
  })
  await suite.check('the figures of the service are not for everybody', async () => {
    const answer = await client.get('/metrics', { headers: fromFarAway })
    expectEqual(answer.status, 403, 'the status')
  })
}
