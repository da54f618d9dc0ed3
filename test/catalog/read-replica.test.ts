import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { AlbumDetail, Home, SearchResult, TrackDetail } from '../../src/catalog/schemas.ts'
import { positionText, unreachablePosition } from '../../src/platform/database/written-position.ts'
import { seedAlbum, type SeededAlbum } from '../support/catalogue.ts'
import { type ReplicatedFleet, replicatedFleet } from '../support/replicated-fleet.ts'
import type { RoamingClient } from '../support/roaming-client.ts'

const delayMs = 5_000
const writtenCookie = 'freshet_written'

/** Somebody who writes one thing after another, and after each looks for it at once. */
interface Writer {
  readonly browser: RoamingClient
  readonly name: string
  /** Nobody else writes to these. */
  readonly album: SeededAlbum
  writes: number
}

const pick = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(Math.random() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}

/** Each writes and returns what was wrong with what the writer then saw, or null. */
const deeds: ReadonlyArray<(writer: Writer) => Promise<string | null>> = [
  async function favouriteTrack ({ browser, album }) {
    const [id, favourite] = [pick(album.trackIds), Math.random() < 0.5]
    await browser.send(favourite ? 'PUT' : 'DELETE', `/favorites/track/${id}`)
    return (await browser.get<TrackDetail>(`/tracks/${id}`)).favourite === favourite ? null : `favourite should be ${favourite}`
  },
  async function favouriteOnHome ({ browser, album }) {
    const id = pick(album.trackIds)
    await browser.send('DELETE', `/favorites/track/${id}`)
    await browser.send('PUT', `/favorites/track/${id}`)
    return (await browser.get<Home>('/home')).favourites.some((track) => track.id === id) ? null : 'a favourite is missing at home'
  },
  async function favouriteAlbum ({ browser, album: { albumId } }) {
    const favourite = Math.random() < 0.5
    await browser.send(favourite ? 'PUT' : 'DELETE', `/favorites/album/${albumId}`)
    return (await browser.get<AlbumDetail>(`/albums/${albumId}`)).favourite === favourite ? null : `the album’s favourite should be ${favourite}`
  },
  async function rate ({ browser, album }) {
    const [id, stars] = [pick(album.trackIds), 1 + Math.floor(Math.random() * 5)]
    await browser.send('PUT', `/tracks/${id}/rating`, { stars })
    const { rating } = await browser.get<TrackDetail>(`/tracks/${id}`)
    return rating === stars ? null : `rating should be ${stars}, is ${rating}`
  },
  async function play (writer) {
    const id = pick(writer.album.trackIds)
    await writer.browser.send('POST', '/plays', { id: randomUUID(), trackId: id, startedAt: new Date(1.7e12 + 1_000 * writer.writes).toISOString(), playedMs: 40_000 })
    const [last] = (await writer.browser.get<Home>('/home')).recentlyPlayed
    return last?.id === id ? null : 'the last play is not the first of the recent ones'
  },
  async function keepPlaylist ({ browser, name, writes }) {
    const word = `${name}${writes}x`
    const found = async () => (await browser.get<SearchResult>(`/search?q=${word}`)).playlists.length === 1
    const { id } = (await browser.send('POST', '/playlists', { name: `List ${word}` })).json<{ id: string }>()
    if (!await found()) return 'a new playlist is not found'
    await browser.send('DELETE', `/playlists/${id}`)
    return await found() ? 'a deleted playlist is found' : null
  }
]

async function writeUntil (writer: Writer, untilMs: number): Promise<string[]> {
  const wrong: string[] = []
  while (performance.now() < untilMs) {
    writer.writes += 1
    const fault = await pick(deeds)(writer)
    if (fault !== null) wrong.push(fault)
    // Mostly busy, at times pausing until the replica has nearly or just got there.
    await delay(Math.random() < 0.03 ? Math.random() * 1.2 * delayMs : Math.random() * 30)
  }
  return wrong
}

async function firstSight (see: () => Promise<boolean>, { sinceMs, withinMs }: { readonly sinceMs: number, readonly withinMs: number }): Promise<number> {
  while (!await see()) {
    if (performance.now() - sinceMs > withinMs) return Infinity
    await delay(50)
  }
  return performance.now() - sinceMs
}

const seed = (fleet: ReplicatedFleet, title: string) =>
  seedAlbum(fleet.writer, { title, artist: 'Weir', tracks: ['Spring', 'Rill', 'Stream', 'River'].map((name) => ({ title: `${name} of ${title}` })) })

t.setTimeout(120_000)

t.test('with a replica that is five seconds behind', async (t) => {
  const fleet = await replicatedFleet(t, { instances: 3 })
  const { servers, writer } = fleet
  const writers: Writer[] = []
  for (const name of ['anna', 'ben', 'cleo', 'dov']) writers.push({ browser: await fleet.browser('listener'), name, album: await seed(fleet, name), writes: 0 })
  const [watcher, herald, curator] = [await fleet.browser('listener'), await fleet.browser('admin'), await fleet.browser('curator')]
  const brook = await seed(fleet, 'brook')
  const trackId = pick(brook.trackIds)
  const { id: sharedId } = (await herald.send('POST', '/playlists', { name: 'Everyones', visibility: 'shared' })).json<{ id: string }>()
  await servers.caughtUp()
  for (const browser of [watcher, herald, curator]) await fleet.settled(browser)
  await servers.setDelay(delayMs)

  const playsSeenBy = async (browser: RoamingClient) => (await browser.get<TrackDetail>(`/tracks/${trackId}`)).playCount
  const readsOnReplica = async (read: () => Promise<unknown>) => {
    const before = fleet.replicaReads()
    await read()
    return fleet.replicaReads() - before
  }

  await t.test('everybody sees their own writes at once, on any instance, and others’ when the replica has them', async (t) => {
    const busy = writers.map((one) => writeUntil(one, performance.now() + 1.6 * delayMs))
    const playedAt = performance.now()
    await herald.send('POST', '/plays', { id: randomUUID(), trackId, startedAt: new Date(1.7e12).toISOString(), playedMs: 40_000 })
    t.equal(await playsSeenBy(herald), 1, 'who wrote sees it')
    const seenAfterMs = await firstSight(async () => await playsSeenBy(watcher) === 1, { sinceMs: playedAt, withinMs: 4 * delayMs })
    t.ok(seenAfterMs > 0.8 * delayMs && seenAfterMs < 2 * delayMs, `another saw it after ${Math.round(seenAfterMs)} ms, on the replica`)
    t.same((await Promise.all(busy)).flat(), [])
    t.comment(`${writers.reduce((sum, { writes }) => sum + writes, 0)} writes looked for`)
  })

  await t.test('who has not written for that long reads the replica again', async (t) => {
    await fleet.settled(herald)
    t.equal(await readsOnReplica(() => playsSeenBy(herald)), 1)
    t.equal(await playsSeenBy(herald), 1, 'which has the write by now')
  })

  await t.test('what a worker published is in the catalogue for the curator who saw it finish', async (t) => {
    const ownerId = (await curator.get<{ user: { id: string } }>('/me')).user.id
    const { id: uploadId } = await writer.prisma.upload.create({
      data: { source: 'browser', userId: ownerId, relativePath: 'a.flac', sizeBytes: 1n, fingerprint: 'a', objectKey: 'incoming/a', partSizeBytes: 1n, state: 'received' }
    })
    const { albumId } = await seed(fleet, 'cascade')
    await writer.prisma.upload.update({ where: { id: uploadId }, data: { state: 'published' } })
    const finds = async (browser: RoamingClient) => (await browser.get<SearchResult>('/search?q=cascade')).albums.length === 1
    t.equal(await finds(curator), false, 'who has seen nothing of it is shown what the replica has')
    await curator.get(`/uploads/${uploadId}`)
    t.equal(await finds(curator), true)
    t.equal((await curator.get<Home>('/home')).recentlyAdded[0]?.id, albumId)
    t.equal(await finds(watcher), false)
    t.equal((await watcher.get<AlbumDetail>(`/albums/${albumId}`)).id, albumId, 'whom the curator sends a link finds the album: not found is asked again at the writer')
  })

  await t.test('what is no longer shared is found no longer, whatever the replica still has', async (t) => {
    const finds = async () => (await watcher.get<SearchResult>('/search?q=everyones')).playlists.length === 1
    t.equal(await finds(), true)
    await herald.send('PATCH', `/playlists/${sharedId}`, { visibility: 'private' })
    t.equal(await readsOnReplica(async () => t.equal(await finds(), false)), 1)
  })

  await t.test('who says nothing of their writes, or says what cannot be, reads the writer', async (t) => {
    const own = watcher.cookies.get(writtenCookie) ?? ''
    const [cluster = '', timeline = '', lsn = ''] = own.split('-')
    const readsWith = (position: string | undefined) => readsOnReplica(async () => {
      if (position === undefined) watcher.cookies.delete(writtenCookie)
      else watcher.cookies.set(writtenCookie, position)
      await playsSeenBy(watcher)
    })
    t.equal(await readsWith(own), 1)
    t.equal(await readsWith(undefined), 0, 'no cookie, as with API tokens')
    t.equal(await readsWith(unreachablePosition), 0)
    t.equal(await readsWith(`${cluster}-${timeline}-${'f'.repeat(16)}`), 0, 'the future')
    t.equal(await readsWith(`${cluster}-00000002-${lsn}`), 0, 'a timeline that the replica is not on')
    t.equal(await readsWith(`${'1'.repeat(16)}-${timeline}-${lsn}`), 0, 'another database')
    t.equal(await readsWith(`${own}0`), 0)
    t.equal(await readsWith('x'.repeat(4_000)), 0)
    t.equal(await readsWith(`${cluster}-${timeline}-${'0'.repeat(16)}`), 1, 'who hides their writes has only themselves to blame')
    t.equal(positionText({ cluster, timeline: Number.parseInt(timeline, 16), lsn: BigInt(`0x${lsn}`) }), own)
    watcher.cookies.set(writtenCookie, own)
    const withHeader = (written: string) => readsOnReplica(() => watcher.inject({ url: '/api/genres', headers: { 'x-freshet-written': written } }))
    t.equal(await withHeader(own), 1)
    t.equal(await withHeader(unreachablePosition), 0, 'of cookie and header the later counts')
    watcher.cookies.delete(writtenCookie)
    t.equal(await withHeader(own), 1, 'a client without cookies')
    watcher.cookies.set(writtenCookie, own)
  })

  await t.test('the replica is read by these routes, and by no other', async (t) => {
    const browser = await fleet.browser('admin')
    const [cluster, timeline] = (watcher.cookies.get(writtenCookie) ?? '').split('-')
    const read: string[] = []
    const decisions: string[] = []
    for (const { method, url } of walkOf(fleet)) {
      // As if nothing had been written: only the route itself decides.
      browser.cookies.set(writtenCookie, `${cluster}-${timeline}-${'0'.repeat(16)}`)
      await servers.statementsRead()
      const ids = { artists: brook.artistId, albums: brook.albumId, tracks: brook.trackIds[1] ?? '' }
      await browser.inject({ method, url: addressOf(url, method === 'DELETE' ? {} : ids), ...bodies[`${method} ${url}`] && { payload: bodies[`${method} ${url}`] } })
      const statements = await servers.statementsRead()
      if (statements.length > 0) read.push(`${method} ${url}`)
      decisions.push(...statements.filter((text) => /\b(insert|update|delete|for share|session|api_token)\b/i.test(text)))
    }
    t.same(decisions, [])
    t.same(read.sort(), ['albums', 'albums/:id', 'albums/letters', 'artists', 'artists/:id', 'artists/:id/albums', 'artists/letters', 'genres', 'genres/:id', 'home', 'search', 'tracks', 'tracks/:id'].map((path) => `GET /api/${path}`))
  })
})

const bodies: Readonly<Record<string, object>> = {
  'POST /api/playlists': { name: 'Walked' },
  'POST /api/plays': { id: randomUUID(), trackId: randomUUID(), startedAt: new Date(1.7e12).toISOString(), playedMs: 1 },
  'POST /api/uploads/check': { files: [{ sha256: '0'.repeat(64), sizeBytes: 1 }] },
  'PUT /api/tracks/:id/rating': { stars: 3 }
}

/** Every route of the API but the stream of events, which never ends; the one that ends the session comes last. */
function walkOf ({ apps: [app] }: ReplicatedFleet) {
  const routes = (app?.guardedRoutes ?? []).filter(({ method, url }) => url.startsWith('/api/') && !url.startsWith('/api/docs') && url !== '/api/events' && method !== 'HEAD')
  const ending = routes.filter(({ method, url }) => method === 'DELETE' && url === '/api/session')
  return [...routes.filter((route) => !ending.includes(route)), ...ending].map(({ method, url }) => ({ method: methodOf(method), url }))
}

function methodOf (text: string): 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' {
  const method = (['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const).find((one) => one === text)
  if (method === undefined) throw new Error(`no way of asking for ${text}`)
  return method
}

function addressOf (pattern: string, ids: Readonly<Record<string, string>>): string {
  const path = pattern.replace(':kind', 'track').replace(/(\w+)\/:id/, (_, kind: string) => `${kind}/${ids[kind] ?? randomUUID()}`).replace(/:\w+/g, () => randomUUID())
  return path === '/api/search' ? `${path}?q=brook` : path
}
