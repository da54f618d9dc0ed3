import { randomUUID } from 'node:crypto'
import type { Page, Playlist, Track } from '../../src/catalog/schemas.ts'
import type { PlaylistItem } from '../../src/playlists/schemas.ts'
import type { CountedPlay, Play } from '../../src/streaming/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import type { Cast } from './cast.ts'
import type { Client } from './client.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import type { OwnMusic } from './uploading.ts'

interface Added {
  readonly items: PlaylistItem[]
  readonly version: number
}

const nowhere = randomUUID()

/** What listeners keep: playlists, favourites, ratings, history. */
export async function listening (acceptance: Acceptance, cast: Cast, music: OwnMusic): Promise<void> {
  await acceptance.suite.section('Playlists', () => playlists(acceptance, cast, music))
  await acceptance.suite.section('Favourites and ratings', () => favourites(acceptance, cast, music))
  await acceptance.suite.section('History', () => history(acceptance, cast, music))
}

async function playlists ({ suite, prefix }: Acceptance, { listener: { client }, other }: Cast, { tracks: [first, second] }: OwnMusic): Promise<void> {
  const made = await suite.step('one is begun with tracks in it', async () =>
    expectStatus(await client.request<Playlist>('POST', '/api/playlists', { body: { name: `${prefix} list`, trackIds: [first.id] } }), 201).body)
  suite.afterwards('the playlist is deleted', async () => { expectStatus(await client.request('DELETE', path), 204, 404) })
  const path = `/api/playlists/${made.id}`
  const order = () => itemsOf(client, path)
  await suite.check('its owner sees the change at once', async () => {
    const { body } = expectStatus(await client.get<Playlist>(path), 200)
    expectEqual([body.trackCount, body.mine, body.visibility], [1, true, 'private'], 'tracks, owner and visibility')
    expect((await client.get<Page<Playlist>>('/api/playlists?limit=200')).body.items.some(({ id }) => id === made.id), 'it is not in the list')
  })
  await suite.check('nobody else does, and nobody else changes it', async () => {
    expectError(await other.client.get(path), 404, 'PLAYLIST_NOT_FOUND')
    expectError(await other.client.request('PATCH', path, { body: { name: 'mine now' } }), 404, 'PLAYLIST_NOT_FOUND')
    expectError(await other.client.request('DELETE', path), 404, 'PLAYLIST_NOT_FOUND')
  })
  await suite.check('a track goes where it is put, and moves', async () => {
    const [start] = await order()
    const added = expectStatus(await client.request<Added>('POST', `${path}/items`, { body: { trackIds: [second.id], afterItemId: null } }), 201).body
    expectEqual((await order()).map(({ track }) => track.id), [second.id, first.id], 'the order')
    expectStatus(await client.request('POST', `${path}/items/${added.items[0]?.id ?? ''}/move`, { body: { afterItemId: start?.id } }), 200)
    expectEqual((await order()).map(({ track }) => track.id), [first.id, second.id], 'the order after the move')
  })
  await suite.check('changes that meet are all kept', async () => {
    const before = await order()
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => client.request<Added>('POST', `${path}/items`, { body: { trackIds: [at % 2 === 0 ? first.id : second.id], afterItemId: before[0]?.id } })))
    const versions = answers.map((answer) => expectStatus(answer, 201).body.version)
    expectEqual(new Set(versions).size, answers.length, 'the number of different versions')
    const after = await order()
    expectEqual(new Set(after.map(({ id }) => id)).size, before.length + answers.length, 'the number of items')
    expectEqual((await client.get<Playlist>(path)).body.version, Math.max(...versions), 'the version in the end')
  })
  await suite.check('moves that meet leave every item once', async () => {
    const before = await order()
    const answers = await Promise.all(before.slice(1, 9).map(({ id }, at) => client.request('POST', `${path}/items/${id}/move`, { body: { afterItemId: at % 2 === 0 ? null : before.at(-1)?.id } })))
    for (const answer of answers) expectStatus(answer, 200)
    expectEqual((await order()).map(({ id }) => id).sort(), before.map(({ id }) => id).sort(), 'the items')
  })
  await suite.check('who acts on an item that has gone is told so', async () => {
    const [gone, anchor] = await order()
    expectStatus(await client.request('DELETE', `${path}/items/${gone?.id}`), 204)
    expectError(await client.request('POST', `${path}/items/${anchor?.id}/move`, { body: { afterItemId: gone?.id } }), 404, 'PLAYLIST_ITEM_NOT_FOUND')
    expectError(await client.request('POST', `${path}/items`, { body: { trackIds: [first.id], afterItemId: gone?.id } }), 404, 'PLAYLIST_ITEM_NOT_FOUND')
    expectError(await client.request('POST', `${path}/items`, { body: { trackIds: [nowhere] } }), 404, 'TRACK_NOT_FOUND')
  })
  await suite.check('shared, others read it and still can’t change it', async () => {
    expectStatus(await client.request('PATCH', path, { body: { visibility: 'shared', description: 'to be read' } }), 200)
    expectEqual((await itemsOf(other.client, path)).length, (await order()).length, 'what another sees')
    expectError(await other.client.request('PATCH', path, { body: { name: 'mine now' } }), 403, 'PLAYLIST_NOT_YOURS')
    expectError(await other.client.request('POST', `${path}/items`, { body: { trackIds: [first.id] } }), 403, 'PLAYLIST_NOT_YOURS')
  })
  await suite.check('deleted, it is gone for all', async () => {
    expectStatus(await client.request('DELETE', path), 204)
    expectError(await client.get(path), 404, 'PLAYLIST_NOT_FOUND')
    expectError(await other.client.get(path), 404, 'PLAYLIST_NOT_FOUND')
  })
}

async function itemsOf (client: Client, path: string): Promise<PlaylistItem[]> {
  return expectStatus(await client.get<Page<PlaylistItem>>(`${path}/items?limit=200`), 200).body.items
}

async function favourites ({ suite }: Acceptance, { listener: { client }, other }: Cast, { tracks: [first] }: OwnMusic): Promise<void> {
  const subjects = [['track', first.id], ['album', first.album.id], ['artist', first.artists[0]?.id ?? '']] as const
  for (const [kind, id] of subjects) {
    await suite.check(`a favourite ${kind} is the listener’s own, and once`, async () => {
      const listed = async (who: Client) => expectStatus(await who.get<Page<{ id: string }>>(`/api/favorites?kind=${kind}`), 200).body.items.map((item) => item.id)
      for (let times = 0; times < 2; times++) expectStatus(await client.request('PUT', `/api/favorites/${kind}/${id}`), 204)
      expectEqual(await listed(client), [id], 'the favourites')
      expect(!(await listed(other.client)).includes(id), 'it is another’s favourite too')
      for (let times = 0; times < 2; times++) expectStatus(await client.request('DELETE', `/api/favorites/${kind}/${id}`), 204)
      expectEqual(await listed(client), [], 'the favourites after taking it back')
    })
  }
  await suite.check('what is nowhere can’t be a favourite', async () => expectError(await client.request('PUT', `/api/favorites/track/${nowhere}`), 404, 'TRACK_NOT_FOUND'))
  await suite.check('a rating is from 1 to 5, and the listener’s own', async () => {
    const ratingFor = async (who: Client) => expectStatus(await who.get<Track>(`/api/tracks/${first.id}`), 200).body.rating
    expectStatus(await client.request('PUT', `/api/tracks/${first.id}/rating`, { body: { stars: 4 } }), 204)
    expectEqual([await ratingFor(client), await ratingFor(other.client)], [4, null], 'the ratings')
    for (const stars of [0, 6, 2.5, '3', null]) expectError(await client.request('PUT', `/api/tracks/${first.id}/rating`, { body: { stars } }), 400, 'INVALID_REQUEST')
    expectStatus(await client.request('DELETE', `/api/tracks/${first.id}/rating`), 204)
    expectEqual(await ratingFor(client), null, 'the rating after taking it back')
  })
}

async function history ({ suite }: Acceptance, { listener: { client }, other }: Cast, { tracks: [first] }: OwnMusic): Promise<void> {
  const play = { id: randomUUID(), trackId: first.id, startedAt: new Date().toISOString(), playedMs: first.durationMs }
  const playCount = async () => expectStatus(await client.get<Track>(`/api/tracks/${first.id}`), 200).body.playCount
  const before = await suite.step('a track says how often it was played', playCount)
  await suite.check('a play sent twice, even at once, counts once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.request<CountedPlay>('POST', '/api/plays', { body: play })))
    for (const answer of answers) expectEqual(expectStatus(answer, 200, 201).body, { counted: true }, 'the answer')
    expectEqual(await playCount(), before + 1, 'the count')
  })
  await suite.check('a moment of it doesn’t count', async () => {
    const { body } = expectStatus(await client.request<CountedPlay>('POST', '/api/plays', { body: { ...play, id: randomUUID(), playedMs: 500 } }), 201)
    expectEqual([body.counted, await playCount()], [false, before + 1], 'whether it counts')
  })
  await suite.check('nobody can take another’s play', async () => expectError(await other.client.request('POST', '/api/plays', { body: play }), 409, 'PLAY_ID_TAKEN'))
  await suite.check('the history is the listener’s own', async () => {
    const plays = async (who: Client) => expectStatus(await who.get<Page<Play>>('/api/plays'), 200).body.items.map(({ id }) => id)
    expect((await plays(client)).includes(play.id), 'the play is not in it')
    expect(!(await plays(other.client)).includes(play.id), 'the play is in another’s')
  })
}
