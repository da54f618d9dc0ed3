import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Page, Playlist } from '../../src/catalog/schemas.ts'
import type { CreatedShare, Share, SharedPage, SharedStream } from '../../src/sharing/schemas.ts'
import { forgetSharePlays } from '../../src/sharing/share-plays.ts'
import { type TestApp, testApp, type TestUser } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type ErrorBody } from '../support/catalogue-client.ts'

const webRoot = await mkdtemp(join(tmpdir(), 'freshet-share-'))
t.teardown(() => rm(webRoot, { recursive: true, force: true }))
await mkdir(join(webRoot, 's'))
await writeFile(join(webRoot, 's/share.html'), '<!doctype html><html lang="en"><head><!--share-head--></head><body><!--share-body--></body></html>')

const app = await testApp(t, { webRoot, env: { ORGANISATION: 'Commonplace <&>', PUBLIC_URL: 'https://music.example.org' } })
const { db, clock } = app
const lis = await app.user('listener')
const [owner, other, curator] = [clientOf(app, lis), clientOf(app, await app.user('listener')), clientOf(app, await app.user('curator'))]
const { trackIds, albumId } = await seedAlbum(db, { title: 'River & "Bank"', artist: '<b>Otter</b>', year: 2021, artwork: true, tracks: [{ title: 'One $& two', durationMs: 40_000 }, { title: 'Second' }, { title: 'Hidden', state: 'withdrawn' }] })
const [first = '', second = '', hidden = ''] = trackIds

const share = async (body: Record<string, unknown> = { kind: 'album', itemId: albumId }) => (await owner.send<CreatedShare>('POST', '/shares', body)).body
const tokenOf = ({ url }: Pick<CreatedShare, 'url'>) => url.slice(url.lastIndexOf('/') + 1)
const visit = async <T>(path: string, on: Pick<TestApp, 'app'> = app) => {
  const response = await on.app.inject({ url: path })
  return { status: response.statusCode, body: response.json<T>(), headers: response.headers }
}
const open = (made: CreatedShare, on?: Pick<TestApp, 'app'>) => visit<SharedPage & ErrorBody>(`/api/shared/${tokenOf(made)}`, on)

t.test('whoever has the link sees and hears what it shares, and nothing else', async (t) => {
  const made = await share({ kind: 'album', itemId: albumId, note: ' For Sunday ' })
  t.match(made.url, /^https:\/\/music\.example\.org\/s\/[\w-]{43}$/)
  t.match(made, { kind: 'album', title: 'River & "Bank"', note: 'For Sunday', expiresAt: null, playCount: 0 })
  const { rows: [row] } = await db.pool.query('SELECT * FROM share WHERE id = $1', [made.id])
  t.notOk(JSON.stringify(row).includes(tokenOf(made)), 'the token itself is kept nowhere')
  const { status, body, headers } = await open(made)
  t.equal(status, 200)
  t.equal(headers['set-cookie'], undefined)
  t.match(body, { title: 'River & "Bank"', artistCredit: '<b>Otter</b>', year: 2021, note: 'For Sunday', organisation: 'Commonplace <&>', trackCount: 2 })
  t.same(body.tracks.map(({ id }) => id), [first, second], 'without what was withdrawn')
  t.notMatch(JSON.stringify(body), /favourite|rating|playCount|fileName/)
  t.match(body.cover?.url, /\/300\.webp\?Expires=\d+&/, 'one picture, signed by itself')
  const { body: stream } = await visit<SharedStream>(`/api/shared/${tokenOf(made)}/tracks/${first}/stream`)
  t.match(stream, { rendition: { name: 'aac-160' }, durationMs: 40_000 })
  t.match(stream.url, /aac-160\.mp4\?Expires=/, 'a signature for this rendition alone')
  t.match(stream.waveformUrl, /waveform\.bin\?Expires=/)
  const { trackIds: [foreign] } = await seedAlbum(db, { title: 'Other', artist: 'Other', tracks: [{ title: 'Foreign' }] })
  for (const id of [foreign, hidden, randomUUID()]) t.match(await visit(`/api/shared/${tokenOf(made)}/tracks/${id}/stream`), { status: 404, body: { error: { code: 'TRACK_NOT_FOUND' } } })
  for (const path of [`/api/tracks/${first}/stream`, `/api/albums/${albumId}`, '/api/search?q=other']) t.equal((await visit(path)).status, 401, 'the rest of the API stays shut')
})

t.test('a track or a playlist of one’s own is shared as it is when the link is opened', async (t) => {
  const { body: list } = await owner.send<Playlist>('POST', '/playlists', { name: 'Mine', description: 'Slow', trackIds: [second, hidden, first].filter((id) => id !== hidden) })
  const shared = await share({ kind: 'playlist', itemId: list.id })
  await owner.send('POST', `/playlists/${list.id}/items`, { trackIds: [second] })
  const { body } = await open(shared)
  t.match(body, { kind: 'playlist', title: 'Mine', description: 'Slow', artistCredit: null, trackCount: 3 })
  t.same(body.tracks.map(({ id }) => id), [second, first, second])
  t.match(await other.send('POST', '/shares', { kind: 'playlist', itemId: list.id }), { status: 404 }, 'nobody shares what they can’t see')
  await owner.send('PATCH', `/playlists/${list.id}`, { visibility: 'shared' })
  t.match(await other.send('POST', '/shares', { kind: 'playlist', itemId: list.id }), { status: 403, body: { error: { code: 'PLAYLIST_NOT_YOURS' } } }, 'nor what is another’s')
  const single = await share({ kind: 'track', itemId: first })
  t.match((await open(single)).body, { kind: 'track', title: 'One $& two', albumTitle: 'River & "Bank"' })
  for (const [kind, itemId] of [['track', hidden], ['track', albumId], ['album', first], ['playlist', randomUUID()]]) t.equal((await owner.send('POST', '/shares', { kind, itemId })).status, 404)
  await owner.send('DELETE', `/playlists/${list.id}`)
  t.match(await open(shared), { status: 404, body: { error: { code: 'SHARE_ENDED' } } }, 'with the playlist its link ends')
})

t.test('a link ends when its time is up, when it is revoked, and with its maker', async (t) => {
  const started = clock.now
  const [short, long] = [await share({ kind: 'album', itemId: albumId, days: 1 }), await share()]
  t.equal((await open(short)).status, 200)
  clock.now = new Date(started.getTime() + 86_400_000)
  t.match(await open(short), { status: 404, body: { error: { code: 'SHARE_ENDED' } } })
  t.equal((await open(long)).status, 200)
  clock.now = started
  t.equal((await other.send('DELETE', `/shares/${long.id}`)).status, 404, 'a stranger’s hand is refused')
  t.equal((await owner.send('DELETE', `/shares/${long.id}`)).status, 204)
  t.equal((await open(long)).status, 404)
  t.equal((await visit(`/api/shared/${tokenOf(long)}/tracks/${first}/stream`)).status, 404)
  t.equal((await owner.send('DELETE', `/shares/${long.id}`)).status, 404)
  const gone = await app.user('listener')
  const { body: theirs } = await clientOf(app, gone).send<CreatedShare>('POST', '/shares', { kind: 'album', itemId: albumId })
  await db.prisma.user.update({ where: { id: gone.userId }, data: { disabledAt: clock.now } })
  t.equal((await open(theirs)).status, 404, 'a disabled maker')
  await db.prisma.user.update({ where: { id: gone.userId }, data: { disabledAt: null } })
  t.equal((await open(theirs)).status, 200)
  await db.prisma.user.delete({ where: { id: gone.userId } })
  t.equal((await open(theirs)).status, 404)
  t.equal(await db.prisma.share.count({ where: { ownerId: gone.userId } }), 0, 'nothing of it stays')
  const actions = (await db.prisma.auditEvent.findMany({ where: { subject: `share:${long.id}` }, orderBy: { id: 'asc' } })).map(({ action, actorId }) => [action, actorId])
  t.same(actions, [['share.created', lis.userId], ['share.revoked', lis.userId]])
})

t.test('a track that is withdrawn vanishes from its links', async (t) => {
  const lost = await seedAlbum(db, { title: 'Lost', artist: 'Gone', tracks: [{ title: 'a' }, { title: 'b' }] })
  const [one = '', two = ''] = lost.trackIds
  const [album, single] = [await share({ kind: 'album', itemId: lost.albumId }), await share({ kind: 'track', itemId: one })]
  await curator.send('DELETE', `/tracks/${one}`)
  t.same((await open(album)).body.tracks.map(({ id }) => id), [two])
  t.equal((await open(single)).status, 404)
  t.equal((await visit(`/api/shared/${tokenOf(album)}/tracks/${one}/stream`)).status, 404)
  t.equal((await owner.get<Page<Share>>(`/shares?itemId=${one}`)).body.items[0]?.title, null, 'its maker sees that it leads nowhere')
})

t.test('makers see their own links, of one thing where they ask so, and who manages users ends any', async (t) => {
  const mine = clientOf(app, await app.user('listener'))
  const made: string[] = []
  for (const itemId of [first, second, first]) made.push((await mine.send<CreatedShare>('POST', '/shares', { kind: 'track', itemId })).body.id)
  const { body: page } = await mine.get<Page<Share>>('/shares?limit=2')
  t.same([...page.items, ...(await mine.get<Page<Share>>(`/shares?limit=2&cursor=${page.nextCursor}`)).body.items].map(({ id }) => id).sort(), made.toSorted())
  t.equal((await mine.get<Page<Share>>(`/shares?kind=track&itemId=${first}`)).body.items.length, 2)
  t.notMatch(JSON.stringify(page), /url|token/i)
  const admin = clientOf(app, await app.user('admin'))
  t.equal((await admin.send('DELETE', `/shares/${made[0]}`)).status, 204)
  t.equal((await mine.get<Page<Share>>('/shares')).body.items.length, 2)
  t.equal((await clientOf(app, await app.user('auditor')).get('/shares')).status, 403)
})

t.test('plays by a link are counted for the link, once each, and for nobody', async (t) => {
  const made = await share()
  const before = await db.prisma.track.findUniqueOrThrow({ where: { id: first } })
  const play = async (body: Record<string, unknown>) => {
    const response = await app.app.inject({ method: 'POST', url: `/api/shared/${tokenOf(made)}/plays`, payload: body })
    return { status: response.statusCode, body: response.json<unknown>(), cookie: response.headers['set-cookie'] }
  }
  const id = randomUUID()
  t.match(await play({ id, trackId: first, playedMs: 20_000 }), { status: 200, body: { counted: true }, cookie: undefined }, 'half of 40 seconds')
  await play({ id, trackId: first, playedMs: 20_000 })
  t.match(await play({ id: randomUUID(), trackId: second, playedMs: 29_000 }), { body: { counted: false } })
  t.match(await play({ id: randomUUID(), trackId: hidden, playedMs: 29_000 }), { status: 404 })
  t.equal((await owner.get<Page<Share>>(`/shares?itemId=${albumId}`)).body.items.find((entry) => entry.id === made.id)?.playCount, 1)
  t.equal((await db.prisma.track.findUniqueOrThrow({ where: { id: first } })).playCount, before.playCount, 'what is popular in the house isn’t for strangers to say')
  t.equal(await db.prisma.play.count(), 0)
  await forgetSharePlays(db, clock.now)
  t.equal(await db.prisma.sharePlay.count({ where: { shareId: made.id } }), 2)
  await forgetSharePlays(db, new Date(clock.now.getTime() + 8 * 86_400_000))
  t.equal(await db.prisma.sharePlay.count({ where: { shareId: made.id } }), 0, 'a week later only the count is left')
  t.equal((await db.prisma.share.findUniqueOrThrow({ where: { id: made.id } })).playCount, 1)
})

t.test('the page of a link tells previews what it is, escaped, and asks robots to pass by', async (t) => {
  const made = await share({ kind: 'album', itemId: albumId, note: '"><script>alert(1)</script>' })
  const page = await app.app.inject({ url: `/s/${tokenOf(made)}`, headers: { 'accept-language': 'de-AT,en;q=0.5' } })
  t.equal(page.statusCode, 200)
  t.match(page.headers, { 'content-type': 'text/html; charset=utf-8', 'x-robots-tag': /noindex/, 'cache-control': /no-store/, 'content-security-policy': /script-src 'self'/ })
  t.equal(page.headers['set-cookie'], undefined)
  const metas = new Map([...page.body.matchAll(/<meta (?:property|name)="([^"]+)" content="([^"]*)">/g)].map(([, name, value]) => [name, value]))
  t.equal(metas.get('og:title'), 'River &amp; &quot;Bank&quot; von &lt;b&gt;Otter&lt;/b&gt;')
  t.equal(metas.get('og:type'), 'music.album')
  t.equal(metas.get('og:url'), made.url)
  t.equal(metas.get('og:image'), `${made.url}/cover`)
  t.match(metas.get('og:description'), /^2021, 2 Titel, 4 Min\.\. Geteilt von listener-\w+: &quot;&gt;&lt;script&gt;/)
  t.equal(metas.get('twitter:card'), 'summary')
  t.notMatch(page.body, /<script|<b>/)
  t.match(page.body, /<html lang="de"/)
  t.match(page.body, /<li>One \$&amp; two, &lt;b&gt;Otter&lt;\/b&gt;<\/li>/, 'readable without scripts, and a $ is a $')
  const cover = await app.app.inject({ url: `/s/${tokenOf(made)}/cover` })
  t.equal(cover.statusCode, 302)
  t.match(cover.headers, { location: /media\/artwork\/.+\/300\.webp\?Expires=/, 'cache-control': 'private, no-store' }, 'which no cache keeps beyond the link')
  const endsInMs = Number(/Expires=(\d+)/.exec(String(cover.headers.location))?.[1]) * 1000 - clock.now.getTime()
  t.ok(endsInMs >= 3_600_000 && endsInMs <= 4_500_000, 'signed for an hour and no day')
  await owner.send('DELETE', `/shares/${made.id}`)
  for (const url of [`/s/${tokenOf(made)}`, '/s/nonsense', '/s/%00', `/s/${'x'.repeat(200)}`]) {
    const ended = await app.app.inject({ url })
    t.equal(ended.statusCode, 404, url)
    t.match(ended.body, /This link has ended/)
    t.notMatch(ended.body, /River|og:/)
  }
  t.equal((await app.app.inject({ url: `/s/${tokenOf(made)}/cover` })).statusCode, 404)
})

t.test('the organisation decides who shares, for links there are already too', async (t) => {
  const made = await share()
  const { body: theirs } = await curator.send<CreatedShare>('POST', '/shares', { kind: 'album', itemId: albumId })
  const permits = async (on: TestApp, user: TestUser) => (await on.as(user, { url: '/api/me' })).body as { permissions: string[] }
  const same = { db, store: app.store, queue: app.queue, jwtKeys: app.deps.jwtKeys, webRoot }
  const forCurators = await testApp(t, { ...same, env: { DATABASE_URL: db.url, SHARING: 'curators', PUBLIC_URL: 'https://music.example.org' } })
  t.match(await forCurators.as(lis, { method: 'POST', url: '/api/shares', payload: { kind: 'album', itemId: albumId } }), { status: 403, body: { error: { code: 'SHARING_FOR_CURATORS' } } })
  t.notOk((await permits(forCurators, lis)).permissions.includes('share'))
  t.equal((await open(made, forCurators)).status, 404)
  t.equal((await open(theirs, forCurators)).status, 200)
  const off = await testApp(t, { ...same, env: { DATABASE_URL: db.url, SHARING: 'off', PUBLIC_URL: 'https://music.example.org' } })
  t.match(await off.as(lis, { method: 'POST', url: '/api/shares', payload: { kind: 'album', itemId: albumId } }), { status: 403, body: { error: { code: 'SHARING_OFF' } } })
  t.equal((await open(theirs, off)).status, 404)
  t.ok((await permits(app, lis)).permissions.includes('share'))
})

t.test('a flood by links is turned away', async (t) => {
  const limited = await testApp(t, { db, jwtKeys: app.deps.jwtKeys, webRoot, env: { DATABASE_URL: db.url, REQUESTS_PER_MINUTE: '100000' } })
  const statuses = new Map<number, number>()
  for (let i = 0; i < 620; i++) {
    const { statusCode } = await limited.app.inject({ url: `/api/shared/guess-${i}` })
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)
  }
  t.same([...statuses].sort(), [[404, 600], [429, 20]])
})
