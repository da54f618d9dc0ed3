import { createHash, createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createAccountStates } from '../../src/accounts/account-states.ts'
import { createRefreshTokens } from '../../src/accounts/refresh-tokens.ts'
import { forgetEndedSessions } from '../../src/accounts/sessions.ts'
import { signIn } from '../../src/accounts/sign-in.ts'
import { createSignInLimits } from '../../src/accounts/sign-in-limits.ts'
import { changeUser } from '../../src/accounts/users.ts'
import { buildApp } from '../../src/app.ts'
import { readJwtKeys } from '../../src/platform/jwt-keys.ts'
import { newJwtKeyPem } from '../../src/platform/secrets.ts'
import { testApp, type TestApp, testPassword } from '../support/app.ts'

const day = 86_400_000
const after = (clock: { now: Date }, ms: number) => { clock.now = new Date(clock.now.getTime() + ms) }

async function refresh ({ app }: TestApp, cookie: string, headers: Record<string, string> = {}) {
  const response = await app.inject({ method: 'POST', url: '/api/session/refresh', headers: { cookie, ...headers } })
  const [next] = response.cookies
  return { status: response.statusCode, body: response.json<{ accessToken?: string, error?: { code: string } }>(), cookie: `${next?.name}=${next?.value}`, next }
}

const statusOf = async ({ app }: TestApp, accessToken: string) =>
  (await app.inject({ url: '/api/me', headers: { authorization: `Bearer ${accessToken}` } })).statusCode

/** A change elsewhere is told by the database, as a rule within milliseconds; untold it would be found after five seconds. */
async function eventually (t: Test, check: () => Promise<boolean>, message: string): Promise<void> {
  for (const deadline = performance.now() + 4_000; performance.now() < deadline && !await check();) await delay(20)
  t.ok(await check(), message)
}

t.test('signing in', async (t) => {
  const service = await testApp(t)
  const { app, as, user } = service
  await user('listener', 'Zoë')

  t.test('takes the name in any form of Unicode and case', async (t) => {
    for (const username of ['Zoë', 'zoë', ' ZOË ', 'Zoe\u0308', 'Ｚoë']) {
      const { status } = await as(null, { method: 'POST', url: '/api/session', payload: { username, password: testPassword } })
      t.equal(status, 200, username)
    }
  })

  t.test('answers with the user, a token and a cookie that scripts cannot read', async (t) => {
    const response = await app.inject({ method: 'POST', url: '/api/session', payload: { username: 'Zoë', password: testPassword } })
    t.match(response.json(), { user: { username: 'Zoë', role: 'listener', disabled: false }, accessToken: /^ey/, expiresAt: /Z$/ })
    t.notMatch(response.body, /hash/i)
    t.match([response.headers['set-cookie']].flat()[0], /^freshet_refresh=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/)
    t.equal(response.headers['cache-control'], 'private, no-store')
  })

  t.test('fails alike for an unknown name, a wrong password and a disabled account', async (t) => {
    const disabled = await user('listener', 'gone')
    await service.db.prisma.user.update({ where: { id: disabled.userId }, data: { disabledAt: new Date() } })
    const failures = await Promise.all(['nobody', 'Zoë', 'gone', 'a\u0000b'].map((username) => as(null, { method: 'POST', url: '/api/session', payload: { username, password: username === 'gone' ? testPassword : 'not the password' } })))
    for (const failure of failures) t.strictSame(failure, { status: 401, body: { error: { code: 'SIGN_IN_FAILED', message: 'the username or the password is wrong' } } })
  })

  t.test('refuses odd shapes of credentials', async (t) => {
    const odd: unknown[] = [null, [], {}, { username: 'Zoë' }, { username: ['Zoë'], password: testPassword }, { username: { contains: 'a' }, password: testPassword },
      { username: null, password: null }, { username: 'Zoë', password: 12 }, { username: 'Zoë', password: testPassword, role: 'admin' }, { username: 'x'.repeat(10_000), password: testPassword }]
    for (const payload of odd) {
      const response = await app.inject({ method: 'POST', url: '/api/session', headers: { 'content-type': 'application/json' }, payload: JSON.stringify(payload) })
      t.strictSame([response.statusCode, response.json<{ error: { code: string } }>().error.code], [400, 'INVALID_REQUEST'], JSON.stringify(payload).slice(0, 80))
    }
  })
})

t.test('behind https the cookie is bound to the host and to TLS', async (t) => {
  const service = await testApp(t, { env: { PUBLIC_URL: 'https://music.example.org' } })
  const ada = await service.user('listener')
  t.match(ada.cookie, /^__Host-freshet_refresh=/)
  const { next, status } = await refresh(service, ada.cookie)
  t.equal(status, 200)
  t.match(next, { name: '__Host-freshet_refresh', path: '/', secure: true, httpOnly: true, sameSite: 'Strict' })
})

t.test('the refresh token', async (t) => {
  const service = await testApp(t)
  const { clock, user, db, app } = service

  t.test('is traded for another, with a new access token', async (t) => {
    const ada = await user('listener')
    const first = await refresh(service, ada.cookie)
    t.equal(first.status, 200)
    t.not(first.cookie, ada.cookie)
    t.equal(await statusOf(service, first.body.accessToken ?? ''), 200)
    t.equal((await refresh(service, first.cookie)).status, 200)
  })

  t.test('is kept as a hash only', async (t) => {
    const ada = await user('listener')
    const rows = JSON.stringify(await db.prisma.session.findMany({ where: { userId: ada.userId } }))
    const token = ada.cookie.split('=')[1] ?? ''
    t.notMatch(rows, token)
    t.ok(rows.includes(createHash('sha256').update(token).digest('hex')))
  })

  t.test('gives two tabs that refresh at once the same successor', async (t) => {
    const ada = await user('listener')
    const tabs = await Promise.all(Array.from({ length: 8 }, () => refresh(service, ada.cookie)))
    t.strictSame(tabs.map(({ status }) => status), Array(8).fill(200))
    t.equal(new Set(tabs.map(({ cookie }) => cookie)).size, 1, 'whichever cookie the browser keeps is good')
    after(clock, 9_000)
    t.equal((await refresh(service, ada.cookie)).status, 200, 'a lost answer can be asked for again')
    t.equal((await refresh(service, tabs[0]?.cookie ?? '')).status, 200)
  })

  t.test('replayed after the grace ends the session, for thief and owner', async (t) => {
    const ada = await user('listener')
    const stolen = ada.cookie
    const thief = await refresh(service, stolen)
    after(clock, 10_001)
    t.match(await refresh(service, stolen), { status: 401, body: { error: { code: 'SESSION_ENDED' } } })
    t.equal((await refresh(service, thief.cookie)).status, 401)
    await eventually(t, async () => await statusOf(service, thief.body.accessToken ?? '') === 401, 'the thief’s access token is dead as well')
    t.match(await db.prisma.auditEvent.findMany({ where: { action: 'session.replayed' } }), [{ actorId: ada.userId }])
  })

  t.test('of any earlier generation ends the session too', async (t) => {
    const ada = await user('listener')
    const second = await refresh(service, ada.cookie)
    const third = await refresh(service, second.cookie)
    t.equal((await refresh(service, ada.cookie)).status, 401)
    t.equal((await refresh(service, third.cookie)).status, 401, 'the newest fell with it')
  })

  t.test('that is forged ends nobody’s session', async (t) => {
    const ada = await user('listener')
    const [name, token = ''] = ada.cookie.split('=')
    const [sessionId] = token.split('.')
    const forged = [`${sessionId}.0.${'A'.repeat(43)}`, `${sessionId}.7.${'A'.repeat(43)}`, `${sessionId}.0.`, '..', '', 'x'.repeat(5_000), `${sessionId}.-1.${'A'.repeat(43)}`, ada.accessToken]
    for (const text of forged) {
      t.equal((await refresh(service, `${name}=${text}`)).status, 401, text.slice(0, 60))
      t.equal((await app.inject({ method: 'DELETE', url: '/api/session', headers: { cookie: `${name}=${text}` } })).statusCode, 204)
    }
    t.equal((await refresh(service, ada.cookie)).status, 200)
  })

  t.test('ends after 30 days unused, and after 180 days however much it is used', async (t) => {
    const idle = await user('listener')
    const busy = await user('listener')
    let { cookie } = busy
    after(clock, 30 * day + 1)
    t.equal((await refresh(service, idle.cookie)).status, 401)
    const fresh = await user('listener')
    cookie = fresh.cookie
    for (let days = 0; days < 175; days += 25) {
      after(clock, 25 * day)
      const next = await refresh(service, cookie)
      t.equal(next.status, 200, `day ${days + 25}`)
      cookie = next.cookie
    }
    after(clock, 5 * day + 1)
    t.equal((await refresh(service, cookie)).status, 401, 'day 180')
  })

  t.test('proves nothing but itself: no other route takes a cookie', async (t) => {
    const ada = await user('admin')
    for (const url of ['/api/me', '/api/users', '/api/home']) t.equal((await app.inject({ url, headers: { cookie: ada.cookie } })).statusCode, 401, url)
    t.equal(await statusOf(service, ada.cookie.split('=')[1] ?? ''), 401, 'nor is it a bearer token')
  })
})

t.test('whatever changes what somebody may do acts at once, on every instance', async (t) => {
  const service = await testApp(t)
  const { as, user, app, db } = service
  const other = await buildApp({ ...service.deps })
  t.teardown(() => other.close())
  const admin = await user('admin')
  const refusedOnBoth = async (t: Test, bearer: Record<string, string>) => {
    for (const instance of [app, other]) {
      await eventually(t, async () => (await instance.inject({ url: '/api/me', headers: bearer })).statusCode === 401, instance === app ? 'here' : 'on the other instance')
    }
  }
  const warmUp = async (bearer: Record<string, string>) => {
    for (const instance of [app, other]) t.equal((await instance.inject({ url: '/api/me', headers: bearer })).statusCode, 200)
  }

  t.test('signing out', async (t) => {
    const ada = await user('listener')
    await warmUp(ada.bearer)
    const response = await app.inject({ method: 'DELETE', url: '/api/session', headers: { cookie: ada.cookie } })
    t.equal(response.statusCode, 204)
    t.match([response.headers['set-cookie']].flat()[0], /^freshet_refresh=;/)
    await refusedOnBoth(t, ada.bearer)
    t.equal((await refresh(service, ada.cookie)).status, 401)
  })

  t.test('disabling', async (t) => {
    const ada = await user('curator')
    await warmUp(ada.bearer)
    t.match(await as(admin, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { disabled: true } }), { status: 200, body: { disabled: true } })
    await refusedOnBoth(t, ada.bearer)
    t.equal((await refresh(service, ada.cookie)).status, 401)
    await as(admin, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { disabled: false } })
    t.equal((await refresh(service, ada.cookie)).status, 401, 'enabling brings no old session back')
  })

  t.test('another role', async (t) => {
    const ada = await user('admin')
    await warmUp(ada.bearer)
    await as(admin, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { role: 'listener' } })
    await refusedOnBoth(t, ada.bearer)
    const next = await refresh(service, ada.cookie)
    t.match(next, { status: 200, body: { user: { role: 'listener' } } })
    t.equal((await app.inject({ url: '/api/users', headers: { authorization: `Bearer ${next.body.accessToken}` } })).statusCode, 403)
  })

  t.test('a new password ends the other sessions and keeps this one', async (t) => {
    const ada = await user('listener')
    const elsewhere = (await app.inject({ method: 'POST', url: '/api/session', payload: { username: ada.username, password: testPassword } })).cookies[0]
    const change = (currentPassword: string, newPassword: string) => as(ada, { method: 'POST', url: '/api/me/password', payload: { currentPassword, newPassword } })
    t.match(await change('not my password', 'another long password'), { status: 403, body: { error: { code: 'WRONG_PASSWORD' } } })
    t.match(await change(testPassword, 'short'), { status: 400, body: { error: { code: 'PASSWORD_UNACCEPTABLE' } } })
    t.equal((await change(testPassword, 'another long password')).status, 204)
    t.equal((await refresh(service, `${elsewhere?.name}=${elsewhere?.value}`)).status, 401)
    await refusedOnBoth(t, ada.bearer)
    t.equal((await refresh(service, ada.cookie)).status, 200)
    const signIn = async (password: string) => (await as(null, { method: 'POST', url: '/api/session', payload: { username: ada.username, password } })).status
    t.equal(await signIn(testPassword), 401)
    t.equal(await signIn('another long password'), 200)
  })

  t.test('a new password ends a sign-in with the old one that is under way', async (t) => {
    const ada = await user('listener')
    const refreshTokens = createRefreshTokens(service.deps.refreshSecret)
    const limits = createSignInLimits(db)
    const reset = { ...limits, succeeded: async () => { await changeUser(db, admin, { id: ada.userId, change: { password: 'another long password' }, now: service.clock.now }) } }
    const visit = { address: '192.0.2.1', userAgent: '', now: service.clock.now }
    await t.rejects(signIn({ db, refreshTokens, limits: reset }, { username: ada.username, password: testPassword }, visit), { code: 'SIGN_IN_FAILED' })
    t.equal(await db.prisma.session.count({ where: { userId: ada.userId, revokedAt: null } }), 0)
  })

  t.test('stopping while the connection is being made keeps none', async (t) => {
    const states = createAccountStates(db, (error) => t.comment(error.message))
    const started = states.start()
    await states.stop()
    await started
    const { rows: [row] } = await db.pool.query<{ count: string }>("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN account_changed' AND datname = current_database()")
    t.equal(Number(row?.count), 2, 'those of the two instances')
  })

  t.test('deleting', async (t) => {
    const ada = await user('listener')
    await warmUp(ada.bearer)
    t.equal((await as(admin, { method: 'DELETE', url: `/api/users/${ada.userId}` })).status, 204)
    await refusedOnBoth(t, ada.bearer)
  })

  t.test('even when the connection that tells of it is lost', async (t) => {
    const ada = await user('listener')
    await warmUp(ada.bearer)
    await db.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN account_changed' AND datname = current_database()")
    await db.prisma.user.update({ where: { id: ada.userId }, data: { sessionEpoch: { increment: 1 } } })
    await refusedOnBoth(t, ada.bearer)
  })
})

t.test('sessions are listed and ended by their owner only', async (t) => {
  const { as, user } = await testApp(t)
  const ada = await user('listener')
  const mallory = await user('admin')
  const { body } = await as(ada, { url: '/api/sessions' })
  t.match(body, { items: [{ current: true, userAgent: /lightMyRequest/ }] })
  const { items: [session] } = body as { items: Array<{ id: string }> }
  t.match(await as(mallory, { method: 'DELETE', url: `/api/sessions/${session?.id}` }), { status: 404, body: { error: { code: 'SESSION_NOT_FOUND' } } })
  t.equal((await as(ada, { method: 'DELETE', url: `/api/sessions/${session?.id}` })).status, 204)
})

t.test('API tokens', async (t) => {
  const { as, user, db, clock } = await testApp(t)
  const ada = await user('curator')
  const made = await as(ada, { method: 'POST', url: '/api/me/tokens', payload: { name: 'backup script' } })
  t.match(made, { status: 201, body: { name: 'backup script', token: /^fr_[\w-]{43}$/ } })
  const { id, token } = made.body as { id: string, token: string }
  const script = { ...ada, bearer: { authorization: `Bearer ${token}` } }

  t.test('act as their owner', async (t) => {
    t.match(await as(script, { url: '/api/me' }), { status: 200, body: { user: { id: ada.userId } } })
    t.equal((await as(script, { url: '/api/users' })).status, 403)
    t.match(await as(ada, { url: '/api/me/tokens' }), { body: { items: [{ id, name: 'backup script', lastUsedAt: clock.now.toISOString() }] } })
  })
  t.test('are kept as a hash, and shown once', async (t) => {
    t.notOk(JSON.stringify(await db.prisma.apiToken.findMany()).includes(token))
    t.notOk(JSON.stringify(await as(ada, { url: '/api/me/tokens' })).includes(token))
  })
  t.test('cannot widen themselves', async (t) => {
    t.match(await as(script, { method: 'POST', url: '/api/me/tokens', payload: { name: 'more' } }), { status: 403, body: { error: { code: 'SESSION_REQUIRED' } } })
    const payload = { currentPassword: testPassword, newPassword: 'another long password' }
    t.match(await as(script, { method: 'POST', url: '/api/me/password', payload }), { status: 403, body: { error: { code: 'SESSION_REQUIRED' } } })
  })
  t.test('of an admin make no users and change none', async (t) => {
    const root = await user('admin')
    const { token } = (await as(root, { method: 'POST', url: '/api/me/tokens', payload: { name: 'x' } })).body as { token: string }
    const its = { ...root, bearer: { authorization: `Bearer ${token}` } }
    t.equal((await as(its, { url: '/api/users' })).status, 200)
    const widened = [
      as(its, { method: 'POST', url: '/api/users', payload: { username: 'mine', password: 'another long password', role: 'admin' } }),
      as(its, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { role: 'admin' } })
    ]
    for (const answer of await Promise.all(widened)) t.match(answer, { status: 403, body: { error: { code: 'SESSION_REQUIRED' } } })
  })
  t.test('end when an admin sets another password or disables their owner', async (t) => {
    const root = await user('admin')
    for (const change of [{ password: 'another long password' }, { disabled: true }]) {
      const eve = await user('listener')
      const { token } = (await as(eve, { method: 'POST', url: '/api/me/tokens', payload: { name: 'x' } })).body as { token: string }
      await as(root, { method: 'PATCH', url: `/api/users/${eve.userId}`, payload: change })
      await as(root, { method: 'PATCH', url: `/api/users/${eve.userId}`, payload: { disabled: false } })
      await eventually(t, async () => (await as({ ...eve, bearer: { authorization: `Bearer ${token}` } }, { url: '/api/me' })).status === 401, JSON.stringify(change))
    }
  })
  t.test('are revoked by their owner only, at once', async (t) => {
    const mallory = await user('admin')
    t.equal((await as(mallory, { method: 'DELETE', url: `/api/me/tokens/${id}` })).status, 404)
    t.equal((await as(ada, { method: 'DELETE', url: `/api/me/tokens/${id}` })).status, 204)
    await eventually(t, async () => (await as(script, { url: '/api/me' })).status === 401, 'refused')
  })
  t.test('that were never given out are refused', async (t) => {
    for (const text of ['fr_', `fr_${'A'.repeat(43)}`, 'fr_../../x']) t.equal((await as({ ...ada, bearer: { authorization: `Bearer ${text}` } }, { url: '/api/me' })).status, 401, text)
  })
})

t.test('access tokens that are not quite ours are refused', async (t) => {
  const jwtPrivateKey = newJwtKeyPem()
  const service = await testApp(t, { jwtKeys: readJwtKeys(jwtPrivateKey) })
  const { clock, user, app } = service
  const ada = await user('admin')
  const [head = '', body = '', signature = ''] = ada.accessToken.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = (h: unknown, c: unknown) => `${encode(h)}.${encode(c)}`
  const signed = (h: unknown, c: unknown, key = jwtPrivateKey) => `${input(h, c)}.${sign(null, Buffer.from(input(h, c)), key).toString('base64url')}`
  const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
  const publicPem = createPublicKey(jwtPrivateKey).export({ type: 'spki', format: 'pem' }).toString()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const hmac = (h: unknown, key: string) => `${input(h, claims)}.${createHmac('sha256', key).update(input(h, claims)).digest('base64url')}`

  t.equal(await statusOf(service, signed(header, claims)), 200, 'the forger of this test does know how')
  t.equal(header.alg, 'EdDSA')
  t.match(claims, { sub: ada.userId, role: 'admin', epoch: 0, iss: 'http://localhost:3000', aud: 'freshet-api' })

  const attacks: Record<string, string> = {
    'alg none': `${input({ ...header, alg: 'none' }, claims)}.`,
    'alg nOnE': `${input({ ...header, alg: 'nOnE' }, claims)}.`,
    'alg none with the old signature': `${input({ ...header, alg: 'none' }, claims)}.${signature}`,
    'no signature': `${head}.${body}.`,
    'two parts': `${head}.${body}`,
    'HMAC with the public key': hmac({ ...header, alg: 'HS256' }, publicPem),
    'HMAC with an empty key': hmac({ ...header, alg: 'HS256' }, ''),
    'RSA with a key of the forger’s': `${input({ ...header, alg: 'RS256' }, claims)}.${sign('sha256', Buffer.from(input({ ...header, alg: 'RS256' }, claims)), rsa.privateKey).toString('base64url')}`,
    'another Ed25519 key': signed(header, claims, newJwtKeyPem()),
    'its own key in the header': signed({ ...header, jwk: generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }) }, claims, newJwtKeyPem()),
    'a jku': signed({ ...header, jku: 'http://127.0.0.1:1/keys' }, claims, newJwtKeyPem()),
    'a kid that is a path': signed({ ...header, kid: '../../../../dev/null' }, claims),
    'a kid that is SQL': signed({ ...header, kid: "' OR 1=1 --" }, claims),
    'no kid': signed({ alg: 'EdDSA', typ: 'at+jwt' }, claims),
    crit: signed({ ...header, crit: ['exp'] }, claims),
    'crit of an unknown extension': signed({ ...header, crit: ['b64'], b64: false }, claims),
    'another typ': signed({ ...header, typ: 'JWT' }, claims),
    'no typ': signed({ alg: 'EdDSA', kid: header.kid }, claims),
    'another audience': signed(header, { ...claims, aud: 'somebody-else' }),
    'another issuer': signed(header, { ...claims, iss: 'https://evil.example' }),
    'an issuer that begins like ours': signed(header, { ...claims, iss: `${String(claims.iss)}.evil.example` }),
    expired: signed(header, { ...claims, exp: Number(claims.iat) - 1 }),
    'exp as text': signed(header, { ...claims, exp: '9999999999' }),
    'exp not a number': signed(header, { ...claims, exp: null }),
    'not yet': signed(header, { ...claims, nbf: Number(claims.exp) }),
    'another epoch': signed(header, { ...claims, epoch: 1 }),
    'the session of somebody else': signed(header, { ...claims, sub: (await user('listener')).userId }),
    'a session that never was': signed(header, { ...claims, sid: ada.userId }),
    'a changed claim': `${head}.${encode({ ...claims, role: 'auditor' })}.${signature}`,
    'padding behind it': `${ada.accessToken}=`,
    'a character behind it': `${ada.accessToken}A`
  }
  for (const name of ['sub', 'sid', 'role', 'epoch', 'exp', 'iat', 'iss', 'aud']) attacks[`no ${name}`] = signed(header, without(name))
  for (const [name, token] of Object.entries(attacks)) t.equal(await statusOf(service, token), 401, name)

  for (const authorization of ['Bearer', 'Bearer ', `Basic ${ada.accessToken}`, ada.accessToken, `Bearer ${ada.accessToken} x`, `Bearer ${'A'.repeat(20_000)}`, 'Bearer __proto__', 'Bearer constructor']) {
    t.equal((await app.inject({ url: '/api/me', headers: { authorization } })).statusCode, 401, authorization.slice(0, 40))
  }
  t.equal(await statusOf(service, ada.accessToken), 200)
  after(clock, 10 * 60_000 + 1_000)
  t.equal(await statusOf(service, ada.accessToken), 401, 'ten minutes later it is refused, though it was remembered')
})

t.test('another site can neither refresh, sign out nor sign somebody in', async (t) => {
  const service = await testApp(t)
  const { app, user } = service
  const ada = await user('listener')
  const credentials = { username: ada.username, password: testPassword }
  const foreign: Array<Record<string, string>> = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'http://other.localhost:3000' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000.evil.example' }
  ]
  for (const headers of foreign) {
    const ask = async (method: 'POST' | 'DELETE', url: string, payload?: object) =>
      (await app.inject({ method, url, headers: { ...headers, cookie: ada.cookie }, ...(payload === undefined ? {} : { payload }) })).json<{ error: { code: string } }>().error.code
    const name = JSON.stringify(headers)
    t.equal(await ask('POST', '/api/session/refresh'), 'CROSS_SITE', name)
    t.equal(await ask('DELETE', '/api/session'), 'CROSS_SITE', name)
    t.equal(await ask('POST', '/api/session', credentials), 'CROSS_SITE', name)
    t.equal(await ask('POST', '/api/setup', { ...credentials, token: 'x' }), 'CROSS_SITE', name)
  }
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain', 'text/plain; application/json']) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/api/session', headers: { 'content-type': type }, payload: JSON.stringify(credentials) })
    t.equal(statusCode, 415, type)
    t.equal((await app.inject({ method: 'POST', url: '/api/session/refresh', headers: { 'content-type': type, cookie: ada.cookie }, payload: 'a=b' })).statusCode, 415, type)
  }
  const first = await refresh(service, ada.cookie, { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3000', 'content-type': 'application/json' })
  t.equal(first.status, 200, 'our own page may, with an empty JSON body too')
  const second = await refresh(service, first.cookie, { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' })
  t.equal(second.status, 200, 'under another name of this host as well')
})

t.test('sessions that ended long ago are forgotten, and no others', async (t) => {
  const { db, user } = await testApp(t)
  const { userId } = await user('listener')
  const session = async (name: string, dates: { expiresAt: string, revokedAt?: string }) =>
    await db.prisma.session.create({ data: { userId, userAgent: name, refreshTokenHash: name, rotatedAt: '2026-01-01T00:00:00Z', ...dates } })
  await session('ran out', { expiresAt: '2026-02-01T00:00:00Z' })
  await session('signed out', { expiresAt: '2026-09-01T00:00:00Z', revokedAt: '2026-02-01T00:00:00Z' })
  await session('ran out lately', { expiresAt: '2026-03-02T00:00:00Z' })
  await session('signed out lately', { expiresAt: '2026-09-01T00:00:00Z', revokedAt: '2026-03-02T00:00:00Z' })
  await forgetEndedSessions(db, new Date('2026-03-01T00:00:00Z'))
  const left = await db.prisma.session.findMany({ where: { userAgent: { contains: 'out' } }, orderBy: { userAgent: 'asc' } })
  t.same(left.map(({ userAgent }) => userAgent), ['ran out lately', 'signed out lately'])
})
