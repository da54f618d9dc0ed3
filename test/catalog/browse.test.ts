import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Album, AlbumDetail, Artist, ArtistDetail, Genre, Home, Page, SearchResult, Track, TrackDetail } from '../../src/catalog/schemas.ts'
import { testApp } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type Client, type ErrorBody } from '../support/catalogue-client.ts'

const app = await testApp(t)
const { db } = app
const listener = await app.user('listener')
const client = clientOf(app, listener)

const kind = await seedAlbum(db, {
  title: 'Kind of Quiet',
  artist: 'The Miles Ensemble',
  year: 1959,
  artwork: true,
  addedAt: new Date('2026-01-01T00:00:00Z'),
  tracks: [{ title: 'So Then', genres: ['Jazz', 'Modal'], playCount: 7 }, { title: 'Blue in Red', genres: ['Jazz'] }, { title: 'Encore', discNo: 2, artist: 'A Guest' }]
})
const unfinished = await seedAlbum(db, {
  title: 'Unfinished',
  artist: 'Nobody Yet',
  addedAt: new Date('2026-01-02T00:00:00Z'),
  tracks: [{ title: 'Hidden Song', state: 'processing', genres: ['Secret'] }, { title: 'Withdrawn Song', state: 'withdrawn' }, { title: 'A Withdrawn Tune', state: 'withdrawn', genres: ['Jazz'] }]
})
await seedAlbum(db, { title: 'Ágætis', artist: 'Sigur Nós', addedAt: new Date('2026-01-03T00:00:00Z'), tracks: Array.from({ length: 30 }, (_, n) => ({ title: `Lag ${n + 1}` })) })
await seedAlbum(db, { title: 'A Later Album', artist: 'The Miles Ensemble', year: 1970, addedAt: new Date('2026-01-04T00:00:00Z'), tracks: [{ title: 'Return', state: 'published' }, { title: 'Not Yet', state: 'processing' }] })

/** All items of a list, page by page; `between` runs after each page. */
async function walk<T> (url: string, limit: number, between?: () => Promise<void>): Promise<T[]> {
  const items: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: { body: Page<T> } = await client.get<Page<T>>(`${url}${url.includes('?') ? '&' : '?'}limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    items.push(...body.items)
    cursor = body.nextCursor
    await between?.()
  }
  return items
}

t.test('artists are listed A–Z without their article, and only those with published tracks', async (t) => {
  const artists = await walk<Artist>('/artists', 2)
  t.same(artists.map(({ name }) => name), ['A Guest', 'The Miles Ensemble', 'Sigur Nós'])
  t.match(artists[1], { albumCount: 2, trackCount: 3, favourite: false, artwork: null })
})

t.test('albums can be had by title, by date and by year, those without a year last', async (t) => {
  const titles = async (sort: string) => (await walk<Album>(`/albums?sort=${sort}`, 1)).map(({ title }) => title)
  t.same(await titles('title'), ['Ágætis', 'Kind of Quiet', 'A Later Album'])
  t.same(await titles('added'), ['A Later Album', 'Ágætis', 'Kind of Quiet'])
  t.same(await titles('year'), ['A Later Album', 'Kind of Quiet', 'Ágætis'])
})

t.test('a list A–Z says with which letters names begin, and can begin at one', async (t) => {
  const lettersOf = async (path: string) => (await client.get<{ items: string[] }>(path)).body.items
  t.same(await lettersOf('/albums/letters'), ['a', 'k', 'l'], 'articles don’t count, accents neither')
  t.same(await lettersOf('/artists/letters'), ['g', 'm', 's'])
  const { body: page } = await client.get<Page<Album>>('/albums?limit=1&from=K')
  t.same(page.items.map(({ title }) => title), ['Kind of Quiet'])
  const { body: rest } = await client.get<Page<Album>>(`/albums?limit=5&from=K&cursor=${page.nextCursor}`)
  t.same(rest.items.map(({ title }) => title), ['A Later Album'], 'and goes on from there')
  t.same((await walk<Artist>('/artists?from=%C5%9E', 5)).map(({ name }) => name), ['Sigur Nós'])
  t.equal((await client.get('/albums?from=')).status, 400)
  // 2,000 first characters, the last two of them beside the surrogates' gap.
  await db.pool.query('INSERT INTO artist (id, name, sort_name, name_key, track_count) SELECT gen_random_uuid(), \'x\', chr(n), \'gap\' || n, 1 FROM unnest(ARRAY[48, 49, 55295, 57344, 1114109]) AS n')
  t.same((await lettersOf('/artists/letters')).map((letter) => letter.codePointAt(0)), [48, 49, 103, 109, 115, 55295, 57344, 1114109])
  await db.pool.query("DELETE FROM artist WHERE name_key LIKE 'gap%'")
})

t.test('an album has its discs, its artwork and only its published tracks', async (t) => {
  const { body: album } = await client.get<AlbumDetail>(`/albums/${kind.albumId}`)
  t.match(album, { title: 'Kind of Quiet', artistCredit: 'The Miles Ensemble', artists: [{ id: kind.artistId }], year: 1959, trackCount: 3, durationMs: 540_000, label: null })
  t.same(album.discs.map(({ discNo, tracks }) => [discNo, tracks.map(({ title }) => title)]), [[1, ['So Then', 'Blue in Red']], [2, ['Encore']]])
  t.match(album.artwork, { id: kind.artworkId, path: `media/artwork/${kind.artworkId}/1/`, sizes: [64, 300], dominantColour: '#7a3b2c' })
  t.match(album.discs[0]?.tracks[0], { genres: ['Jazz', 'Modal'], playCount: 7, album: { id: kind.albumId, artwork: { id: kind.artworkId } }, rating: null, favourite: false, outline: '0123456789abcdef'.repeat(3) })
  const [later] = await walk<Album>('/albums?sort=added', 1)
  const { body: half } = await client.get<AlbumDetail>(`/albums/${later?.id}`)
  t.same(half.discs.flatMap(({ tracks }) => tracks.map(({ title }) => title)), ['Return'])
})

t.test('an artist has the most played tracks, albums newest first, and albums of others', async (t) => {
  const { body: artist } = await client.get<ArtistDetail>(`/artists/${kind.artistId}`)
  t.same(artist.topTracks.map(({ title }) => title)[0], 'So Then')
  t.same(artist.albums.map(({ title }) => title), ['A Later Album', 'Kind of Quiet'])
  t.same((await walk<Album>(`/artists/${kind.artistId}/albums`, 1)).map(({ title }) => title), ['A Later Album', 'Kind of Quiet'])
  const guest = (await walk<Artist>('/artists', 50)).find(({ name }) => name === 'A Guest')
  const { body } = await client.get<ArtistDetail>(`/artists/${guest?.id}`)
  t.same([body.albums, body.appearsOn.map(({ title }) => title)], [[], ['Kind of Quiet']])
})

t.test('a track tells of its file and its song text', async (t) => {
  const [id] = kind.trackIds
  await db.prisma.lyrics.create({ data: { trackId: id ?? '', text: 'la la', synced: [{ atMs: 10, text: 'la' }, { atMs: 900, text: 'la' }] } })
  const { body } = await client.get<TrackDetail>(`/tracks/${id}`)
  t.match(body, { title: 'So Then', original: { codec: 'flac', lossless: true, sampleRate: 44_100 }, renditions: ['aac-96', 'aac-160', 'aac-256', 'flac'], lyrics: { text: 'la la', synced: [{ atMs: 10 }, { atMs: 900 }] } })
})

t.test('tracks can be had by title, by date, of a genre and of an artist', async (t) => {
  const tracks = await walk<Track>('/tracks', 7)
  t.equal(tracks.length, 34)
  t.equal(new Set(tracks.map(({ id }) => id)).size, 34)
  const laps = tracks.map(({ title }) => title).filter((title) => title.startsWith('Lag'))
  t.same(laps.slice(0, 3), ['Lag 1', 'Lag 2', 'Lag 3'], 'numbers by their value')
  t.equal((await walk<Track>('/tracks?sort=added', 10)).length, 34)
  const { body: { items: genres } } = await client.get<{ items: Genre[] }>('/genres')
  t.same(genres.map(({ name, trackCount }) => [name, trackCount]), [['Jazz', 2], ['Modal', 1]])
  t.match((await client.get<Genre>(`/genres/${genres[0]?.id}`)).body, { name: 'Jazz', trackCount: 2 })
  t.equal((await client.get(`/genres/${randomUUID()}`)).status, 404)
  const ofFirst = async (sort: string): Promise<string[]> => (await walk<Track>(`/tracks?genre=${genres[0]?.id}&sort=${sort}`, 1)).map(({ title }) => title)
  // As one that was published once: it must not take a place on a page of one either.
  await app.db.pool.query("UPDATE track SET published_at = now() WHERE title = 'A Withdrawn Tune'")
  const [byTitle, byTime] = [await ofFirst('title'), await ofFirst('added')]
  t.same(byTitle, ['Blue in Red', 'So Then'])
  await app.db.pool.query('UPDATE genre SET track_count = track_count + 20000 WHERE id = $1', [genres[0]?.id])
  t.same([await ofFirst('title'), await ofFirst('added')], [byTitle, byTime], 'a large genre is read another way, and is in the same order')
  await app.db.pool.query('UPDATE genre SET track_count = track_count - 20000 WHERE id = $1', [genres[0]?.id])
  t.same((await walk<Track>(`/tracks?artist=${kind.artistId}&genre=${genres[1]?.id}`, 1)).map(({ title }) => title), ['So Then'])
})

t.test('pages neither skip nor repeat a row while others are added', async (t) => {
  let added = 0
  const before = (await walk<Track>('/tracks', 200)).map(({ id }) => id)
  const seen = await walk<Track>('/tracks', 5, async () => {
    added++
    if (added < 5) await seedAlbum(db, { title: `Newcomer ${added}`, artist: 'Newcomer', tracks: [{ title: `Aaa ${added}` }, { title: `Zzz ${added}` }] })
  })
  const ids = seen.map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'none twice')
  t.same(before.filter((id) => !ids.includes(id)), [], 'none left out')
})

t.test('what isn’t published can’t be seen anywhere', async (t) => {
  const [hidden, withdrawn] = unfinished.trackIds
  for (const url of [`/tracks/${hidden}`, `/tracks/${withdrawn}`, `/albums/${unfinished.albumId}`, `/artists/${unfinished.artistId}`, `/artists/${unfinished.artistId}/albums`]) {
    t.equal((await client.get(url)).status, 404, url)
  }
  const { body: found } = await client.get<SearchResult>('/search?q=hidden')
  t.same([found.tracks, found.albums, found.artists], [[], [], []])
  t.same((await client.get<SearchResult>('/search?q=Nobody%20Yet')).body.artists, [])
  t.notMatch(JSON.stringify([await walk('/tracks', 50), await walk('/albums', 50), await walk('/artists', 50), (await client.get('/genres')).body]), /Hidden|Withdrawn|Unfinished|Nobody|Not Yet|Secret/)
  t.equal((await client.send('PUT', `/favorites/track/${hidden}`)).status, 404)
  t.equal((await client.send('PUT', `/tracks/${withdrawn}/rating`, { stars: 3 })).status, 404)
})

t.test('home shows what is new, liked and last played, and counts what can be seen', async (t) => {
  const [first, second] = kind.trackIds
  await client.send('PUT', `/favorites/track/${second}`)
  for (const trackId of [second, first]) {
    app.clock.now = new Date(app.clock.now.getTime() + 60_000)
    await client.send('POST', '/plays', { id: randomUUID(), trackId, startedAt: app.clock.now.toISOString(), playedMs: 1_000 })
  }
  const { body } = await client.get<Home>('/home')
  t.match(body.recentlyAdded[0], { title: 'Newcomer 4' })
  t.same(body.favourites.map(({ id }) => id), [second])
  t.same(body.recentlyPlayed.map(({ id }) => id), [first, second])
  t.match(body.lastHeard, { album: { title: 'Kind of Quiet' }, trackId: first, trackNo: 1 }, 'what was left goes on where it was')
  t.same(body.heardAlbums.map(({ title }) => title), ['Kind of Quiet'])
  t.same(body.mostPlayed, [], 'once is not often')
  for (let i = 0; i < 2; i++) {
    app.clock.now = new Date(app.clock.now.getTime() + 190_000)
    await client.send('POST', '/plays', { id: randomUUID(), trackId: first, startedAt: app.clock.now.toISOString(), playedMs: 180_000 })
  }
  const { body: later } = await client.get<Home>('/home')
  t.match(later.lastHeard, { trackId: second, trackNo: 2 }, 'what was heard to its end goes on with the next')
  t.same(later.mostPlayed.map(({ id }) => id), [first])
  t.same(body.totals, { tracks: 42, albums: 7, artists: 4 })
})

t.test('a page takes the same few queries however long it is', async (t) => {
  const queries = async (url: string, asked: Client = client) => {
    let count = 0
    const counting = () => { count++ }
    db.pool.on('acquire', counting)
    await asked.get(url)
    db.pool.off('acquire', counting)
    return count
  }
  for (const url of ['/tracks', '/albums', '/artists', '/favorites?kind=track', '/plays']) {
    await queries(url)
    const mark = url.includes('?') ? '&' : '?'
    const [short, long] = [await queries(`${url}${mark}limit=1`), await queries(`${url}${mark}limit=50`)]
    t.equal(long, short, url)
    t.ok(long <= 2, `${url} takes ${long}`)
  }
})

t.test('a cursor that was changed, or of another list, is refused', async (t) => {
  const { body: { nextCursor } } = await client.get<Page<Track>>('/tracks?limit=1')
  const cursors = [
    '?cursor=x', '?cursor=%00', '?cursor=' + Buffer.from(`["tracks-title","\\u0000","${randomUUID()}"]`).toString('base64url'),
    '?cursor=' + Buffer.from(JSON.stringify(['tracks-title', 'a', 'urn:uuid:' + randomUUID()])).toString('base64url'),
    '?cursor=' + Buffer.from(JSON.stringify(['tracks-title', { gt: 'a' }, randomUUID()])).toString('base64url'),
    `?sort=added&cursor=${nextCursor}`
  ]
  for (const query of cursors) {
    const { status, body } = await client.get<ErrorBody>(`/tracks${query}`)
    t.same([status, body.error.code], [400, 'INVALID_CURSOR'], query)
  }
  for (const query of ['?limit=0', '?limit=100000', '?limit=x', '?sort=rank', '?genre=1']) t.equal((await client.get(`/tracks${query}`)).status, 400, query)
  for (const id of ['1', 'urn:uuid:' + randomUUID(), '%00', "'--"]) t.equal((await client.get(`/tracks/${id}`)).status, 400, id)
})
