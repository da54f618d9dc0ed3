import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto'
import t from 'tap'
import type { Page, Track } from '../../src/catalog/schemas.ts'
import { createMediaSigner } from '../../src/platform/cdn/cloudfront-signer.ts'
import { mediaKeysOf } from '../../src/platform/cdn/media-keys.ts'
import { createSignedUrlVerifier } from '../../src/platform/cdn/verify-signed-url.ts'
import { newSigningKeyPem } from '../../src/platform/secrets.ts'
import { artworkAccess } from '../../src/streaming/artwork-access.ts'
import type { CountedPlay, Play, Stream, StreamStart } from '../../src/streaming/schemas.ts'
import { testApp } from '../support/app.ts'
import { seedAlbum } from '../support/catalogue.ts'
import { clientOf, type ErrorBody } from '../support/catalogue-client.ts'

const privateKey = createPrivateKey(newSigningKeyPem())
const mediaUrl = 'https://media.example.org'
const signer = createMediaSigner({ mediaUrl, keys: mediaKeysOf('KTEST', privateKey) })
const app = await testApp(t, { signer })
const { db, clock } = app
const noon = new Date('2026-11-21T12:07:00Z')
clock.now = noon
const listener = await app.user('listener')
const client = clientOf(app, listener)

const { trackIds } = await seedAlbum(db, {
  title: 'Delivery',
  artist: 'Edge',
  tracks: [
    { title: 'Four versions', durationMs: 240_000 }, { title: 'Lossy', renditions: ['aac-96', 'aac-160'] }, { title: 'Pending', state: 'processing' },
    { title: 'Gone', state: 'withdrawn' }, { title: 'Two hours', durationMs: 7_200_000 }, { title: 'Short', durationMs: 20_000 }
  ]
})
const [four = '', lossy = '', pending = '', gone = '', long = '', short = ''] = trackIds

const stream = async (id: string, query = '') => (await client.get<Stream>(`/tracks/${id}/stream${query}`)).body
/** What the edge says of an address at a moment: undefined is a yes. */
const refusal = (url: string, at: Date) =>
  createSignedUrlVerifier({ publicKeys: new Map([['KTEST', createPublicKey(privateKey)]]), now: () => at })({ url, clientAddress: '192.0.2.1' })

t.test('a stream is an address that the edge takes, with all that a player needs', async (t) => {
  await db.prisma.album.updateMany({ data: { loudnessLufs: -10.5 } })
  const body = await stream(four)
  t.match(body, {
    mimeType: 'audio/mp4; codecs="mp4a.40.2"',
    durationMs: 240_000,
    expiresAt: '2026-11-21T13:15:00.000Z',
    rendition: { name: 'aac-256', codec: 'aac', bitrateKbps: 256, sampleRate: 44_100, channels: 2 },
    index: { initBytes: 1_200, timescale: 44_100, fragments: [[1_200, 80_000, 176_400], [81_200, 70_000, 176_400]], sampleCount: 352_800, encoderDelay: 1_024 },
    loudness: { trackLufs: -9.5, albumLufs: -10.5, truePeakDbtp: -0.3 }
  })
  t.ok(body.url.startsWith(`${mediaUrl}/media/${four}/1/aac-256.mp4?`))
  t.equal(refusal(body.url, noon), undefined)
  t.equal(refusal(body.waveformUrl ?? '', noon), undefined)
  t.equal(body.waveformUrl?.split('?')[1], body.url.split('?')[1], 'one signature for both')
  t.equal(refusal(body.url.replace('aac-256', 'aac-96'), noon), undefined, 'and for every version')
  t.match(refusal(body.url.replace(four, lossy), noon), { code: 'AccessDenied' }, 'but for no other track')
  t.match(refusal(body.url, new Date(body.expiresAt)), { code: 'AccessDenied' }, 'nor after its end')
  const response = await app.app.inject({ url: `/api/tracks/${four}/stream`, headers: listener.bearer })
  t.equal(response.headers['cache-control'], 'private, no-store')
})

t.test('a start is the same, and then the file’s first bytes without its table, and then the table', async (t) => {
  const key = `media/${four}/1/aac-256.mp4`
  const whole = await stream(four)
  const [offset = 0, sizeBytes = 0] = whole.index?.fragments[0] ?? []
  const box = (type: string, bytes: number): Buffer => Buffer.concat([Buffer.from([0, 0, bytes >> 8, bytes & 0xff]), Buffer.from(type), Buffer.alloc(bytes - 8, type)])
  const init = Buffer.concat([box('ftyp', 24), box('moov', 200)])
  await app.store.put(key, Buffer.concat([init, box('sidx', offset - init.length), Buffer.alloc(100_000, 'sound')]), { contentType: 'audio/mp4' })
  const ask = async (id: string) => {
    const { statusCode, headers, rawPayload } = await app.app.inject({ url: `/api/tracks/${id}/start`, headers: { ...listener.bearer, 'accept-encoding': 'br' } })
    const at = rawPayload.indexOf('\n') + 1
    const start = JSON.parse(rawPayload.subarray(0, at === 0 ? undefined : at).toString()) as StreamStart
    const end = at + (start.head?.bytes ?? 0)
    return { statusCode, headers, start, bytes: rawPayload.subarray(at, end), rest: rawPayload.subarray(end).toString() }
  }
  const { headers, start: { head, ...start }, bytes, rest } = await ask(four)
  t.same(start, { ...whole, index: { ...whole.index, fragments: [[offset, sizeBytes, whole.index?.fragments[0]?.[2]]] } })
  t.same(head, { initBytes: init.length, bytes: Math.min(49_152, init.length + sizeBytes) })
  t.same(bytes.subarray(0, init.length), init)
  t.equal(bytes.subarray(init.length, init.length + 10).toString(), 'soundsound')
  t.same(JSON.parse(rest), { fragments: whole.index?.fragments })
  t.match(headers, { 'cache-control': 'private, no-store', 'content-encoding': undefined })
  await app.store.delete(key)
  t.equal((await ask(four)).bytes.length, head.bytes, 'what was asked for lately is kept')
  const withoutHead = await ask(long)
  t.same([withoutHead.statusCode, withoutHead.bytes.length], [200, 0], 'and what the store doesn’t give comes from the edge')
  t.match(await ask(gone), { statusCode: 404, start: { error: { code: 'TRACK_NOT_FOUND' } } })
})

t.test('the version is the best that fits', async (t) => {
  const name = async (id: string, query: string) => (await stream(id, query)).rendition.name
  t.equal(await name(four, '?format=aac&maxBitrateKbps=200'), 'aac-160')
  t.equal(await name(four, '?maxBitrateKbps=160'), 'aac-160')
  t.equal(await name(four, '?maxBitrateKbps=32'), 'aac-96', 'the smallest where none fits')
  t.equal(await name(four, '?format=flac'), 'flac')
  t.equal(await name(lossy, ''), 'aac-160')
  const { status, body } = await client.get<ErrorBody>(`/tracks/${lossy}/stream?format=flac`)
  t.same([status, body.error.code, body.error.message], [409, 'RENDITION_UNAVAILABLE', 'the track has no flac version; it has aac-96, aac-160'])
  const original = await stream(four, '?format=original')
  t.match(original, { index: null, rendition: { name: 'original', codec: 'flac', bitrateKbps: null }, mimeType: 'application/octet-stream' })
  t.ok(original.url.startsWith(`${mediaUrl}/originals/sha256/`))
  t.equal(refusal(original.url, noon), undefined)
})

t.test('addresses stay the same for a quarter of an hour, and outlive the track twice', async (t) => {
  const { url } = await stream(four)
  clock.now = new Date('2026-11-21T12:14:59Z')
  t.equal((await stream(four)).url, url)
  clock.now = new Date('2026-11-21T12:15:01Z')
  t.not((await stream(four)).url, url)
  t.equal((await stream(four)).expiresAt, '2026-11-21T13:30:00.000Z')
  t.equal((await stream(long)).expiresAt, '2026-11-21T16:30:00.000Z')
  clock.now = noon
})

t.test('only what is published plays', async (t) => {
  const answer = async (id: string) => {
    const { status, body } = await client.get<ErrorBody>(`/tracks/${id}/stream`)
    return [status, body.error.code]
  }
  t.same(await answer(pending), [409, 'TRACK_NOT_READY'])
  t.same(await answer(gone), [404, 'TRACK_NOT_FOUND'])
  t.same(await answer(randomUUID()), [404, 'TRACK_NOT_FOUND'])
  t.equal((await app.app.inject(`/api/tracks/${four}/stream`)).statusCode, 401)
})

t.test('one signature opens all artwork until the end of tomorrow', async (t) => {
  const access = await artworkAccess({ db, signer, mediaUrl }, noon)
  t.equal(access.expiresAt.toISOString(), '2026-11-23T00:00:00.000Z')
  const address = `${access.baseUrl}/media/artwork/${randomUUID()}/1/300.webp?${access.artworkQuery}`
  t.equal(refusal(address, noon), undefined)
  t.match(refusal(address.replace('/artwork/', '/'), noon), { code: 'AccessDenied' })
  t.equal((await artworkAccess({ db, signer, mediaUrl }, new Date('2026-11-21T23:00:00Z'))).artworkQuery, access.artworkQuery, 'all day the same')
})

t.test('a play counts after 30 seconds or half of the track, and once', async (t) => {
  const play = async (trackId: string, playedMs: number, id = randomUUID()) => {
    const { status, body } = await client.send<CountedPlay>('POST', '/plays', { id, trackId, startedAt: '2026-11-21T12:00:00Z', playedMs })
    return [status, body.counted]
  }
  const countOf = async (id: string) => (await client.get<Track>(`/tracks/${id}`)).body.playCount
  t.same(await play(four, 29_999), [201, false])
  t.equal(await countOf(four), 0)
  t.same(await play(four, 30_000), [201, true])
  t.same(await play(short, 10_000), [201, true])
  const id = randomUUID()
  const answers = await Promise.all([play(four, 60_000, id), play(four, 60_000, id), play(four, 60_000, id)])
  t.same(answers.map(([status]) => status).sort(), [200, 200, 201])
  t.ok(answers.every(([, counted]) => counted))
  t.equal(await countOf(four), 2)
  t.equal((await client.send('POST', '/plays', { id: randomUUID(), trackId: pending, startedAt: '2026-11-21T12:00:00Z', playedMs: 1 })).status, 404)
  const stranger = clientOf(app, await app.user('listener'))
  const taken = await stranger.send<ErrorBody>('POST', '/plays', { id, trackId: four, startedAt: '2026-11-21T12:00:00Z', playedMs: 1 })
  t.same([taken.status, taken.body.error.code], [409, 'PLAY_ID_TAKEN'])
  for (const startedAt of ['yesterday', '2026-12-31T23:59:60Z']) t.equal((await client.send('POST', '/plays', { id: randomUUID(), trackId: four, startedAt, playedMs: 1 })).status, 400, startedAt)
})

t.test('the history is one’s own, newest first, without what was withdrawn', async (t) => {
  const { trackIds: [kept = '', lost = ''] } = await seedAlbum(db, { title: 'History', artist: 'Past', tracks: [{ title: 'Kept' }, { title: 'Lost' }] })
  const user = clientOf(app, await app.user('listener'))
  const plays = [[kept, '2026-11-20T10:00:00Z'], [lost, '2026-11-20T11:00:00Z'], [kept, '2026-11-20T12:00:00Z'], [kept, '2036-01-01T00:00:00Z']]
  for (const [trackId, startedAt] of plays) await user.send('POST', '/plays', { id: randomUUID(), trackId, startedAt, playedMs: 5_000 })
  const { body: { items: [newest], nextCursor } } = await user.get<Page<Play>>('/plays?limit=1')
  t.match(newest, { startedAt: noon.toISOString(), playedMs: 5_000, counted: false, track: { id: kept, title: 'Kept' } }, 'a clock ahead is set right')
  t.same((await user.get<Page<Play>>(`/plays?cursor=${nextCursor}`)).body.items.map(({ track }) => track.title), ['Kept', 'Lost', 'Kept'])
  await db.prisma.track.update({ where: { id: lost }, data: { state: 'withdrawn' } })
  t.equal((await user.get<Page<Play>>('/plays')).body.items.length, 3)
  t.same((await clientOf(app, await app.user('listener')).get<Page<Play>>('/plays')).body, { items: [], nextCursor: null })
})
