import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { Page, Track } from '../../src/catalog/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import type { UploadedParts } from '../../src/uploads/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import { expectFragmentedAudio } from './audio-bytes.ts'
import { type Cast, enter, makePlayer } from './cast.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { noiseWav } from './noise-wav.ts'
import { tidyTrack } from './remove-track.ts'
import { Skipped } from './suite.ts'
import { openUpload, processed, sendParts, sha256, uploadFile } from './upload-file.ts'

/** Two minutes of stereo: three parts. */
const largeSeconds = 120
const atOnce = 100
const signInsAtOnce = 8
/** Attempts that fail before an account refuses more from one address, in a quarter of an hour. */
const failuresAllowed = 10
const musical = new Set(['.mp3', '.m4a', '.aac', '.flac', '.ogg', '.oga', '.opus', '.wav', '.aif', '.aiff', '.wv'])

/** What takes longer: large files, many formats, many at once, limits. */
export async function full (acceptance: Acceptance, cast: Cast): Promise<void> {
  const { suite } = acceptance
  await suite.section('A large upload', () => largeUpload(acceptance, cast))
  await suite.section('Many formats', () => manyFormats(acceptance, cast))
  await suite.section('Many at once', () => manyAtOnce(acceptance, cast))
  await suite.section('Limits', () => limits(acceptance))
}

async function largeUpload ({ suite, owner, prefix, options }: Acceptance, { curator: { client } }: Cast): Promise<void> {
  const tags = { title: `${prefix} large`, artist: `${prefix} large artist`, album: `${prefix} large album` }
  const file = { relativePath: `${prefix}/large.wav`, bytes: noiseWav({ seconds: largeSeconds, tags }) }
  const ticket = await suite.step('a file of 21 MB has several parts', async () => {
    const opened = await openUpload(client, file)
    expect(opened.partCount > 1, `it has ${opened.partCount}`)
    return opened
  })
  const last = await suite.step('the last part goes first', () => sendParts(client, ticket, file.bytes, [ticket.partCount]))
  await suite.check('asked again, the service says what it has, and no more', async () => {
    const again = await openUpload(client, file)
    expectEqual([again.id, again.uploadedParts.map(({ partNumber }) => partNumber)], [ticket.id, [ticket.partCount]], 'ticket and parts')
    const { parts } = expectStatus(await client.get<UploadedParts>(`/api/uploads/${ticket.id}/parts`), 200).body
    expectEqual(parts.map(({ etag }) => etag), last.map(({ etag }) => etag), 'the ETags')
  })
  await suite.check('with parts missing it can’t be completed', async () =>
    expectError(await client.request('POST', `/api/uploads/${ticket.id}/complete`, { body: { parts: last } }), 409, 'UPLOAD_INCOMPLETE'))
  const parts = await suite.step('the others follow, one of them twice', async () => {
    const others = Array.from({ length: ticket.partCount - 1 }, (_, at) => at + 1)
    await sendParts(client, ticket, file.bytes, others.slice(0, 1))
    return [...await sendParts(client, ticket, file.bytes, others), ...last]
  })
  await suite.check('completed, even twice, it is published once', async () => {
    const complete = () => client.request('POST', `/api/uploads/${ticket.id}/complete`, { body: { parts, sha256: sha256(file.bytes) } })
    for (const answer of await Promise.all([complete(), complete()])) expectStatus(answer, 200)
    const { state, trackId, reason } = await processed(client, ticket.id, options.patienceMs)
    expect(state === 'published' && trackId !== null, `it ended as ${state}: ${reason ?? 'no reason'}`)
    suite.afterwards('the large track is removed', () => tidyTrack(owner, trackId))
    const { url } = expectStatus(await client.get<Stream>(`/api/tracks/${trackId}/stream?format=original`), 200).body
    expectEqual(sha256(expectStatus(await client.get(url, { token: undefined }), 200).bytes), sha256(file.bytes), 'the checksum of the original')
  })
}

async function manyFormats ({ suite, owner, prefix, options }: Acceptance, { curator: { client } }: Cast): Promise<void> {
  const { music } = options
  if (music === undefined) {
    await suite.check('files of many formats are published', () => { throw new Skipped('name a folder of them with --music') })
    return
  }
  const names = (await readdir(music, { recursive: true })).filter((name) => musical.has(extname(name).toLowerCase())).sort()
  for (const name of names) {
    await suite.check(`${name} is published and sounds`, async () => {
      const upload = await uploadFile(client, { relativePath: `${prefix}/${name}`, bytes: await readFile(join(music, name)) }, options.patienceMs)
      const { trackId } = upload
      expect(trackId !== null, `it ended as ${upload.state}: ${upload.reason ?? 'no reason'}`)
      // What the library had before must stay in it.
      if (upload.state === 'published') suite.afterwards(`${name} is removed`, () => tidyTrack(owner, trackId))
      const stream = expectStatus(await client.get<Stream>(`/api/tracks/${trackId}/stream?format=aac`), 200).body
      expectFragmentedAudio(expectStatus(await client.get(stream.url, { token: undefined }), 200).bytes, stream)
    })
  }
}

async function manyAtOnce ({ suite, stranger, prefix, options }: Acceptance, { listener, curator }: Cast): Promise<void> {
  await suite.check(`${atOnce} searches at once are answered, each with its own`, async () => {
    await Promise.all(Array.from({ length: atOnce }, async (_, at) => { expectStatus(await listener.client.get(`/api/search?q=${prefix}%20${at}`), 200) }))
  })
  // One account from one address: more at once look like guessing, and are refused before their password is read.
  await suite.check(`${signInsAtOnce} sign-ins at once all get in`, async () => {
    await Promise.all(Array.from({ length: signInsAtOnce }, () => enter(stranger, { username: listener.user.username, password: listener.password })))
  })
  await suite.check('of two tabs that refresh at once none is thrown out', async () => {
    const { cookie } = await enter(stranger, { username: listener.user.username, password: listener.password })
    const refresh = () => stranger.request('POST', '/api/session/refresh', { headers: { cookie } })
    for (const answer of await Promise.all([refresh(), refresh(), refresh()])) expectStatus(answer, 200)
  })
  await suite.check('plays sent twice by many at once count once each', async () => {
    const { client } = listener
    const ids = Array.from({ length: 8 }, () => randomUUID())
    const { body } = expectStatus(await client.get<Page<Track>>('/api/tracks?limit=1'), 200)
    const trackId = body.items[0]?.id
    const plays = ids.flatMap((id) => [id, id]).map((id) => client.request('POST', '/api/plays', { body: { id, trackId, startedAt: new Date().toISOString(), playedMs: 0 } }))
    const statuses = (await Promise.all(plays)).map(({ status }) => status)
    expectEqual([statuses.filter((status) => status === 201).length, statuses.filter((status) => status === 200).length], [8, 8], 'new plays and known ones')
  })
  await suite.check('one file opened from many tabs has one ticket', async () => {
    const file = { relativePath: `${prefix}/tabs.wav`, bytes: randomBytes(1_000) }
    const tickets = await Promise.all(Array.from({ length: 6 }, () => openUpload(curator.client, file)))
    expectEqual(new Set(tickets.map(({ id }) => id)).size, 1, 'the number of tickets')
    expectStatus(await curator.client.request('DELETE', `/api/uploads/${tickets[0]?.id}`), 204)
  })
  await suite.check('ten files at once are all published', async () => {
    const files = Array.from({ length: 10 }, (_, at) => ({ relativePath: `${prefix}/many-${at}.wav`, bytes: noiseWav({ seconds: 2, channels: 1, tags: { title: `${prefix} many ${at}`, artist: `${prefix} many`, album: `${prefix} many`, trackNo: at + 1 } }) }))
    const uploads = await Promise.all(files.map((file) => uploadFile(curator.client, file, options.patienceMs)))
    for (const { trackId } of uploads) if (trackId !== null) suite.afterwards('one of ten is removed', () => tidyTrack(curator.client, trackId))
    expectEqual(uploads.map(({ state }) => state).filter((state) => state !== 'published'), [], 'other outcomes')
    const album = (await listener.client.get<Page<{ trackCount: number }>>('/api/albums?sort=added&limit=1')).body.items[0]
    expectEqual(album?.trackCount, 10, 'the tracks of the newest album')
  })
}

async function limits (acceptance: Acceptance): Promise<void> {
  const { suite, stranger, options } = acceptance
  await suite.check('who guesses passwords is stopped, whichever instance is asked', async () => {
    if (!options.limits) throw new Skipped('it slows down this machine’s sign-ins; allow it with --limits')
    const { user } = await makePlayer(acceptance, 'guessed', 'listener')
    const guess = () => stranger.request('POST', '/api/session', { body: { username: user.username, password: randomBytes(8).toString('hex') } })
    for (let attempt = 0; attempt < failuresAllowed; attempt++) expectError(await guess(), 401, 'SIGN_IN_FAILED')
    const refused = await guess()
    expectError(refused, 429, 'TOO_MANY_SIGN_INS')
    expect(Number(refused.headers.get('retry-after')) > 0, 'it does not say how long to wait')
  })
}
