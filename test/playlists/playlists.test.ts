import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Page, Playlist, Track } from '../../src/catalog/schemas.ts'
import type { AddedItems, PlaylistItem } from '../../src/playlists/schemas.ts'
import { testApp } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type ErrorBody } from '../support/catalogue-client.ts'

const app = await testApp(t)
const { db } = app
const [owner, other] = [clientOf(app, await app.user('listener')), clientOf(app, await app.user('admin'))]
const { trackIds, albumId, artistId } = await seedAlbum(db, {
  title: 'Songs',
  artist: 'Singer',
  tracks: [...Array.from({ length: 9 }, (_, n) => ({ title: `Song ${n}`, durationMs: 1_000 * (n + 1) })), { title: 'Hidden', state: 'withdrawn' as const }]
})
const visible = trackIds.slice(0, 9)
const [first = '', second = '', third = ''] = visible
const hidden = trackIds[9] ?? ''

async function newPlaylist (playlist: Record<string, unknown> = {}): Promise<string> {
  const { body } = await owner.send<Playlist>('POST', '/playlists', { name: 'Mine', ...playlist })
  return body.id
}
const itemsOf = async (id: string) => (await owner.get<Page<PlaylistItem>>(`/playlists/${id}/items?limit=200`)).body.items
const titlesOf = async (id: string) => (await itemsOf(id)).map(({ track }) => Number(track.title.slice(5)))

/** What must hold whatever happened: distinct ranks, and counters that agree with the rows. */
async function assertSound (t: Test, id: string): Promise<void> {
  const { rows: [row] } = await db.pool.query(`SELECT count(*)::int AS items, count(DISTINCT i.rank)::int AS ranks, sum(t.duration_ms)::int AS duration, p.track_count, p.duration_ms::int AS kept
    FROM playlist p JOIN playlist_item i ON i.playlist_id = p.id JOIN track t ON t.id = i.track_id WHERE p.id = $1 GROUP BY p.id`, [id])
  t.same([row.ranks, row.track_count, row.kept], [row.items, row.items, row.duration])
}

t.test('a playlist is begun, filled, put in order and emptied', async (t) => {
  const { status, body: playlist } = await owner.send<Playlist>('POST', '/playlists', { name: '  Road trip ', description: 'Far', trackIds: [first, second, first] })
  t.equal(status, 201)
  t.match(playlist, { name: 'Road trip', description: 'Far', visibility: 'private', mine: true, trackCount: 3, durationMs: 4_000 })
  const { id } = playlist
  t.same(await titlesOf(id), [0, 1, 0])
  const [a, b, c] = await itemsOf(id)
  const { body: added } = await owner.send<AddedItems>('POST', `/playlists/${id}/items`, { trackIds: [third], afterItemId: null })
  t.equal(added.version, playlist.version + 1)
  await owner.send('POST', `/playlists/${id}/items`, { trackIds: [visible[3], visible[4]], afterItemId: a?.id })
  await owner.send('POST', `/playlists/${id}/items`, { trackIds: [visible[5]] })
  t.same(await titlesOf(id), [2, 0, 3, 4, 1, 0, 5])
  t.equal((await owner.send('POST', `/playlists/${id}/items/${c?.id}/move`, { afterItemId: null })).status, 200)
  t.equal((await owner.send('POST', `/playlists/${id}/items/${a?.id}/move`, { afterItemId: b?.id })).status, 200)
  t.same(await titlesOf(id), [0, 2, 3, 4, 1, 0, 5])
  t.equal((await owner.send('POST', `/playlists/${id}/items/${a?.id}/move`, { afterItemId: a?.id })).status, 200)
  t.equal((await owner.send('DELETE', `/playlists/${id}/items/${added.items[0]?.id}`)).status, 204)
  t.same(await titlesOf(id), [0, 3, 4, 1, 0, 5])
  await assertSound(t, id)
  const { body: renamed } = await owner.send<Playlist>('PATCH', `/playlists/${id}`, { name: 'Home', visibility: 'shared' })
  t.match(renamed, { name: 'Home', description: 'Far', visibility: 'shared', trackCount: 6 })
  t.equal((await owner.send('DELETE', `/playlists/${id}`)).status, 204)
  t.equal((await owner.get(`/playlists/${id}`)).status, 404)
})

t.test('several items leave at once, and it is known which lists hold a track already', async (t) => {
  const id = await newPlaylist({ trackIds: [first, second, third, second] })
  const items = await itemsOf(id)
  const holding = async (client: typeof owner, trackIds: readonly string[]) =>
    (await client.send<{ items: Array<{ playlistId: string, trackCount: number }> }>('POST', '/playlists/holding', { trackIds: [...trackIds] })).body.items.filter(({ playlistId }) => playlistId === id)
  t.same(await holding(owner, [second, third]), [{ playlistId: id, trackCount: 2 }], 'each track counts once')
  t.same(await holding(owner, [visible[8] ?? '']), [])
  t.same(await holding(other, [second]), [], 'of other people nothing is said')
  const itemIds = [items[1], items[3]].map((item) => item?.id)
  const { status } = await owner.send('POST', `/playlists/${id}/items/remove`, { itemIds: [...itemIds, randomUUID()] })
  t.equal(status, 200, 'what has gone already stays gone')
  t.same(await titlesOf(id), [0, 2])
  await assertSound(t, id)
  t.equal((await other.send('POST', `/playlists/${id}/items/remove`, { itemIds: [items[0]?.id] })).status, 404)
  t.equal((await owner.send('POST', `/playlists/${id}/items/remove`, { itemIds: [] })).status, 400)
  t.same(await titlesOf(id), [0, 2])
})

t.test('others neither see nor touch a private list, and only read a shared one', async (t) => {
  const [secret, shared] = [await newPlaylist({ trackIds: [first] }), await newPlaylist({ name: 'For all', visibility: 'shared', trackIds: [first] })]
  const attempts = (id: string, item: string | undefined) => [
    other.send<ErrorBody>('PATCH', `/playlists/${id}`, { name: 'Taken' }), other.send<ErrorBody>('DELETE', `/playlists/${id}`),
    other.send<ErrorBody>('POST', `/playlists/${id}/items`, { trackIds: [second] }), other.send<ErrorBody>('DELETE', `/playlists/${id}/items/${item}`),
    other.send<ErrorBody>('POST', `/playlists/${id}/items/${item}/move`, { afterItemId: null })
  ]
  for (const url of [`/playlists/${secret}`, `/playlists/${secret}/items`]) t.equal((await other.get(url)).status, 404)
  for (const answer of await Promise.all(attempts(secret, (await itemsOf(secret))[0]?.id))) t.same([answer.status, answer.body.error.code], [404, 'PLAYLIST_NOT_FOUND'])
  for (const answer of await Promise.all(attempts(shared, (await itemsOf(shared))[0]?.id))) t.same([answer.status, answer.body.error.code], [403, 'PLAYLIST_NOT_YOURS'])
  t.match((await other.get<Playlist>(`/playlists/${shared}`)).body, { name: 'For all', mine: false })
  t.equal((await other.get<Page<PlaylistItem>>(`/playlists/${shared}/items`)).body.items.length, 1)
  const names = (await other.get<Page<Playlist>>('/playlists')).body.items.map(({ name }) => name)
  t.same(names, ['For all'])
  t.same((await other.get<Page<Playlist>>('/playlists?mine=true')).body.items, [], 'and of one’s own alone there are none')
  t.ok((await owner.get<Page<Playlist>>('/playlists?mine=true')).body.items.some(({ id }) => id === secret))
  const mixed = await newPlaylist()
  const item = (await itemsOf(shared))[0]?.id
  t.equal((await owner.send('DELETE', `/playlists/${mixed}/items/${item}`)).status, 404, 'an item of another list')
  t.equal((await owner.send('POST', `/playlists/${mixed}/items`, { trackIds: [first], afterItemId: item })).status, 404)
})

t.test('lists of playlists go on by cursor, the last changed first', async (t) => {
  const names: string[] = []
  for (let n = 0; n < 5; n++) {
    app.clock.now = new Date(app.clock.now.getTime() + 1_000)
    await newPlaylist({ name: `List ${n}`, visibility: n % 2 === 0 ? 'shared' : 'private' })
  }
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: Page<Playlist> } = await owner.get<Page<Playlist>>(`/playlists?limit=2${cursor && `&cursor=${cursor}`}`)
    names.push(...body.items.map(({ name }) => name))
    cursor = body.nextCursor
  }
  t.same(names.slice(0, 5), ['List 4', 'List 3', 'List 2', 'List 1', 'List 0'])
  t.equal(names.length, new Set((await owner.get<Page<Playlist>>('/playlists?limit=200')).body.items.map(({ id }) => id)).size)
})

t.test('twenty changes at once lose nothing and use no rank twice', async (t) => {
  const id = await newPlaylist({ trackIds: visible })
  const items = await itemsOf(id)
  const anchor = items[4]?.id
  const changes = await Promise.all([
    ...Array.from({ length: 10 }, () => owner.send('POST', `/playlists/${id}/items`, { trackIds: [first, second], afterItemId: anchor })),
    ...items.slice(5, 9).map((item) => owner.send('POST', `/playlists/${id}/items/${item.id}/move`, { afterItemId: anchor })),
    ...items.slice(0, 3).map((item) => owner.send('DELETE', `/playlists/${id}/items/${item.id}`)),
    ...Array.from({ length: 3 }, () => owner.send('POST', `/playlists/${id}/items`, { trackIds: [third] }))
  ])
  t.ok(changes.every(({ status }) => status < 300), changes.map(({ status }) => status).join(' '))
  t.equal((await itemsOf(id)).length, 9 + 20 - 3 + 3)
  await assertSound(t, id)
  t.equal((await owner.get<Playlist>(`/playlists/${id}`)).body.version, 21)
})

t.test('two who move one item at once leave it in one of the two places', async (t) => {
  for (let round = 0; round < 5; round++) {
    const id = await newPlaylist({ trackIds: visible.slice(0, 4) })
    const [, b, , d] = await itemsOf(id)
    await Promise.all([
      owner.send('POST', `/playlists/${id}/items/${b?.id}/move`, { afterItemId: null }),
      owner.send('POST', `/playlists/${id}/items/${b?.id}/move`, { afterItemId: d?.id })
    ])
    t.ok([[1, 0, 2, 3].join(), [0, 2, 3, 1].join()].includes((await titlesOf(id)).join()))
    await assertSound(t, id)
  }
})

t.test('ranks stay short however often items go to one place', async (t) => {
  const id = await newPlaylist({ trackIds: [first, second] })
  const [a, b] = await itemsOf(id)
  // As after a thousand insertions behind the first item.
  await db.pool.query('UPDATE playlist_item SET rank = $2 WHERE id = $1', [b?.id, `a0${'0'.repeat(230)}V`])
  await owner.send('POST', `/playlists/${id}/items`, { trackIds: [third], afterItemId: a?.id })
  t.same(await titlesOf(id), [0, 2, 1])
  const { rows } = await db.pool.query('SELECT max(length(rank)) AS longest FROM playlist_item WHERE playlist_id = $1', [id])
  t.ok(rows[0].longest < 10, `longest ${rows[0].longest}`)
})

t.test('a playlist has an end', async (t) => {
  const id = await newPlaylist()
  await db.pool.query("INSERT INTO playlist_item (id, playlist_id, track_id, rank) SELECT gen_random_uuid(), $1, $2, 'b' || lpad(n::text, 5, '0') || 'V' FROM generate_series(1, 9999) n", [id, first])
  t.equal((await owner.send('POST', `/playlists/${id}/items`, { trackIds: [first] })).status, 201)
  const { status, body } = await owner.send<ErrorBody>('POST', `/playlists/${id}/items`, { trackIds: [first] })
  t.same([status, body.error.code], [409, 'PLAYLIST_FULL'])
  t.equal((await owner.get<Playlist>(`/playlists/${id}`)).body.trackCount, 10_000)
  t.equal((await owner.get<Page<PlaylistItem>>(`/playlists/${id}/items?limit=200`)).body.items.length, 200)
})

t.test('what isn’t published is neither taken nor shown', async (t) => {
  const id = await newPlaylist({ trackIds: [first, second] })
  for (const trackId of [hidden, randomUUID()]) t.equal((await owner.send('POST', `/playlists/${id}/items`, { trackIds: [first, trackId] })).status, 404)
  t.equal((await itemsOf(id)).length, 2, 'all or none')
  await owner.send('PUT', `/favorites/track/${first}`)
  app.clock.now = new Date(app.clock.now.getTime() + 1_000)
  await owner.send('PUT', `/favorites/track/${second}`)
  await db.prisma.track.update({ where: { id: second }, data: { state: 'withdrawn' } })
  t.same(await titlesOf(id), [0])
  t.match((await owner.get<Page<Track>>('/favorites?kind=track&limit=1')).body, { items: [{ id: first }], nextCursor: null })
  await db.prisma.track.update({ where: { id: second }, data: { state: 'published' } })
  t.same((await owner.get<Page<Track>>('/favorites?kind=track')).body.items.map((track) => track.id), [second, first])
  for (const trackId of [first, second]) await owner.send('DELETE', `/favorites/track/${trackId}`)
})

t.test('favourites and ratings are one’s own, and show on every track', async (t) => {
  for (const [kind, id] of [['track', third], ['track', first], ['album', albumId], ['artist', artistId]]) {
    app.clock.now = new Date(app.clock.now.getTime() + 1_000)
    t.equal((await owner.send('PUT', `/favorites/${kind}/${id}`)).status, 204)
    t.equal((await owner.send('PUT', `/favorites/${kind}/${id}`)).status, 204, 'twice')
  }
  t.equal((await owner.send('PUT', `/tracks/${first}/rating`, { stars: 2 })).status, 204)
  t.equal((await owner.send('PUT', `/tracks/${first}/rating`, { stars: 5 })).status, 204)
  const page = (await owner.get<Page<Track>>('/favorites?limit=1')).body
  t.match(page.items, [{ id: first, favourite: true, rating: 5 }])
  t.match((await owner.get<Page<Track>>(`/favorites?limit=1&cursor=${page.nextCursor}`)).body, { items: [{ id: third, rating: null }], nextCursor: null })
  t.match((await owner.get<Page<{ id: string }>>('/favorites?kind=album')).body.items, [{ id: albumId, favourite: true, title: 'Songs' }])
  t.match((await owner.get<Page<{ id: string }>>('/favorites?kind=artist')).body.items, [{ id: artistId, favourite: true, name: 'Singer' }])
  t.match((await other.get<Track>(`/tracks/${first}`)).body, { favourite: false, rating: null })
  t.equal((await owner.send('DELETE', `/tracks/${first}/rating`)).status, 204)
  t.equal((await owner.send('DELETE', `/favorites/track/${first}`)).status, 204)
  t.match((await owner.get<Track>(`/tracks/${first}`)).body, { favourite: false, rating: null })
})

t.test('bad input is refused with its reason', async (t) => {
  const id = await newPlaylist()
  const bad: Array<[string, string, Record<string, unknown>]> = [
    ['POST', '/playlists', { name: '  ' }], ['POST', '/playlists', { name: 'a\0b' }], ['POST', '/playlists', { name: 'x'.repeat(201) }], ['POST', '/playlists', { name: 'x', visibility: 'public' }],
    ['POST', '/playlists', { name: 'x', ownerId: randomUUID() }], ['POST', `/playlists/${id}/items`, { trackIds: [] }], ['POST', `/playlists/${id}/items`, { trackIds: ['1'] }],
    ['PUT', `/tracks/${first}/rating`, { stars: 6 }], ['PUT', `/tracks/${first}/rating`, { stars: 2.5 }], ['PUT', `/favorites/genre/${first}`, {}]
  ]
  for (const [method, url, payload] of bad) {
    const { status, body } = await owner.send<ErrorBody>(method === 'PUT' ? 'PUT' : 'POST', url, payload)
    t.same([status, body.error.code], [400, 'INVALID_REQUEST'], `${url} ${JSON.stringify(payload)}`)
  }
})
