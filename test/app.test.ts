import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { brotliDecompressSync } from 'node:zlib'
import type { InjectOptions } from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { startDraining } from '../src/http/health.ts'
import { createRequestCounts } from '../src/http/request-counts.ts'
import { loggerSettings } from '../src/log.ts'
import { S3ObjectStore } from '../src/platform/storage/s3-object-store.ts'
import { testApp, testPassword } from './support/app.ts'

interface Failure { readonly error: { readonly code: string, readonly message: string } }

/** A built client in a temporary folder. */
async function webFolder (t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-web-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, 'assets'))
  await writeFile(join(dir, 'index.html'), '<!doctype html><title>Freshet</title>')
  await writeFile(join(dir, 'assets', 'index-abc123.js'), `console.log('${'listen '.repeat(1_000)}')`)
  await writeFile(join(dir, 'assets', 'needle-abc123.woff2'), Buffer.alloc(4_000))
  return dir
}

t.test('every kind of answer carries the security headers', async (t) => {
  const { app, user } = await testApp(t, { webRoot: await webFolder(t), env: { PUBLIC_URL: 'https://music.example.org', MEDIA_URL: 'https://cdn.example.net', CDN_KEY_PAIR_ID: 'K1' } })
  const { bearer } = await user('listener')
  const kinds: Array<[string, number, Record<string, string>?]> = [
    ['/', 200], ['/albums/1', 200, { accept: 'text/html' }], ['/assets/index-abc123.js', 200], ['/assets/missing.js', 404], ['/api/nothing', 404], ['/api/me', 401],
    ['/api/me', 200, bearer], ['/api/users', 403, bearer], ['/api/albums?limit=0', 400, bearer], ['/healthz', 200], ['/readyz', 200], ['/metrics', 200], ['/api/openapi.json', 200],
    ['/api/docs/', 200], ['/api/docs/static/swagger-ui.css', 200]
  ]
  for (const [url, status, headers = {}] of kinds) {
    const response = await app.inject({ url, headers })
    t.equal(response.statusCode, status, url)
    t.match(response.headers, {
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': /^max-age=31536000/,
      'cross-origin-opener-policy': 'same-origin',
      'x-frame-options': 'DENY',
      'permissions-policy': /microphone=\(\)/
    }, url)
    const policy = String(response.headers['content-security-policy'])
    t.notMatch(policy, /unsafe-inline|unsafe-eval|\*/, url)
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data: https://cdn.example.net", "connect-src 'self' https://cdn.example.net", "base-uri 'none'", "frame-ancestors 'none'"]) t.ok(policy.includes(part), `${url}: ${part}`)
    t.notOk(response.headers['x-powered-by'] ?? response.headers.server)
    if (url.startsWith('/api/') && !url.includes('/static/')) t.equal(response.headers['cache-control'], 'private, no-store', url)
  }
  const unreadable = await app.inject('/%')
  t.match([unreadable.statusCode, unreadable.headers], [400, { 'content-security-policy': "default-src 'none'", 'x-content-type-options': 'nosniff' }])
})

t.test('uploads may go to the bucket, wherever it is', async (t) => {
  const policyWith = async ({ bucket = 'music', region = 'us-east-1', endpoint, forcePathStyle = false }: { bucket?: string, region?: string, endpoint?: string, forcePathStyle?: boolean }) => {
    const store = new S3ObjectStore({ bucket, region, endpoint, forcePathStyle, credentials: { accessKeyId: 'any', secretAccessKey: 'any' } })
    const { app } = await testApp(t, { store, env: { STORAGE: 's3', S3_BUCKET: bucket } })
    return String((await app.inject('/healthz')).headers['content-security-policy'])
  }
  t.match(await policyWith({ region: 'eu-west-1' }), / https:\/\/music\.s3\.eu-west-1\.amazonaws\.com;/)
  t.match(await policyWith({ bucket: 'music.example.org' }), / https:\/\/s3\.us-east-1\.amazonaws\.com;/, 'no certificate covers a name with dots')
  t.match(await policyWith({ endpoint: 'http://127.0.0.1:9000', forcePathStyle: true }), / http:\/\/127\.0\.0\.1:9000;/)
  t.match(await policyWith({ endpoint: 'http://127.0.0.1:9000' }), / http:\/\/127\.0\.0\.1:9000;/, 'nor can a bucket stand before an IP address')
})

t.test('errors have one shape and tell what to do', async (t) => {
  const { app, user } = await testApp(t)
  const { bearer } = await user('admin')
  const json = { ...bearer, 'content-type': 'application/json' }
  const cases: Array<[string, InjectOptions, number, string, RegExp]> = [
    ['unknown address', { url: '/api/nope' }, 404, 'NOT_FOUND', /nothing at this address/],
    ['known address, other method', { method: 'PUT', url: '/api/me' }, 404, 'NOT_FOUND', /nothing/],
    ['broken JSON', { method: 'POST', url: '/api/users', headers: json, payload: '{"a":' }, 400, 'INVALID_REQUEST', /not valid JSON/],
    ['a missing field', { method: 'POST', url: '/api/users', headers: json, payload: '{}' }, 400, 'INVALID_REQUEST', /body must have required property 'username'/],
    ['a field of the wrong type', { method: 'POST', url: '/api/users', headers: json, payload: '{"username":1,"password":"x"}' }, 400, 'INVALID_REQUEST', /body\/username must be string/],
    ['a field too many', { method: 'POST', url: '/api/users', headers: json, payload: `{"username":"x","password":"${testPassword}","isAdmin":true}` }, 400, 'INVALID_REQUEST', /additional properties: isAdmin/],
    ['__proto__', { method: 'POST', url: '/api/users', headers: json, payload: `{"__proto__":{"role":"admin"},"username":"x","password":"${testPassword}"}` }, 400, 'INVALID_REQUEST', /not valid JSON/],
    ['constructor', { method: 'POST', url: '/api/users', headers: json, payload: `{"constructor":{"prototype":{}},"username":"x","password":"${testPassword}"}` }, 400, 'INVALID_REQUEST', /not valid JSON/],
    ['no body', { method: 'POST', url: '/api/users', headers: json, payload: '' }, 400, 'INVALID_REQUEST', /body must be object/],
    ['a large body', { method: 'POST', url: '/api/users', headers: json, payload: JSON.stringify({ username: 'x'.repeat(300_000) }) }, 413, 'BODY_TOO_LARGE', /larger/],
    ['XML', { method: 'POST', url: '/api/users', headers: { ...bearer, 'content-type': 'application/xml' }, payload: '<a/>' }, 415, 'UNSUPPORTED_MEDIA_TYPE', /application\/json/],
    ['a strange content type', { method: 'POST', url: '/api/users', headers: { ...bearer, 'content-type': 'application/json\u00e9; x' }, payload: '{}' }, 415, 'UNSUPPORTED_MEDIA_TYPE', /json/],
    ['an id that is none', { url: '/api/albums/1', headers: bearer }, 400, 'INVALID_REQUEST', /params\/id is not of the right form/],
    ['an address not well formed', { url: '/api/albums/%zz', headers: bearer }, 400, 'INVALID_REQUEST', /not well formed/]
  ]
  for (const [name, request, status, code, message] of cases) {
    const response = await app.inject(request)
    t.match(response.headers['content-type'], /^application\/json; charset=utf-8$/, name)
    t.strictSame([response.statusCode, Object.keys(response.json())], [status, ['error']], name)
    t.match(response.json<Failure>().error, { code, message }, name)
    t.strictSame(Object.keys(response.json<Failure>().error), ['code', 'message'])
  }
  for (const header of ['__proto__', 'constructor', 'toString']) t.equal((await app.inject({ url: '/healthz', headers: { [header]: 'x' } })).statusCode, 200, header)
  t.equal((await app.inject({ url: '/healthz' })).statusCode, 200, 'and the service lives')
})

t.test('a fault of ours shows nothing of itself, but its number in the log', async (t) => {
  const { lines, log } = capturedLog()
  const { app, user, db } = await testApp(t, { log })
  const { bearer } = await user('listener')
  await db.pool.query('ALTER TABLE artist RENAME TO artist_away')
  const response = await app.inject({ url: '/api/artists', headers: bearer })
  t.equal(response.statusCode, 500)
  const { error } = response.json<Failure>()
  t.equal(error.code, 'INTERNAL')
  t.notMatch(response.body, /artist|relation|SELECT|\.ts/)
  const id = String(response.headers['x-request-id'])
  t.ok(error.message.includes(id))
  t.ok(lines().some((line) => line.reqId === id && JSON.stringify(line).includes('artist')), 'the log has the reason')
})

t.test('a database that is away gives 503 and a time to wait, not 500', async (t) => {
  const { app, user, db } = await testApp(t)
  const { bearer } = await user('listener')
  const query = db.pool.query
  t.teardown(() => { db.pool.query = query })
  db.pool.query = (() => Promise.reject(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }))) as typeof query
  const response = await app.inject({ url: '/api/search?q=x', headers: bearer })
  t.match([response.statusCode, response.json<Failure>().error.code, response.headers['retry-after']], [503, 'UNAVAILABLE', '5'])
  t.match((await app.inject('/readyz')).json(), { status: 'the database does not answer' })
  t.equal((await app.inject('/healthz')).statusCode, 200, 'the process lives')
})

t.test('while it drains it is not ready, and serves all the same', async (t) => {
  const { app, user } = await testApp(t)
  const { bearer } = await user('listener')
  t.strictSame((await app.inject('/readyz')).json(), { status: 'ready' })
  const stopDraining = startDraining()
  t.teardown(stopDraining)
  const ready = await app.inject('/readyz')
  t.match([ready.statusCode, ready.json()], [503, { status: 'draining' }])
  t.equal((await app.inject('/healthz')).statusCode, 200)
  t.equal((await app.inject({ url: '/api/me', headers: bearer })).statusCode, 200)
  stopDraining()
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('the web client', async (t) => {
  const { app } = await testApp(t, { webRoot: await webFolder(t) })
  const page = { accept: 'text/html,application/xhtml+xml', 'sec-fetch-mode': 'navigate' }

  t.test('answers its own addresses with its page, unless something is asked that is no page', async (t) => {
    for (const url of ['/', '/albums/123', '/setup', '/search?q=a']) {
      const response = await app.inject({ url, headers: page })
      t.match([response.statusCode, response.headers['content-type'], response.headers['cache-control']], [200, /^text\/html/, 'no-cache'], url)
      t.match(response.body, /<title>Freshet/)
    }
    for (const url of ['/api', '/api/albums/x/y', '/media/x', '/store/x', '/originals/x', '/api/']) {
      const response = await app.inject({ url, headers: page })
      t.not(response.statusCode, 200, url)
      t.notMatch(response.body, /<title>/, url)
    }
    t.equal((await app.inject({ url: '/albums/123', headers: { accept: '*/*', 'sec-fetch-mode': 'cors' } })).statusCode, 404)
    t.equal((await app.inject({ method: 'POST', url: '/albums/123', headers: page })).statusCode, 404)
    t.equal((await app.inject({ url: '/assets/gone-123.js', headers: { accept: '*/*' } })).statusCode, 404)
  })

  t.test('has files that browsers keep for good, compressed where that helps', async (t) => {
    const script = await app.inject({ url: '/assets/index-abc123.js', headers: { 'accept-encoding': 'br, gzip' } })
    t.match(script.headers, { 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'br', 'content-type': /javascript/, vary: /accept-encoding/i })
    t.ok(script.rawPayload.length < 500)
    const font = await app.inject({ url: '/assets/needle-abc123.woff2', headers: { 'accept-encoding': 'br, gzip' } })
    t.equal(font.headers['content-encoding'], undefined)
    t.equal(font.rawPayload.length, 4_000)
    const { etag } = font.headers
    t.equal((await app.inject({ url: '/assets/needle-abc123.woff2', headers: { 'if-none-match': String(etag) } })).statusCode, 304)
  })

  t.test('gives nothing from outside its folder', async (t) => {
    for (const url of ['/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fpackage.json', '/..%5c..%5cpackage.json', '/.env', '/assets/%00', '//etc/passwd']) {
      const { statusCode, body } = await app.inject({ url, headers: { accept: '*/*' } })
      t.ok(statusCode >= 400 && statusCode < 500, `${url}: ${statusCode}`)
      t.notMatch(body, /"dependencies"|root:/)
    }
  })
})

t.test('without CloudFront the service is its own edge, and its own store', async (t) => {
  const { app, store, deps, clock } = await testApp(t, { env: { REQUESTS_PER_MINUTE: '5' } })
  const key = 'media/0190a1b2-0000-7000-8000-000000000001/1/waveform.bin'
  await store.put(key, Buffer.from('0123456789'), { contentType: 'application/octet-stream' })
  const { url } = deps.signer.signObject(key, new Date(clock.now.getTime() + 60_000))
  const { pathname, search } = new URL(url)
  for (let listening = 0; listening < 10; listening += 1) {
    const part = await app.inject({ url: pathname + search, headers: { range: 'bytes=2-4' } })
    t.match([part.statusCode, part.body], [206, '234'], 'as often as a player likes')
  }
  t.equal((await app.inject(pathname)).statusCode, 403)
  clock.now = new Date(clock.now.getTime() + 61_000)
  t.equal((await app.inject(pathname + search)).statusCode, 403, 'expired')
  const upload = new URL((await store.presignPut('incoming/0190a1b2-0000-7000-8000-000000000002', { contentType: 'audio/flac', sizeBytes: 300_000, expiresInSeconds: 60 })).url)
  const put = await app.inject({ method: 'PUT', url: upload.pathname + upload.search, headers: { 'content-type': 'audio/flac' }, payload: Buffer.alloc(300_000) })
  t.match([put.statusCode, put.headers.etag], [200, /"/], 'larger than any JSON may be')

  const inAws = await testApp(t, { env: { MEDIA_URL: 'https://cdn.example.net', CDN_KEY_PAIR_ID: 'K1' } })
  t.equal((await inAws.app.inject(pathname + search)).statusCode, 403, 'with CloudFront before a disk store this is its origin, and checks for itself')
})

t.test('the API describes itself', async (t) => {
  const { app } = await testApp(t)
  const response = await app.inject('/api/openapi.json')
  t.match(response.headers['content-type'], /^application\/json/)
  const description = response.json<{ openapi: string, paths: Record<string, Record<string, { security?: unknown[], description?: string, summary?: string, responses: object }>> }>()
  t.equal(description.openapi, '3.1.0')
  t.notMatch(response.body, /"nullable"/)
  t.match(response.body, /"lastUsedAt":\{"anyOf":\[\{"type":"string","format":"date-time"\},\{"type":"null"\}\]\}/)
  t.strictSame(description.paths['/api/me']?.get?.security, [{ bearer: [] }])
  t.match(description.paths['/api/users']?.post?.description, /manage users/)
  t.strictSame(description.paths['/api/session']?.post?.security, [])
  const described = app.guardedRoutes.filter(({ method, url }) => method !== 'HEAD' && url.startsWith('/api/') && !url.startsWith('/api/docs'))
  for (const { method, url } of described) {
    const operation = description.paths[url.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
    t.ok(operation?.summary !== undefined && Object.keys(operation.responses).length > 0, `${method} ${url}`)
  }
  const page = await app.inject('/api/docs/')
  t.match(page.body, /swagger-ui/)
  t.notMatch(page.body, /<script>|<style>|\son\w+=/, 'nothing inline, which the policy would stop')
})

t.test('what has a default need not be sent', async (t) => {
  const { app } = await testApp(t)
  const { paths } = (await app.inject('/api/openapi.json')).json<{ paths: Record<'/api/tracks', { get: { parameters: Array<{ name: string, required: boolean }> } }> }>()
  const parameters = paths['/api/tracks'].get.parameters.map(({ name, required }) => [name, required])
  t.strictSame(parameters, [['limit', false], ['cursor', false], ['sort', false], ['genre', false], ['artist', false]])
})

t.test('long answers are compressed, but for those that carry tokens', async (t) => {
  const { app, user } = await testApp(t)
  const { bearer, username } = await user('listener')
  for (let n = 0; n < 20; n += 1) await app.inject({ method: 'POST', url: '/api/playlists', headers: bearer, payload: { name: `list ${n}` } })
  const ask = (options: InjectOptions) => app.inject({ ...options, headers: { ...bearer, 'accept-encoding': 'gzip, br' } })
  const plain = await app.inject({ url: '/api/playlists', headers: bearer })
  const list = await ask({ url: '/api/playlists' })
  t.match(list.headers, { 'content-encoding': 'br', vary: /accept-encoding/i, 'cache-control': 'private, no-store' })
  t.equal(brotliDecompressSync(list.rawPayload).toString(), plain.body)
  t.equal((await ask({ url: '/api/openapi.json' })).headers['content-encoding'], 'br')
  t.equal((await ask({ url: '/%61pi/playlists' })).headers['cache-control'], 'private, no-store', 'however the address is written')
  t.equal((await ask({ url: '/api/playlists?limit=1' })).headers['content-encoding'], undefined, 'short')
  for (let n = 0; n < 30; n += 1) await app.inject({ method: 'POST', url: '/api/session', payload: { username, password: testPassword } })
  const sessions = await ask({ url: '/api/sessions' })
  t.ok(sessions.rawPayload.length > 1_024)
  t.equal(sessions.headers['content-encoding'], undefined)
})

t.test('secrets never reach the log', async (t) => {
  const { lines, log } = capturedLog()
  const canary = (name: string) => `canary-${name}-0123456789`
  const { app, user } = await testApp(t, { log })
  const ada = await user('admin')
  const ask = (options: InjectOptions) => app.inject(options)
  await ask({ method: 'POST', url: '/api/session', payload: { username: 'x', password: canary('password') } })
  await ask({ method: 'POST', url: '/api/session', payload: { username: ada.username, password: canary('password'), extra: canary('field') } })
  await ask({ method: 'POST', url: '/api/session', headers: { 'content-type': 'application/json' }, payload: `{"password":"${canary('broken')}` })
  await ask({ url: '/api/me', headers: { authorization: `Bearer ${canary('bearer')}` } })
  await ask({ url: '/api/me', headers: { ...ada.bearer, cookie: `freshet_refresh=${canary('cookie')}` } })
  await ask({ method: 'POST', url: '/api/session/refresh', headers: { cookie: ada.cookie } })
  await ask({ url: `/media/x/y.mp4?Policy=${canary('policy')}&Signature=${canary('signature')}&Key-Pair-Id=K` })
  await ask({ method: 'PUT', url: `/store/incoming/x?signature=${canary('upload')}`, payload: 'x' })
  await ask({ url: `/api/search?q=${canary('search')}`, headers: ada.bearer })
  await ask({ method: 'POST', url: '/api/setup', payload: { token: canary('setup'), username: 'x', password: canary('password') } })
  const made = await ask({ method: 'POST', url: '/api/me/tokens', headers: ada.bearer, payload: { name: 'x' } })
  await ask({ method: 'POST', url: '/api/me/password', headers: ada.bearer, payload: { currentPassword: canary('current'), newPassword: canary('new') } })
  log.info({ req: { headers: { authorization: canary('header') } }, password: canary('direct'), user: { accessToken: canary('nested') } }, 'careless')
  const text = JSON.stringify(lines())
  t.notMatch(text, /canary/)
  for (const secret of [ada.accessToken, ada.cookie.split('=')[1], made.json<{ token: string }>().token, testPassword]) t.notOk(text.includes(String(secret)))
  const requests = lines().filter(({ msg }) => msg === 'request')
  t.equal(requests.length, 13, 'one line a request')
  t.match(requests.at(-1), { method: 'POST', path: '/api/me/password', route: '/api/me/password', status: 403, ms: Number, reqId: String })
  t.notMatch(text, new RegExp(`${ada.userId}|${ada.username}|127\\.0\\.0\\.1`), 'nor who it was')
})

t.test('a forwarding header counts only from the load balancers named', async (t) => {
  const plain = await testApp(t, { env: { REQUESTS_PER_MINUTE: '2' } })
  const behind = await testApp(t, { env: { REQUESTS_PER_MINUTE: '2', TRUST_PROXY: '10.0.0.0/8' } })
  // The flood limit counts by address: whoever may choose theirs never meets it.
  const statuses = async ({ app }: typeof plain, remoteAddress: string) => {
    const from = (host: number) => app.inject({ url: '/api/setup', remoteAddress, headers: { 'x-forwarded-for': `192.0.2.${host}` } })
    return [await from(1), await from(2), await from(3)].map(({ statusCode }) => statusCode)
  }
  t.strictSame(await statuses(plain, '127.0.0.1'), [200, 200, 429])
  t.strictSame(await statuses(behind, '198.51.100.1'), [200, 200, 429])
  t.strictSame(await statuses(behind, '10.1.2.3'), [200, 200, 200])
})

t.test('a flood is turned away with a time to wait', async (t) => {
  const { app, user } = await testApp(t, { env: { REQUESTS_PER_MINUTE: '20' } })
  const ada = await user('listener')
  // One after the other: the counter takes what comes within one turn of the event loop for one moment.
  const flood = async (count: number, options: InjectOptions) => {
    const statuses: number[] = []
    for (let index = 0; index < count; index += 1) statuses.push((await app.inject(options)).statusCode)
    return statuses
  }
  const answers = await flood(30, { url: '/api/home', headers: ada.bearer })
  t.equal(answers.filter((status) => status === 429).length, 10)
  const refused = await app.inject({ url: '/api/home', headers: ada.bearer })
  t.match([refused.json<Failure>().error.code, Number(refused.headers['retry-after']) > 0], ['TOO_MANY_REQUESTS', true])
  t.notOk((await flood(30, { url: '/healthz' })).includes(429), 'health checks are never refused')
  const missed = await flood(10, { url: '/api/nope', remoteAddress: '203.0.113.1' })
  t.equal(missed.filter((status) => status === 404).length, 2, 'who looks for holes gets a tenth')
  const open = await testApp(t, { env: { REQUESTS_PER_MINUTE: '0' } })
  t.equal((await open.app.inject('/api/nope')).statusCode, 404, 'without a limit everything works')
})

t.test('a flood is one flood, whichever instances it goes to', async (t) => {
  const first = await testApp(t, { env: { REQUESTS_PER_MINUTE: '20' } })
  const [here, there] = [first, first].map(() => createRequestCounts({ pool: first.db.pool, now: first.deps.now, onError: (error) => t.fail(String(error)) }))
  if (here === undefined || there === undefined) return
  for (let n = 0; n < 15; n += 1) {
    here.add('ada', 20)
    there.add('ada', 20)
  }
  here.add('quiet', 20)
  t.equal(here.of('ada').current, 15, 'each knows its own')
  await here.merge()
  await there.merge()
  await here.merge()
  t.same([here.of('ada').current, there.of('ada').current], [30, 30], 'both know all')
  await Promise.all([here.merge(), there.merge()])
  t.equal(here.of('ada').current, 30, 'nothing is counted twice')
  here.add('ada', 20)
  await Promise.all([here.merge(), here.merge()])
  await there.merge()
  t.equal(there.of('ada').current, 31, 'nor when the database is slower than the merging')
  const { rows } = await first.db.pool.query<{ key: string }>("SELECT key FROM rate_limit WHERE key LIKE 'flood:%'")
  t.equal(rows.length, 1, 'who is quiet costs no statement')
  t.notMatch(rows[0]?.key, /ada/)
  first.clock.now = new Date(first.clock.now.getTime() + 60_000)
  t.equal(here.of('ada').current, 0, 'the next minute begins anew')
  const alone = createRequestCounts({ pool: { query: (() => Promise.reject(new Error('away'))) as typeof first.db.pool.query }, now: first.deps.now, onError: () => {} })
  alone.add('ada', 1)
  await t.rejects(alone.merge())
  t.equal(alone.of('ada').current, 1, 'without the database each counts for itself')
})

t.test('who is refused too often for want of a sign-in is not looked at any more', async (t) => {
  const { app, user } = await testApp(t, { env: { REQUESTS_PER_MINUTE: '20' } })
  const ada = await user('listener')
  const ask = async (remoteAddress: string, headers: Record<string, string>) => (await app.inject({ url: '/api/me', remoteAddress, headers })).statusCode
  const statuses: number[] = []
  for (let n = 0; n < 25; n += 1) statuses.push(await ask('203.0.113.7', { authorization: `Bearer forged-${n}` }))
  t.same([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length], [21, 4])
  t.equal(await ask('203.0.113.8', ada.bearer), 200, 'others are let in')
  t.equal((await app.inject({ url: '/healthz', remoteAddress: '203.0.113.7' })).statusCode, 200, 'and a health check from there is answered')
  const again = await app.inject({ url: '/api/me', remoteAddress: '203.0.113.7' })
  t.match([again.json<Failure>().error.code, Number(again.headers['retry-after']) > 0], ['TOO_MANY_REQUESTS', true])
})

t.test('overload is shed and counted, while health checks are answered', async (t) => {
  const { app } = await testApp(t, { limits: { eventLoopDelayMs: 30 } })
  await app.ready()
  const until = performance.now() + 3_000
  let shed
  while (shed === undefined && performance.now() < until) {
    const busy = performance.now() + 60
    while (performance.now() < busy);
    await new Promise((resolve) => setImmediate(resolve))
    const response = await app.inject('/api/setup')
    if (response.statusCode === 503) shed = response
  }
  t.match([shed?.json<Failure>().error.code, shed?.headers['retry-after']], ['OVERLOADED', '2'])
  t.equal((await app.inject('/healthz')).statusCode, 200)
  t.equal((await app.inject('/media/some/song.mp4')).statusCode, 403, 'what is playing goes on: media are judged by their signature alone')
  t.match((await app.inject('/metrics')).body, /freshet_http_requests_shed_total [1-9]/)
})

t.test('who would wait long for the database is turned away', async (t) => {
  const { app, user, db } = await testApp(t, { limits: { databaseQueue: 5 } })
  const { bearer } = await user('listener')
  const held = await Promise.all(Array.from({ length: db.pool.options.max - db.pool.totalCount + db.pool.idleCount }, () => db.pool.connect()))
  const waiting = Array.from({ length: 6 }, () => db.pool.query('SELECT 1'))
  const response = await app.inject({ url: '/api/home', headers: bearer })
  t.match([response.statusCode, response.json<Failure>().error.code, response.headers['retry-after']], [503, 'OVERLOADED', '2'])
  t.equal((await app.inject('/healthz')).statusCode, 200)
  const began = performance.now()
  const order: number[] = []
  await Promise.all(Array.from({ length: 60 }, async (_, i) => {
    await app.inject('/api/home')
    order.push(i)
  }))
  t.ok(performance.now() - began > 490, 'half a second later, so that the process does not look idle to a load balancer')
  t.same(order.slice(0, 10).toSorted(), [50, 51, 52, 53, 54, 55, 56, 57, 58, 59], 'but no more than fifty at once')
  for (const client of held) client.release()
  await Promise.all(waiting)
  t.equal((await app.inject({ url: '/api/home', headers: bearer })).statusCode, 200)
  t.match((await app.inject('/metrics')).body, /freshet_http_requests_shed_total 61/)
})

t.test('over real connections', async (t) => {
  const { lines, log } = capturedLog()
  const { app, listen } = await testApp(t, { log, limits: { headersTimeoutMs: 300, bodyTimeoutMs: 300, lingerMs: 200 } })
  const port = Number(new URL(await listen()).port)
  /** Sends the pieces one after the other, and may read only then; resolves with the answer once the server has closed the connection. */
  const send = (pieces: string[], { gapMs = 0, readsLast = false, to = port } = {}) => new Promise<{ text: string, ms: number, sent: number, fault?: string | undefined }>((resolve) => {
    const start = performance.now()
    const socket = connect(to, '127.0.0.1')
    let text = ''
    let sent = 0
    let fault: string | undefined
    const read = () => socket.on('data', (chunk) => { text += String(chunk) })
    if (!readsLast) read()
    socket.on('error', ({ message }) => { fault = message })
    socket.on('close', () => resolve({ text, ms: performance.now() - start, sent, fault }))
    const next = () => {
      const piece = pieces.shift()
      if (piece === undefined && readsLast) read()
      if (piece === undefined || socket.destroyed) return
      socket.write(piece, () => { sent += 1 })
      setTimeout(next, gapMs)
    }
    next()
  })
  const statusLine = (text: string) => text.split('\r\n', 1)[0]

  t.test('who is slow with headers is cut off', async (t) => {
    const { text, ms } = await send(['GET /healthz HTTP/1.1\r\n', ...Array.from({ length: 100 }, (_, index) => `x-${index}: y\r\n`)], { gapMs: 50 })
    t.match(text, /^(HTTP\/1.1 408|$)/)
    t.ok(ms < 4_000, `${Math.round(ms)} ms of more than 5,000`)
  })
  t.test('who is slow with a body is cut off', async (t) => {
    const { text, ms } = await send(['POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{', ...Array<string>(100).fill(' ')], { gapMs: 50 })
    t.notMatch(text, /HTTP\/1.1 200/)
    t.ok(ms < 4_000, `${Math.round(ms)} ms of more than 5,000`)
  })
  t.test('who sends too much is told so, and not cut off while sending', async (t) => {
    const head = 'POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
    const megabyte = Array<string>(16).fill('a'.repeat(65_536))
    // A busy machine takes longer than the others' limits to send a megabyte.
    const patient = await testApp(t, { limits: { bodyTimeoutMs: 20_000, lingerMs: 3_000 } })
    const to = Number(new URL(await patient.listen()).port)
    for (const [name, pieces] of [
      ['of a known length', [`${head}content-length: 1048576\r\n\r\n`, ...megabyte]],
      ['in chunks', [`${head}transfer-encoding: chunked\r\n\r\n`, ...megabyte.map((piece) => `10000\r\n${piece}\r\n`), '0\r\n\r\n']],
      ['and then stops', [`${head}content-length: 1048576\r\n\r\n`, ...megabyte.slice(0, 8)]]
    ] as const) {
      const { text, fault } = await send([...pieces], { gapMs: 5, readsLast: true, to })
      t.match([statusLine(text), fault], ['HTTP/1.1 413 Payload Too Large', undefined], name)
    }
    const endless = await send([`${head}content-length: 104857600\r\n\r\n`, ...Array<string>(1_600).fill('a'.repeat(65_536))])
    t.ok(endless.sent < 400, `cut off after ${endless.sent} of 1600 pieces`)
  })
  t.test('who hangs up in a body is no fault of ours', async (t) => {
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{')
    await new Promise((resolve) => setTimeout(resolve, 100))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.match(lines().find(({ code }) => code === 'ECONNRESET'), { level: 'debug', msg: 'request refused' })
  })
  t.test('two readings of one request are refused', async (t) => {
    const smuggled = 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n'
    const requests = [
      `POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
      `POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef${smuggled}`,
      `GET /healthz HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n${smuggled}`,
      'GET /healthz HTTP/1.1\r\nhost: x\r\nx: a\u0000b\r\n\r\n',
      'GET /healthz HTTP/1.1\r\n\r\n'
    ]
    for (const request of requests) t.equal(statusLine((await send([request])).text), 'HTTP/1.1 400 Bad Request', JSON.stringify(request).slice(0, 90))
  })
  t.test('what is under way is answered while the server closes', async (t) => {
    const half = send(['POST /api/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 31\r\n\r\n', '{"username":"x","password":"y"}'], { gapMs: 100 })
    await new Promise((resolve) => setTimeout(resolve, 50))
    await app.close()
    t.match(statusLine((await half).text), /HTTP\/1.1 401/)
  })
})

function capturedLog () {
  const written: string[] = []
  const stream = new Writable({ write (chunk, _encoding, done) { written.push(String(chunk)); done() } })
  const log = pino(loggerSettings({ level: 'trace', role: 'web' }), stream)
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) }
}
