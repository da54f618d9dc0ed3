import t from 'tap'
import type { Page } from '../../src/catalog/schemas.ts'
import type { AskedSong, SongRequest } from '../../src/requests/schemas.ts'
import { askForSong } from '../../src/requests/song-requests.ts'
import { testApp } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type ErrorBody } from '../support/catalogue-client.ts'

const app = await testApp(t)
const { db, clock } = app
const [lis, max] = [await app.user('listener', 'lis'), await app.user('listener', 'max')]
const [asker, other, curator] = [clientOf(app, lis), clientOf(app, max), clientOf(app, await app.user('curator', 'cora'))]
const ask = (title: string, artist = 'Björk', from = asker) => from.send<AskedSong & ErrorBody>('POST', '/requests', { title, artist })
const listOf = async (query: string, from = asker) => (await from.get<Page<SongRequest>>(`/requests?${query}`)).body.items

t.test('a song that is missing is asked for once, and whoever asks again joins in', async (t) => {
  const { status, body } = await asker.send<AskedSong>('POST', '/requests', { title: ' Jóga ', artist: 'Björk', note: 'The string version' })
  t.equal(status, 201)
  t.match(body, { joined: false, request: { title: 'Jóga', artist: 'Björk', note: 'The string version', state: 'open', votes: 1, voted: true, mine: true, asker: null, track: null } })
  const again = await ask('joga', 'BJORK', other)
  t.equal(again.status, 200)
  t.match(again.body, { joined: true, request: { id: body.request.id, votes: 2, voted: true, mine: false } }, 'whatever case and accents')
  t.match((await ask('JÓGA!', 'Björk', other)).body, { joined: true, request: { votes: 2 } }, 'one person, one voice')
  const both = await Promise.all([ask('Human Behaviour'), ask('human behaviour', 'bjork', other)])
  t.equal(new Set(both.map((answer) => answer.body.request.id)).size, 1, 'two at once are one request')
  for (const bad of [{ title: ' ', artist: '' }, { title: 'a\nb', artist: '' }, { title: 'a' }, { title: 'a', artist: '', state: 'done' }]) t.equal((await asker.send('POST', '/requests', bad)).status, 400)
})

t.test('voices are given and taken back, and with the last one the request goes', async (t) => {
  const { body: { request: { id } } } = await ask('Hunter')
  t.match(await other.send('PUT', `/requests/${id}/vote`), { status: 200, body: { votes: 2, voted: true } })
  t.match(await other.send('PUT', `/requests/${id}/vote`), { body: { votes: 2 } })
  t.equal((await other.send('DELETE', `/requests/${id}/vote`)).status, 204)
  t.equal((await other.send('DELETE', `/requests/${id}/vote`)).status, 204)
  t.match((await listOf('mine=true')).find((request) => request.id === id), { votes: 1, mine: true })
  t.notOk((await listOf('mine=true', other)).some((request) => request.id === id))
  t.equal((await asker.send('DELETE', `/requests/${id}/vote`)).status, 204)
  t.match(await asker.send('PUT', `/requests/${id}/vote`), { status: 404, body: { error: { code: 'REQUEST_NOT_FOUND' } } })
})

t.test('a curator takes a request, answers it with the song or says why not', async (t) => {
  const { trackIds: [trackId = '', hidden = ''], albumId } = await seedAlbum(db, { title: 'Homogenic', artist: 'Björk', tracks: [{ title: 'Bachelorette' }, { title: 'x', state: 'withdrawn' }] })
  const { body: { request: { id } } } = await ask('Bachelorette')
  await other.send('PUT', `/requests/${id}/vote`)
  const told: unknown[] = []
  const listener = await db.pool.connect()
  listener.on('notification', ({ payload }) => { told.push(JSON.parse(payload ?? '')) })
  await listener.query('LISTEN freshet_event')
  const answer = (body: Record<string, unknown>, from = curator) => from.send<SongRequest & ErrorBody>('PATCH', `/requests/${id}`, body)
  t.equal((await answer({ state: 'taken' }, asker)).status, 403)
  t.match(await answer({ state: 'taken' }), { status: 200, body: { state: 'taken', handler: 'cora', asker: 'lis' } })
  await listener.query('SELECT 1')
  listener.release(true)
  t.same(told, [{ permission: 'answer requests' }, { userId: lis.userId }, { userId: max.userId }].map((to) => ({ to, topic: 'request', data: { id, state: 'taken' } })), 'everybody who waits for it is told, and the curators')
  t.match(await answer({ state: 'done' }), { status: 400, body: { error: { code: 'ANSWER_TRACK_MISSING' } } })
  t.equal((await answer({ state: 'done', trackId: hidden })).status, 404)
  t.match(await answer({ state: 'done', trackId }), { status: 200, body: { state: 'done', track: { id: trackId, title: 'Bachelorette', albumId } } })
  t.match((await listOf('mine=true')).find((request) => request.id === id), { state: 'done', track: { id: trackId }, asker: null }, 'the asker finds the song')
  t.match(await other.send('PUT', `/requests/${id}/vote`), { status: 409, body: { error: { code: 'REQUEST_CLOSED' } } })
  t.match((await ask('Bachelorette', 'Björk', other)).body, { joined: false }, 'what was answered can be asked for anew')
  t.match(await answer({ state: 'declined', reason: ' ' }), { status: 400, body: { error: { code: 'ANSWER_REASON_MISSING' } } })
  t.match(await answer({ state: 'declined', reason: 'No licence' }), { body: { state: 'declined', reason: 'No licence', track: null } })
  t.match(await answer({ state: 'open' }), { body: { state: 'open', reason: '', handler: null } })
  const actions = (await db.prisma.auditEvent.findMany({ where: { subject: `request:${id}` }, orderBy: { id: 'asc' } })).map(({ action }) => action)
  t.same(actions, ['request.taken', 'request.done', 'request.declined', 'request.open'])
})

t.test('lists go on by cursor, newest or most wanted first, and by state', async (t) => {
  const all = await listOf('limit=200')
  for (const sort of ['new', 'votes']) {
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { body }: { body: Page<SongRequest> } = await asker.get<Page<SongRequest>>(`/requests?limit=2&sort=${sort}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...body.items.map(({ id }) => id))
      cursor = body.nextCursor
    }
    t.same(seen.toSorted(), all.map(({ id }) => id).sort(), sort)
  }
  t.ok((await listOf('sort=votes')).every(({ votes }, i, list) => i === 0 || votes <= (list[i - 1]?.votes ?? 0)))
  t.ok((await listOf('state=open')).every(({ state }) => state === 'open'))
})

t.test('one person asks for ten songs a day, and wishes outlive their asker', async (t) => {
  const eager = await app.user('listener', 'eager')
  const from = clientOf(app, eager)
  for (let i = 0; i < 10; i++) t.equal((await ask(`Wish ${i}`, 'Anybody', from)).status, 201)
  t.match(await ask('Wish 10', 'Anybody', from), { status: 429, body: { error: { code: 'TOO_MANY_SONG_REQUESTS' } } })
  t.equal((await ask('joga', 'Bjork', from)).status, 200, 'joining in is free')
  const today = clock.now
  clock.now = new Date(today.getTime() + 86_400_001)
  t.equal((await askForSong(db, eager, { title: 'Wish 10', artist: 'Anybody' }, clock.now)).joined, false, 'tomorrow there are more')
  clock.now = today
  t.equal(await db.prisma.songRequest.count({ where: { askerId: eager.userId } }), 11)
  await db.prisma.user.delete({ where: { id: eager.userId } })
  t.equal((await listOf('limit=200', curator)).filter(({ artist, asker }) => artist === 'Anybody' && asker === null).length, 11)
})
