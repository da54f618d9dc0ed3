import { createHash, randomBytes } from 'node:crypto'
import type { SearchResult, TrackDetail } from '../../src/catalog/schemas.ts'
import type { KnownFiles, PartAddresses, Upload } from '../../src/uploads/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import type { Cast } from './cast.ts'
import { eventually, expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { noiseWav } from './noise-wav.ts'
import { tidyTrack } from './remove-track.ts'
import { openUpload, partOf, sendParts, uploadFile } from './upload-file.ts'

/** Music that the suite has brought, for the sections that play and list it. */
export interface OwnMusic {
  readonly albumTitle: string
  readonly artistName: string
  readonly tracks: readonly [TrackDetail, TrackDetail]
  /** The file of the first track. */
  readonly file: Buffer
}

const seconds = 9
/** What is published may reach a reading copy of the database a moment later. */
const visibleWithinMs = 10_000

/** Uploads two tracks of one album, checking each step; they go when the suite ends. */
export async function uploading (acceptance: Acceptance, cast: Cast): Promise<OwnMusic | undefined> {
  let music: OwnMusic | undefined
  await acceptance.suite.section('Uploading', async () => {
    music = await bringMusic(acceptance, cast)
    await sameAgain(acceptance, cast, music)
  })
  await acceptance.suite.section('Uploads that fail', () => failures(acceptance, cast))
  return music
}

async function bringMusic ({ suite, owner, prefix, options }: Acceptance, { curator }: Cast): Promise<OwnMusic> {
  const albumTitle = `${prefix} Größe`
  const artistName = `${prefix} Jürgen`
  const make = (title: string, trackNo: number) => noiseWav({ seconds, tags: { title: `${prefix} ${title}`, artist: artistName, album: albumTitle, trackNo } })
  const bring = async (name: string, bytes: Buffer) => {
    const upload = await uploadFile(curator.client, { relativePath: `${prefix}/${name}.wav`, bytes }, options.patienceMs)
    expect(upload.state === 'published' && upload.trackId !== null, `the upload ended as ${upload.state}: ${upload.reason ?? 'no reason'}`)
    const { trackId } = upload
    suite.afterwards(`the track ${name} is removed`, () => tidyTrack(owner, trackId))
    return expectStatus(await curator.client.get<TrackDetail>(`/api/tracks/${trackId}`), 200).body
  }
  const file = make('Überraschung', 1)
  const first = await suite.step('a curator uploads a file, and it is published', () => bring('first', file))
  const second = await suite.step('and another one', () => bring('second', make('Zweites', 2)))
  await suite.check('its tags, length and versions are right', () => {
    expectEqual([first.title, first.artistCredit, first.album.title, first.trackNo], [`${prefix} Überraschung`, artistName, albumTitle, 1], 'what the track is called')
    expect(Math.abs(first.durationMs - seconds * 1000) <= 50, `it lasts ${first.durationMs} ms`)
    expectEqual([...first.renditions].sort(), ['aac-160', 'aac-256', 'aac-96', 'flac'], 'its renditions')
    expect(first.loudnessLufs !== null && first.loudnessLufs < 0, `its loudness is ${first.loudnessLufs}`)
    expectEqual(second.album.id, first.album.id, 'the album of the second')
  })
  await suite.check('a listener finds it, without its accents too', () => eventually(visibleWithinMs, async () => {
    for (const q of [`${prefix} überraschung`, `uberraschung ${prefix}`, `${prefix} jurgen groß`]) {
      const { body } = expectStatus(await owner.get<SearchResult>(`/api/search?limit=50&q=${encodeURIComponent(q)}`), 200)
      expect(body.tracks.some(({ id }) => id === first.id), `“${q}” finds ${body.tracks.length} tracks, but not this one`)
    }
  }))
  return { albumTitle, artistName, tracks: [first, second], file }
}

async function sameAgain ({ suite, prefix, options }: Acceptance, { curator }: Cast, { tracks: [first], file }: OwnMusic): Promise<void> {
  await suite.check('the service knows the file by its checksum', async () => {
    const sha256 = createHash('sha256').update(file).digest('hex')
    const { body } = expectStatus(await curator.client.request<KnownFiles>('POST', '/api/uploads/check', { body: { files: [{ sha256 }] } }), 200)
    expectEqual(body.files, [{ sha256, trackId: first.id }], 'what is known')
  })
  await suite.check('the same file again is the same track', async () => {
    const upload = await uploadFile(curator.client, { relativePath: `${prefix}/again.wav`, bytes: file }, options.patienceMs)
    expectEqual([upload.state, upload.trackId], ['duplicate', first.id], 'state and track')
  })
}

async function failures ({ suite, prefix, options }: Acceptance, { curator, listener }: Cast): Promise<void> {
  const { client } = curator
  const ticketFor = (name: string, sizeBytes: number) => client.request('POST', '/api/uploads', { body: { relativePath: `${prefix}/${name}`, sizeBytes, contentType: 'audio/wav', fingerprint: name } })
  await suite.check('what is no music gets no ticket', async () => {
    expectError(await ticketFor('a.exe', 10), 415, 'UPLOAD_TYPE_REFUSED')
    expectError(await ticketFor('a.png', 10), 415, 'UPLOAD_PICTURE_REFUSED')
    expectError(await ticketFor('a.wav', 0), 400, 'UPLOAD_EMPTY')
    expectError(await ticketFor('a.wav', 2 ** 50), 413, 'UPLOAD_TOO_LARGE')
  })
  await suite.check('a file that only calls itself music is rejected, with a reason', async () => {
    const upload = await uploadFile(client, { relativePath: `${prefix}/pretends.wav`, bytes: randomBytes(4_096) }, options.patienceMs)
    expectEqual(upload.state, 'rejected', 'the state')
    expect(upload.reasonCode !== null && (upload.reason ?? '') !== '', 'no reason is given')
  })
  const bytes = randomBytes(1_000)
  const ticket = await suite.step('a ticket is given', () => openUpload(client, { relativePath: `${prefix}/cancelled.wav`, bytes }))
  const path = `/api/uploads/${ticket.id}`
  const address = await suite.step('with an address for its part', async () => {
    const [part] = expectStatus(await client.request<PartAddresses>('POST', `${path}/parts`, { body: { partNumbers: [1] } }), 200).body.parts
    expect(part !== undefined, 'no address came')
    return part
  })
  await suite.check('bytes of another size, or to a changed address, are refused', async () => {
    const put = (url: string, body: Buffer) => client.request('PUT', url, { body, headers: address.headers, token: undefined })
    const changed = new URL(address.url)
    for (const name of ['partNumber', 'signature', 'X-Amz-Signature']) if (changed.searchParams.has(name)) changed.searchParams.set(name, '2')
    expectStatus(await put(changed.href, partOf(ticket, bytes, 1)), 403)
    expectStatus(await put(address.url, randomBytes(999)), 400, 403, 411)
    expectStatus(await put(address.url.replace(ticket.id, '00000000-0000-4000-8000-000000000000'), bytes), 403)
  })
  await suite.check('parts that aren’t there can’t be completed', async () => {
    expectError(await client.request('POST', `${path}/complete`, { body: { parts: [{ partNumber: 1, etag: '"0"' }] } }), 409, 'UPLOAD_INCOMPLETE')
    expectError(await client.request('POST', `${path}/parts`, { body: { partNumbers: [2] } }), 400, 'PART_NUMBER_INVALID')
  })
  await suite.check('others see nothing of it', async () => expectError(await listener.client.get(path), 403, 'FORBIDDEN'))
  await suite.check('cancelled, it takes no more', async () => {
    await sendParts(client, ticket, bytes, [1])
    expectStatus(await client.request('DELETE', path), 204)
    expectEqual(expectStatus(await client.get<Upload>(path), 200).body.state, 'cancelled', 'the state')
    expectError(await client.request('POST', `${path}/parts`, { body: { partNumbers: [1] } }), 409, 'UPLOAD_CANCELLED')
  })
}
