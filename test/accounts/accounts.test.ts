import { randomBytes, randomUUID } from 'node:crypto'
import t from 'tap'
import { appendAudit, verifyAuditChain } from '../../src/accounts/audit.ts'
import { createAdmin, createSetupLink } from '../../src/accounts/setup.ts'
import { buildApp } from '../../src/app.ts'
import { testApp, testPassword } from '../support/app.ts'
import { testDatabase } from '../support/database.ts'

t.test('the first admin', async (t) => {
  const { app, as, db } = await testApp(t)
  let goodToken = ''
  const setUp = (token: string, username: string) => as(null, { method: 'POST', url: '/api/setup', payload: { token, username, password: testPassword } })

  t.test('needs the link that this start printed', async (t) => {
    t.match(await as(null, { url: '/api/setup' }), { body: { needed: true } })
    const earlier = await createSetupLink(db)
    const token = await createSetupLink(db)
    t.match(token, /^[\w-]{43}$/)
    t.notOk(JSON.stringify(await db.prisma.setupLink.findMany()).includes(String(token)), 'only its hash is kept')
    for (const wrong of ['x', randomBytes(32).toString('base64url'), String(earlier)]) {
      t.match(await setUp(wrong, 'mallory'), { status: 403, body: { error: { code: 'SETUP_LINK_INVALID' } } })
    }
    t.match(await as(null, { method: 'POST', url: '/api/setup', payload: { token, username: 'ada', password: 'short' } }), { status: 400, body: { error: { code: 'PASSWORD_UNACCEPTABLE' } } })
  })

  t.test('is exactly one, of twenty at once', async (t) => {
    goodToken = String(await createSetupLink(db))
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => setUp(goodToken, `admin-${index}`)))
    const made = answers.filter(({ status }) => status === 201)
    t.equal(made.length, 1)
    t.match(made[0]?.body, { user: { role: 'admin' }, accessToken: String })
    t.strictSame(new Set(answers.filter((answer) => answer !== made[0]).map(({ status }) => status)), new Set([403]))
    t.equal(await db.prisma.user.count(), 1)
    t.match(await as(null, { url: '/api/setup' }), { body: { needed: false } })
  })

  t.test('is the last by a link: from then on none is made, and an old one is void', async (t) => {
    t.equal(await createSetupLink(db), null)
    await db.prisma.setupLink.update({ where: { id: 1 }, data: { usedAt: null } })
    t.equal((await setUp(goodToken, 'second')).status, 403)
  })

  t.test('may use a link whose token every instance was given, again after each start', async (t) => {
    const fresh = await testApp(t)
    const token = 'a-token-of-the-operator-0123456789abcdef'
    for (const start of ['first', 'second']) t.equal(await createSetupLink(fresh.db, token), token, start)
    const setUpOnce = (username: string) => fresh.as(null, { method: 'POST', url: '/api/setup', payload: { token, username, password: testPassword } })
    t.equal((await setUpOnce('ada')).status, 201)
    t.equal(await createSetupLink(fresh.db, token), null, 'a later start revives no link')
    t.equal((await setUpOnce('mallory')).status, 403)
  })

  t.test('may come from the command line instead, which voids the link', async (t) => {
    const empty = await testApp(t)
    const token = await createSetupLink(empty.db)
    await createAdmin(empty.db, { username: 'ada', password: testPassword })
    const { status } = await empty.as(null, { method: 'POST', url: '/api/setup', payload: { token, username: 'mallory', password: testPassword } })
    t.equal(status, 403)
    await t.rejects(createAdmin(empty.db, { username: 'ADA', password: testPassword }), { code: 'USERNAME_TAKEN' })
    t.equal(app.hasRoute({ method: 'POST', url: '/api/setup' }), true)
  })
})

t.test('users', async (t) => {
  const { as, user, db } = await testApp(t)
  const admin = await user('admin', 'root')
  const create = (payload: object) => as(admin, { method: 'POST', url: '/api/users', payload })

  t.test('are made, listed page by page, changed and removed by an admin', async (t) => {
    const made = await create({ username: 'Zoë', password: testPassword, displayName: 'Zoë Z.', role: 'curator' })
    t.match(made, { status: 201, body: { username: 'Zoë', displayName: 'Zoë Z.', role: 'curator', disabled: false } })
    const { id } = made.body as { id: string }
    t.match(await create({ username: 'bob', password: testPassword }), { status: 201, body: { displayName: 'bob', role: 'listener' } })
    const first = await as(admin, { url: '/api/users?limit=2' })
    t.match(first, { body: { items: [{ username: 'bob' }, { username: 'root' }], nextCursor: String } })
    const { nextCursor } = first.body as { nextCursor: string }
    t.match(await as(admin, { url: `/api/users?limit=2&cursor=${nextCursor}` }), { body: { items: [{ username: 'Zoë' }], nextCursor: null } })
    t.notMatch(JSON.stringify(first.body), /password|hash/i)
    t.match(await as(admin, { method: 'PATCH', url: `/api/users/${id}`, payload: { role: 'auditor', displayName: 'Z' } }), { body: { role: 'auditor', displayName: 'Z' } })
    t.equal((await as(admin, { method: 'DELETE', url: `/api/users/${id}` })).status, 204)
    t.match(await as(admin, { method: 'DELETE', url: `/api/users/${id}` }), { status: 404, body: { error: { code: 'USER_NOT_FOUND' } } })
  })

  t.test('have names that are told apart', async (t) => {
    await create({ username: 'Ångström', password: testPassword })
    for (const username of ['ÅNGSTRÖM', 'Ångström', ' ångström ', 'A\u030angstro\u0308m']) {
      t.match(await create({ username, password: testPassword }), { status: 409, body: { error: { code: 'USERNAME_TAKEN' } } }, username)
    }
    for (const username of ['   ', 'a\u0000b', 'a\nb', 'a\u202eb', 'a\u200bb', 'x'.repeat(65)]) {
      t.match(await create({ username, password: testPassword }), { status: 400, body: { error: { code: 'USERNAME_INVALID' } } }, JSON.stringify(username))
    }
    t.equal((await create({ username: '🎵'.repeat(64), password: testPassword })).status, 201, '64 characters, however many code units')
  })

  t.test('are shown by names that can be shown', async (t) => {
    for (const displayName of ['a\0', '\ud800', '']) {
      t.match(await create({ username: 'shown', password: testPassword, displayName }), { status: 400, body: { error: { code: 'INVALID_REQUEST' } } }, JSON.stringify(displayName))
      t.equal((await as(admin, { method: 'POST', url: '/api/me/tokens', payload: { name: displayName } })).status, 400)
    }
    t.match(await create({ username: 'shown', password: testPassword, displayName: 'DJ 🎵' }), { status: 201, body: { displayName: 'DJ 🎵' } })
  })

  t.test('change their own password with the current one only, admins too', async (t) => {
    t.match(await as(admin, { method: 'PATCH', url: `/api/users/${admin.userId.toUpperCase()}`, payload: { password: 'another long password' } }), { status: 403, body: { error: { code: 'OWN_PASSWORD' } } })
  })

  t.test('have passwords that are long and not the first to guess', async (t) => {
    const refused = ['x'.repeat(11), 'x'.repeat(12), 'x'.repeat(257), '123456789012', 'Password1234', 'QWERTYUIOP123', 'long-username']
    for (const password of refused) {
      t.match(await create({ username: 'long-username', password }), { status: 400, body: { error: { code: 'PASSWORD_UNACCEPTABLE' } } }, password.slice(0, 20))
    }
    for (const password of ['correct battery', 'пароль длинный', 'ab'.repeat(128)]) {
      t.equal((await create({ username: `user-${randomUUID()}`, password })).status, 201, password.slice(0, 20))
    }
    t.match((await db.prisma.user.findFirstOrThrow()).passwordHash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })

  t.test('cannot raise their own role or touch other fields', async (t) => {
    const ada = await user('listener')
    t.equal((await as(ada, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload: { role: 'admin' } })).status, 403)
    for (const payload of [{ id: randomUUID() }, { passwordHash: 'x' }, { sessionEpoch: 9 }, { username: 'other' }, {}, { role: { set: 'admin' } }, { role: 'root' }, { disabled: 'true' }, { __proto__: null, constructor: { prototype: {} } }]) {
      t.match(await as(admin, { method: 'PATCH', url: `/api/users/${ada.userId}`, payload }), { status: 400, body: { error: { code: 'INVALID_REQUEST' } } }, JSON.stringify(payload))
    }
    t.equal((await db.prisma.user.findUniqueOrThrow({ where: { id: ada.userId } })).role, 'listener')
  })
})

t.test('the last admin stays', async (t) => {
  const { as, user, db } = await testApp(t)
  const one = await user('admin')
  const two = await user('admin')
  const change = (by: typeof one, id: string, payload: object) => as(by, { method: 'PATCH', url: `/api/users/${id}`, payload })

  t.test('when two take away each other’s rights at once', async (t) => {
    for (let round = 0; round < 5; round += 1) {
      await db.prisma.user.updateMany({ data: { role: 'admin', disabledAt: null } })
      await Promise.all([change(one, two.userId, { role: 'listener' }), change(two, one.userId, { disabled: true })])
      t.ok(await db.prisma.user.count({ where: { role: 'admin', disabledAt: null } }) >= 1)
    }
  })

  t.test('whatever is tried', async (t) => {
    await db.prisma.user.updateMany({ data: { role: 'admin', disabledAt: null } })
    const root = await user('admin')
    await db.prisma.user.deleteMany({ where: { id: { not: root.userId } } })
    await user('admin', 'disabled one').then(({ userId }) => db.prisma.user.update({ where: { id: userId }, data: { disabledAt: new Date() } }))
    const tries = [change(root, root.userId, { role: 'curator' }), change(root, root.userId, { disabled: true }), as(root, { method: 'DELETE', url: `/api/users/${root.userId}` })]
    for (const answer of await Promise.all(tries)) t.match(answer, { status: 409, body: { error: { code: 'LAST_ADMIN' } } })
    t.equal((await change(root, root.userId, { displayName: 'Root' })).status, 200)
  })
})

t.test('brute force', async (t) => {
  const { app, user, deps } = await testApp(t)
  const second = await buildApp(deps)
  t.teardown(() => second.close())
  const victim = await user('listener', 'victim')
  await user('listener', 'bystander')
  const attacker = '198.51.100.7'
  const attempt = async (remoteAddress: string, password = 'a wrong password', { instance = app, username = victim.username, headers = {} } = {}) => {
    const response = await instance.inject({ method: 'POST', url: '/api/session', remoteAddress, headers, payload: { username, password } })
    return { status: response.statusCode, wait: Number(response.headers['retry-after'] ?? 0), body: response.json<{ error?: { code: string } }>() }
  }

  t.test('gets ten tries in a quarter of an hour, from one address, over all instances, many at once', async (t) => {
    const tries = await Promise.all(Array.from({ length: 40 }, (_, index) => attempt(attacker, undefined, { instance: index % 2 === 0 ? app : second })))
    t.equal(tries.filter(({ status }) => status === 401).length, 10)
    const refused = tries.filter(({ status }) => status === 429)
    t.equal(refused.length, 30)
    t.match(refused[0], { body: { error: { code: 'TOO_MANY_SIGN_INS' } } })
    t.ok(refused.every(({ wait }) => wait > 800 && wait <= 900), 'and is told how long to wait')
  })
  t.test('gets no further with the right password, a forged address or the name in another form', async (t) => {
    t.equal((await attempt(attacker, testPassword)).status, 429)
    t.equal((await attempt(attacker, testPassword, { headers: { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1' } })).status, 429)
    t.equal((await attempt(attacker, testPassword, { username: ' VICTIM ' })).status, 429)
  })
  t.test('does not keep the victim out, here or at an address never seen', async (t) => {
    t.equal((await attempt('127.0.0.1', testPassword)).status, 200)
    t.equal((await attempt('203.0.113.50', testPassword)).status, 200)
  })
  t.test('does not touch other accounts of the same address', async (t) => {
    t.equal((await attempt(attacker, testPassword, { username: 'bystander' })).status, 200)
  })
  t.test('from many addresses is slowed to a trickle, which the known addresses of the victim do not feel', async (t) => {
    const tries = []
    for (let host = 1; host <= 30; host += 1) tries.push(await attempt(`192.0.2.${host}`))
    t.ok(tries.filter(({ status }) => status === 401).length <= 3, 'the account’s ten are used up')
    t.ok(tries.at(-1)?.wait !== undefined && (tries.at(-1)?.wait ?? 99) <= 10, 'a stranger waits seconds, not a quarter of an hour')
    t.equal((await attempt('127.0.0.1', testPassword)).status, 200)
  })
  t.test('of one IPv6 network counts as one', async (t) => {
    await user('listener', 'sixth')
    const tries = []
    for (let host = 1; host <= 12; host += 1) tries.push(await attempt(`2001:db8:0:1::${host.toString(16)}`, undefined, { username: 'sixth' }))
    t.equal(tries.filter(({ status }) => status === 401).length, 10)
  })
  t.test('of names that do not exist is refused alike', async (t) => {
    const tries = await Promise.all(Array.from({ length: 12 }, () => attempt('198.51.100.8', undefined, { username: 'nobody at all' })))
    t.equal(tries.filter(({ status }) => status === 401).length, 10)
    t.equal(tries.filter(({ status }) => status === 429).length, 2)
  })
})

t.test('an unknown name takes as long as a wrong password', async (t) => {
  const { app, user, db } = await testApp(t)
  await user('listener', 'known')
  const times: Record<string, number[]> = { known: [], unknown: [] }
  for (let round = 0; round < 25; round += 1) {
    await db.pool.query('DELETE FROM rate_limit')
    for (const username of ['known', 'unknown']) {
      const start = performance.now()
      await app.inject({ method: 'POST', url: '/api/session', payload: { username, password: 'a wrong password' } })
      times[username]?.push(performance.now() - start)
    }
  }
  const median = (name: string) => (times[name] ?? []).toSorted((a, b) => a - b)[12] ?? 0
  const ratio = median('unknown') / median('known')
  t.ok(ratio > 0.7 && ratio < 1.4, `unknown / known = ${ratio.toFixed(2)}`)
})

t.test('the audit log', async (t) => {
  const db = await testDatabase(t)
  const entry = (action: string, details = {}) => db.prisma.$transaction((tx) => appendAudit(tx, { at: new Date(), actorId: null, action, subject: 'x:1', details }))
  await Promise.all(Array.from({ length: 30 }, (_, index) => entry(`action-${index}`, { zulu: index, alpha: 'ä', none: null })))

  t.test('is one chain, however many write at once', async (t) => {
    t.equal(await db.prisma.auditEvent.count(), 30)
    t.equal(await verifyAuditChain(db), null)
  })
  t.test('takes no change and no removal', async (t) => {
    await t.rejects(db.pool.query("UPDATE audit_event SET action = 'nothing'"), { message: /append-only/ })
    await t.rejects(db.pool.query('DELETE FROM audit_event'), { message: /append-only/ })
    await t.rejects(db.pool.query('TRUNCATE audit_event'), { message: /append-only/ })
  })
  t.test('shows what was changed all the same', async (t) => {
    const { rows } = await db.pool.query<{ id: string }>('SELECT id FROM audit_event ORDER BY id')
    const [fifth, tenth] = [rows[4]?.id, rows[9]?.id]
    await db.pool.query('ALTER TABLE audit_event DISABLE TRIGGER ALL')
    await db.pool.query(`UPDATE audit_event SET details = '{"zulu": 999}' WHERE id = ${tenth}`)
    t.match(await verifyAuditChain(db), { id: BigInt(String(tenth)), reason: 'it was changed' })
    await db.pool.query(`DELETE FROM audit_event WHERE id = ${fifth}`)
    t.match(await verifyAuditChain(db), { id: BigInt(String(rows[5]?.id)), reason: 'the row before it is missing or another' })
  })
})

t.test('what admins do stands in the audit log, for auditors to page through', async (t) => {
  const { as, user, db } = await testApp(t)
  const admin = await user('admin')
  const auditor = await user('auditor')
  const { body } = await as(admin, { method: 'POST', url: '/api/users', payload: { username: 'new', password: testPassword } })
  const { id } = body as { id: string }
  await as(admin, { method: 'PATCH', url: `/api/users/${id}`, payload: { password: 'a different password' } })
  await as(admin, { method: 'DELETE', url: `/api/users/${id}` })
  const page = await as(auditor, { url: '/api/audit?limit=2' })
  t.match(page, { body: { items: [{ action: 'user.deleted', actorId: admin.userId, subject: `user:${id}` }, { action: 'user.changed', details: { passwordReset: true } }], nextCursor: String } })
  const { nextCursor } = page.body as { nextCursor: string }
  t.match(await as(auditor, { url: `/api/audit?limit=2&cursor=${nextCursor}` }), { body: { items: [{ action: 'user.created', details: { username: 'new' } }, { action: 'session.started' }] } })
  t.equal((await as(auditor, { url: '/api/audit?action=%00' })).status, 400, 'what Postgres keeps in no text is refused')
  t.match(await as(auditor, { url: '/api/audit?cursor=nonsense' }), { status: 400, body: { error: { code: 'INVALID_CURSOR' } } })
  t.notMatch(JSON.stringify(await as(auditor, { url: '/api/audit' })), /a different password/)
  t.equal(await verifyAuditChain(db), null)
})
