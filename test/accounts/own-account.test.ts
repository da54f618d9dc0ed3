import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { verifyAuditChain } from '../../src/accounts/audit.ts'
import { notExported, personalData } from '../../src/accounts/personal-data.ts'
import { buildApp } from '../../src/app.ts'
import { type TestApp, testApp, testPassword, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'

const basicOf = (username: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` })

async function appPassword ({ as }: TestApp, user: TestUser, name = 'Phone'): Promise<{ id: string, password: string }> {
  const { body } = await as(user, { method: 'POST', url: '/api/me/app-passwords', payload: { name } })
  return body as { id: string, password: string }
}

/** The database tells every process, as a rule within milliseconds; untold it would be found after five seconds. */
async function refusedSoon (status: () => Promise<number>): Promise<boolean> {
  const since = performance.now()
  while (performance.now() - since < 4_000) {
    if (await status() === 401) return true
    await delay(10)
  }
  return false
}

t.test('an app password', async (t) => {
  const it = await testApp(t)
  const ada = await it.user('admin', 'ada')
  const eve = await it.user('listener', 'eve')
  const { id, password } = await appPassword(it, ada)
  const asApp = (options: { method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, payload?: object }, headers = basicOf('ada', password)) => it.as(null, { ...options, headers })

  t.test('is shown once, as 130 random bits in groups, and kept as a hash only', async (t) => {
    t.match(password, /^([0-9a-hjkmnp-tv-z]{5}-){5}[0-9a-hjkmnp-tv-z]$/)
    t.not((await appPassword(it, ada)).password, password)
    const rows = JSON.stringify(await it.db.prisma.appPassword.findMany())
    for (const text of [password, password.replaceAll('-', '')]) t.notOk(rows.includes(text))
    const listed = await it.as(ada, { url: '/api/me/app-passwords' })
    t.match(listed, { status: 200, body: { items: [{ name: 'Phone' }, { name: 'Phone' }] } })
    t.notMatch(JSON.stringify(listed.body), /hash|-[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}-/i)
  })

  t.test('signs an app in by HTTP Basic, typed in any case and with or without its hyphens', async (t) => {
    for (const typed of [password, password.replaceAll('-', ''), password.toUpperCase()]) t.equal((await asApp({ url: '/api/home' }, basicOf('ADA', typed))).status, 200)
    const { items } = (await it.as(ada, { url: '/api/me/app-passwords' })).body as { items: Array<{ id: string, lastUsedAt: string | null }> }
    t.not(items.find((item) => item.id === id)?.lastUsedAt, null, 'and its last use is shown')
  })

  t.test('is good for its owner’s name alone, and the account’s own password is good for nothing here', async (t) => {
    const wrong = [basicOf('eve', password), basicOf('', password), basicOf('ada', testPassword), basicOf('ada', ''), basicOf('ada', `${password}0`), { authorization: `Basic ${password}` }, { authorization: `Bearer ${password}` }]
    for (const headers of wrong) t.match(await asApp({ url: '/api/home' }, headers), { status: 401, body: { error: { code: 'UNAUTHENTICATED' } } })
    t.equal((await it.as(null, { method: 'POST', url: '/api/session', payload: { username: 'ada', password } })).status, 401, 'nor does it open the web client')
  })

  t.test('allows listening and playlists only, also where its owner is an admin', async (t) => {
    t.match(await asApp({ url: '/api/me' }), { status: 200, body: { user: { username: 'ada' } } })
    t.equal((await asApp({ method: 'POST', url: '/api/playlists', payload: { name: 'From the phone' } })).status, 201)
    const allowed = new Set(['listen', 'keep playlists', 'public'])
    const refused = it.app.guardedRoutes.filter(({ access }) => !allowed.has(access) && access !== 'see metrics')
    t.ok(refused.length > 25)
    for (const { method, url } of refused) {
      const { status } = await asApp({ method: method as 'GET', url: url.replace(/:\w+/g, randomUUID()), ...(method === 'GET' || method === 'HEAD' ? {} : { payload: {} }) })
      t.equal(status, 403, `${method} ${url}`)
    }
    const listening = it.app.guardedRoutes.filter(({ access, url }) => access === 'listen' && /\/(me|session|users|audit)\b/.test(url))
    t.same(new Set(listening.map(({ url }) => url)), new Set(['/api/me']), 'of the account only who it is')
  })

  t.test('is refused everywhere within a moment once it is revoked, by its owner only', async (t) => {
    const second = await buildApp(it.deps)
    t.teardown(() => second.close())
    const elsewhere = async () => (await second.inject({ url: '/api/home', headers: basicOf('ada', password) })).statusCode
    t.equal(await elsewhere(), 200)
    t.match(await it.as(eve, { method: 'DELETE', url: `/api/me/app-passwords/${id}` }), { status: 404, body: { error: { code: 'APP_PASSWORD_NOT_FOUND' } } })
    t.equal((await it.as(ada, { method: 'DELETE', url: `/api/me/app-passwords/${id}` })).status, 204)
    t.ok(await refusedSoon(async () => (await asApp({ url: '/api/home' })).status))
    t.ok(await refusedSoon(elsewhere))
    const log = (await it.as(ada, { url: '/api/audit' })).body as { items: Array<{ action: string }> }
    t.match(log.items.map(({ action }) => action), ['app-password.revoked'])
  })

  t.test('ends when its owner is disabled, and stays ended', async (t) => {
    const { password } = await appPassword(it, eve)
    t.equal((await asApp({ url: '/api/home' }, basicOf('eve', password))).status, 200)
    for (const disabled of [true, false]) {
      await it.as(ada, { method: 'PATCH', url: `/api/users/${eve.userId}`, payload: { disabled } })
      t.ok(await refusedSoon(async () => (await asApp({ url: '/api/home' }, basicOf('eve', password))).status), `disabled: ${disabled}`)
    }
  })

  t.test('can’t be guessed: tries are counted as at the door, and lock nobody out', async (t) => {
    const bob = await it.user('listener', 'bob')
    const { password } = await appPassword(it, bob)
    const statuses = []
    for (let i = 0; i < 12; i++) statuses.push((await asApp({ url: '/api/home' }, basicOf('bob', `guess ${i}`))).status)
    t.same([...new Set(statuses)], [401, 429])
    t.equal((await asApp({ url: '/api/home' }, basicOf('bob', password))).status, 200, 'the right one goes on')
    t.equal((await it.as(null, { method: 'POST', url: '/api/session', payload: { username: 'bob', password: testPassword } })).status, 200, 'and so does the web client')
  })

  t.test('can be made in a session only, and fifty at most', async (t) => {
    const { body } = await it.as(ada, { method: 'POST', url: '/api/me/tokens', payload: { name: 'script' } })
    const bearer = { authorization: `Bearer ${(body as { token: string }).token}` }
    t.match(await asApp({ method: 'POST', url: '/api/me/app-passwords', payload: { name: 'x' } }, bearer), { status: 403, body: { error: { code: 'SESSION_REQUIRED' } } })
    const fay = await it.user('listener', 'fay')
    await it.db.prisma.appPassword.createMany({ data: Array.from({ length: 50 }, (_, i) => ({ userId: fay.userId, name: 'x', passwordHash: `h${i}` })) })
    t.match(await it.as(fay, { method: 'POST', url: '/api/me/app-passwords', payload: { name: 'x' } }), { status: 409, body: { error: { code: 'TOO_MANY_APP_PASSWORDS' } } })
  })
})

t.test('preferences', async (t) => {
  const { as, user } = await testApp(t)
  const ada = await user('listener', 'ada')
  const change = (payload: object) => as(ada, { method: 'PATCH', url: '/api/me/preferences', payload })

  t.test('are as the program has them until somebody chooses, and follow the person', async (t) => {
    t.match(await as(ada, { url: '/api/me' }), { body: { preferences: { language: null, quality: 'auto', loudness: 'auto', crossfadeSeconds: 0, skipSilence: false, singleKeys: true } } })
    t.match(await change({ language: 'pt-BR', crossfadeSeconds: 4.5 }), { status: 200, body: { language: 'pt-BR', crossfadeSeconds: 4.5, quality: 'auto' } })
    await Promise.all([change({ quality: 'lossless' }), change({ skipSilence: true })])
    t.match(await as(ada, { url: '/api/me' }), { body: { preferences: { language: 'pt-BR', quality: 'lossless', skipSilence: true } } }, 'two devices at once both win')
    t.match(await change({ language: null }), { body: { language: null } })
  })

  t.test('take nothing else', async (t) => {
    for (const payload of [{}, { colour: 'red' }, { language: 'fr' }, { crossfadeSeconds: 13 }, { crossfadeSeconds: -1 }, { crossfadeSeconds: '3' }, { quality: 'best' }, { skipSilence: 1 }, { language: 'de', extra: true }]) {
      t.equal((await change(payload)).status, 400, JSON.stringify(payload))
    }
  })
})

/** Everything that the service can keep about somebody. */
async function fullLife (it: TestApp, person: TestUser, other: TestUser) {
  const { db, as } = it
  const { trackIds: [trackId = '', secondId = ''] } = await seedAlbum(db, { title: 'Record', artist: 'Band', tracks: [{ title: 'One' }, { title: 'Two' }] })
  const { userId } = person
  await as(person, { method: 'PATCH', url: '/api/me', payload: { displayName: 'Zoë the Unmistakable' } })
  await as(person, { method: 'PATCH', url: '/api/me/preferences', payload: { language: 'de' } })
  await as(person, { method: 'POST', url: '/api/me/tokens', payload: { name: 'script of zoë' } })
  await appPassword(it, person, 'phone of zoë')
  const mine = await db.prisma.playlist.create({ data: { ownerId: userId, name: 'Mornings', nameKey: 'mornings', visibility: 'shared' } })
  const theirs = await db.prisma.playlist.create({ data: { ownerId: other.userId, name: 'Party', nameKey: 'party', visibility: 'shared' } })
  await db.prisma.playlistItem.createMany({ data: [{ playlistId: mine.id, trackId, rank: 'a', addedById: userId }, { playlistId: theirs.id, trackId: secondId, rank: 'a', addedById: userId }] })
  await db.prisma.favourite.create({ data: { userId, kind: 'track', itemId: trackId } })
  await db.prisma.rating.create({ data: { userId, trackId, stars: 5 } })
  await db.prisma.play.createMany({ data: Array.from({ length: 2_500 }, (_, i) => ({ id: randomUUID(), userId, trackId, startedAt: new Date(1_700_000_000_000 + (i >> 1) * 1_000), playedMs: 40_000, counted: true })) })
  await db.prisma.upload.create({ data: { source: 'browser', userId, relativePath: 'a.flac', sizeBytes: 1n, fingerprint: 'a', objectKey: 'incoming/a', partSizeBytes: 1n, state: 'published', trackId } })
  await db.prisma.share.create({ data: { ownerId: userId, kind: 'track', itemId: trackId, tokenHash: 'secret-hash-of-a-share', note: 'for grandma' } })
  const request = await db.prisma.songRequest.create({ data: { askerId: userId, handlerId: userId, title: 'Wish', artist: 'Somebody', matchKey: 'x' } })
  await db.prisma.songRequestVote.create({ data: { requestId: request.id, userId } })
  await db.prisma.changeSet.createMany({ data: [{ userId, kind: 'tags', subject: 'x', fields: ['title'], itemCount: 1 }, { userId: other.userId, undoneById: userId, kind: 'tags', subject: 'y', fields: ['year'], itemCount: 1 }] })
  await db.prisma.playQueue.create({ data: { userId, entries: [['k', trackId, 0, null]] } })
  await db.prisma.playQueueOperation.create({ data: { userId, id: 'o', version: 1 } })
  const session = await db.prisma.session.findFirstOrThrow({ where: { userId } })
  await db.prisma.playDevice.create({ data: { sessionId: session.id, userId } })
  return { mine, theirs, trackId }
}

/** Tables with a column that names a person: by reference, or by what it is called. */
async function tablesThatNamePeople ({ db }: TestApp): Promise<ReadonlyArray<{ table: string, column: string }>> {
  const { rows } = await db.pool.query<{ table: string, column: string }>(`
    SELECT c.table_name AS table, c.column_name AS column FROM information_schema.columns c
    WHERE c.table_schema = 'public' AND c.data_type = 'uuid' AND (c.column_name ~ '(user|owner|actor|asker|handler|person|_by)_id$'
      OR EXISTS (SELECT FROM information_schema.key_column_usage k JOIN information_schema.constraint_column_usage u USING (constraint_name)
        WHERE k.table_name = c.table_name AND k.column_name = c.column_name AND u.table_name = 'user_account' AND c.table_name <> 'user_account'))
    UNION SELECT 'user_account', 'id' ORDER BY 1, 2`)
  return rows
}

t.test('the export of one’s data', async (t) => {
  const it = await testApp(t)
  const ada = await it.user('admin', 'ada')
  const zoe = await it.user('curator', 'zoë')
  const { mine } = await fullLife(it, zoe, ada)

  t.test('holds every table that names people, or says why not', async (t) => {
    const known = new Set([...personalData.map(({ table }) => table), ...Object.keys(notExported)])
    const naming = await tablesThatNamePeople(it)
    t.ok(naming.length >= 18)
    t.same(naming.filter(({ table }) => !known.has(table)), [], 'a new one goes into a personal-data.ts')
  })

  t.test('is one document of everything, and nobody else’s', async (t) => {
    const response = await it.app.inject({ url: '/api/me/export', headers: zoe.bearer })
    t.equal(response.statusCode, 200)
    t.match(response.headers, { 'content-type': /^application\/json/, 'content-disposition': /^attachment; filename="freshet-\d{4}-\d\d-\d\d\.json"$/, 'cache-control': /no-store/ })
    const data = response.json<Record<string, Array<Record<string, unknown>>>>()
    for (const { name } of personalData) t.ok((data[name]?.length ?? 0) > 0, `${name} is not empty`)
    t.match(data, { preferences: { language: 'de' }, account: [{ username: 'zoë', displayName: 'Zoë the Unmistakable' }], playlists: [{ id: mine.id, name: 'Mornings', tracks: [{ title: String }] }] })
    t.equal(new Set(data.plays?.map(({ id }) => id)).size, 2_500, 'every play once, over page borders that fall between equal times')
    t.equal(data.playlists?.length, 1)
    t.notMatch(response.body, /hash|secret|argon2/i, 'nothing that opens a door')
    t.notOk(response.body.includes(ada.userId))
    const log = (await it.as(ada, { url: '/api/audit' })).body as { items: Array<{ action: string }> }
    t.match(log.items[0], { action: 'account.exported', actorId: zoe.userId })
  })

  t.test('is for a session only, and not for whoever holds a token', async (t) => {
    const { body } = await it.as(zoe, { method: 'POST', url: '/api/me/tokens', payload: { name: 'script' } })
    const { statusCode } = await it.app.inject({ url: '/api/me/export', headers: { authorization: `Bearer ${(body as { token: string }).token}` } })
    t.equal(statusCode, 403)
  })
})

t.test('deleting one’s account', async (t) => {
  const it = await testApp(t)
  const ada = await it.user('admin', 'ada')
  const zoe = await it.user('curator', 'zoë')
  const { theirs, trackId } = await fullLife(it, zoe, ada)
  const remove = (user: TestUser, payload: object) => it.as(user, { method: 'DELETE', url: '/api/me', payload })

  t.test('wants the password, not merely a session, and counts wrong ones', async (t) => {
    t.match(await remove(zoe, { password: 'not the password at all' }), { status: 403, body: { error: { code: 'WRONG_PASSWORD' } } })
    t.equal((await remove(zoe, {})).status, 400)
    const { body } = await it.as(zoe, { method: 'POST', url: '/api/me/tokens', payload: { name: 'script' } })
    const { statusCode } = await it.app.inject({ method: 'DELETE', url: '/api/me', headers: { authorization: `Bearer ${(body as { token: string }).token}` }, payload: { password: testPassword } })
    t.equal(statusCode, 403)
    const bob = await it.user('listener', 'bob')
    const statuses = []
    for (let i = 0; i < 12; i++) statuses.push((await remove(bob, { password: `wrong ${i}` })).status)
    t.same([...new Set(statuses)], [403, 429])
  })

  t.test('is refused to the last admin, with what to do', async (t) => {
    t.match(await remove(ada, { password: testPassword }), { status: 409, body: { error: { code: 'LAST_ADMIN', message: /make somebody else an admin first/ } } })
  })

  t.test('leaves no row that names the person but the audit log’s, and all that was for others', async (t) => {
    const { password } = await appPassword(it, zoe)
    const address = await it.listen()
    const second = await buildApp(it.deps)
    t.teardown(() => second.close())
    const elsewhere = async (headers: { authorization: string }) => (await second.inject({ url: '/api/home', headers })).statusCode
    t.same([await elsewhere(zoe.bearer), await elsewhere(basicOf('zoë', password))], [200, 200])

    t.equal((await remove(zoe, { password: testPassword })).status, 204)

    for (const headers of [zoe.bearer, basicOf('zoë', password)]) t.ok(await refusedSoon(() => elsewhere(headers)), 'every instance forgets within a moment')
    t.equal((await fetch(`${address}/api/session/refresh`, { method: 'POST', headers: { cookie: zoe.cookie, origin: it.config.http.publicUrl, 'content-type': 'application/json' }, body: '{}' })).status, 401)
    t.equal((await it.as(null, { method: 'POST', url: '/api/session', payload: { username: 'zoë', password: testPassword } })).status, 401)

    const { rows: tables } = await it.db.pool.query<{ name: string }>('SELECT table_name AS name FROM information_schema.tables WHERE table_schema = \'public\' AND table_type = \'BASE TABLE\'')
    const naming: string[] = []
    for (const { name } of tables) {
      const { rows } = await it.db.pool.query(`SELECT FROM "${name}" row WHERE row::text ILIKE ANY ($1) LIMIT 1`, [[`%${zoe.userId}%`, '%zoë%', '%unmistakable%']])
      if (rows.length > 0) naming.push(name)
    }
    t.same(naming, ['audit_event'])
    const { rows: own } = await it.db.pool.query<{ details: object }>('SELECT details FROM audit_event WHERE action = \'account.deleted\' AND subject = $1', [`user:${zoe.userId}`])
    t.same(own, [{ details: { reason: 'by its owner' } }], 'which keeps the id and why')
    t.equal(await verifyAuditChain(it.db), null)

    t.equal(await it.db.prisma.playlistItem.count({ where: { playlistId: theirs.id } }), 1, 'another’s playlist keeps what was added')
    t.match(await it.db.prisma.upload.findMany(), [{ userId: null, trackId }])
    t.match(await it.as(ada, { url: `/api/tracks/${trackId}` }), { status: 200 })
    t.equal(await it.db.prisma.songRequest.count(), 1, 'others may wait for the song too')
  })

  t.test('may be done by an admin while there is another', async (t) => {
    const second = await it.user('admin', 'grace')
    t.equal((await remove(second, { password: testPassword })).status, 204)
    t.equal(await it.db.prisma.user.count({ where: { role: 'admin' } }), 1)
  })
})

t.test('signing out everywhere else ends all other sessions, and says so in the log', async (t) => {
  const it = await testApp(t)
  const ada = await it.user('admin', 'ada')
  const { body } = await it.as(null, { method: 'POST', url: '/api/session', payload: { username: 'ada', password: testPassword } })
  const there = { authorization: `Bearer ${(body as { accessToken: string }).accessToken}` }
  t.equal((await it.as(null, { url: '/api/home', headers: there })).status, 200)
  t.equal((await it.as(ada, { method: 'DELETE', url: '/api/sessions' })).status, 204)
  t.ok(await refusedSoon(async () => (await it.as(null, { url: '/api/home', headers: there })).status))
  t.match(await it.as(ada, { url: '/api/sessions' }), { status: 200, body: { items: [{ current: true }] } })
  t.match((await it.as(ada, { url: '/api/audit' })).body, { items: [{ action: 'sessions.ended' }] })
})
