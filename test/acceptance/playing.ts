import type { TrackDetail } from '../../src/catalog/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import { expectFragmentedAudio } from './audio-bytes.ts'
import type { Client } from './client.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { sha256 } from './upload-file.ts'
import type { OwnMusic } from './uploading.ts'

/** Longer than a track plays, so that none ends in the middle. */
const leastLifeMs = 30 * 60_000

/** Every version of a track, byte ranges, and signatures that aren’t good. */
export async function playing (acceptance: Acceptance, listener: Client, music: OwnMusic): Promise<void> {
  const { suite, stranger } = acceptance
  const [track] = music.tracks
  const streamOf = async (query: string) => expectStatus(await listener.get<Stream>(`/api/tracks/${track.id}/stream?${query}`), 200).body
  await suite.section('Playing', async () => {
    for (const [query, name] of [['format=aac&maxBitrateKbps=96', 'aac-96'], ['format=aac&maxBitrateKbps=160', 'aac-160'], ['format=aac', 'aac-256'], ['format=flac', 'flac']] as const) {
      await suite.check(`${name} is sound, as its index says`, async () => {
        const stream = await streamOf(query)
        expectEqual(stream.rendition.name, name, 'the version')
        const { bytes, headers } = expectStatus(await stranger.get(stream.url), 200)
        expect((headers.get('content-type') ?? '').startsWith('audio/mp4'), `it is called ${headers.get('content-type')}`)
        expectFragmentedAudio(bytes, stream)
        expectIndex(bytes.length, stream, track)
      })
    }
    await suite.check('the original is, byte for byte, what was uploaded', async () => {
      const { bytes } = expectStatus(await stranger.get((await streamOf('format=original')).url), 200)
      expectEqual(sha256(bytes), sha256(music.file), 'its checksum')
    })
    await suite.check('the waveform is there', async () => {
      const { waveformUrl } = await streamOf('format=aac')
      expect(waveformUrl !== null && expectStatus(await stranger.get(waveformUrl), 200).bytes.length > 10, 'it is empty')
    })
    await suite.check('asked for again the address is the same, and good for a while', async () => {
      const [first, second] = [await streamOf('format=aac'), await streamOf('format=aac')]
      expectEqual(second.url.replace(/\?.*/, ''), first.url.replace(/\?.*/, ''), 'the address')
      expect(Date.parse(second.expiresAt) - Date.now() > leastLifeMs, `it expires at ${second.expiresAt}`)
    })
  })
  await suite.section('Ranges of media', async () => {
    const { url } = await suite.step('a track is asked for', () => streamOf('format=flac'))
    await ranges(acceptance, url)
  })
  await suite.section('Signatures', async () => {
    const { url } = await suite.step('a track is asked for', () => streamOf('format=aac'))
    const original = await suite.step('and its original', () => streamOf('format=original'))
    await signatures(acceptance, url, original.url)
  })
}

/** The fragments follow each other without a gap, end with the file, and last as long as the track. */
function expectIndex (sizeBytes: number, { index }: Stream, track: TrackDetail): void {
  expect(index !== null, 'there is no index')
  let at = index.initBytes
  let ticks = 0
  for (const [offset = 0, size = 0, duration = 0] of index.fragments) {
    expectEqual(offset, at, 'where a fragment begins')
    at += size
    ticks += duration
  }
  expect(at <= sizeBytes, `the fragments end at ${at} of ${sizeBytes} bytes`)
  const heardMs = index.sampleCount / index.timescale * 1000
  expect(Math.abs(heardMs - track.durationMs) <= 50, `${Math.round(heardMs)} ms are heard of a track of ${track.durationMs} ms`)
  expect(ticks >= index.sampleCount, `the fragments hold ${ticks} ticks for ${index.sampleCount} samples`)
}

async function ranges ({ suite, stranger }: Acceptance, url: string): Promise<void> {
  const ask = (headers: Record<string, string>) => stranger.get(url, { headers })
  const whole = await suite.step('the whole file comes', async () => expectStatus(await ask({}), 200))
  const size = whole.bytes.length
  const etag = whole.headers.get('etag') ?? ''
  for (const [range, from, to] of [['bytes=0-0', 0, 0], [`bytes=${size - 1}-`, size - 1, size - 1], ['bytes=-500', size - 500, size - 1], ['bytes=1000-1999', 1_000, 1_999], [`bytes=10-${size * 2}`, 10, size - 1]] as const) {
    await suite.check(`${range.replace(String(size - 1), 'last').replace(String(size * 2), 'beyond')} gets its bytes`, async () => {
      const answer = expectStatus(await ask({ range }), 206)
      expectEqual(answer.headers.get('content-range'), `bytes ${from}-${to}/${size}`, 'content-range')
      expect(answer.bytes.equals(whole.bytes.subarray(from, to + 1)), 'these are other bytes')
    })
  }
  await suite.check('a range behind the end is refused', async () => { expectStatus(await ask({ range: `bytes=${size}-` }), 416) })
  await suite.check('a range of another version gets the whole file', async () => { expectStatus(await ask({ range: 'bytes=0-9', 'if-range': '"another"' }), 200) })
  await suite.check('a range of this version gets the range', async () => { expectStatus(await ask({ range: 'bytes=0-9', 'if-range': etag }), 206) })
  await suite.check('what is known is not sent again', async () => expectEqual(expectStatus(await ask({ 'if-none-match': etag }), 304).bytes.length, 0, 'the length'))
  await suite.check('HEAD tells the length', async () => {
    const { headers } = expectStatus(await stranger.request('HEAD', url), 200)
    expectEqual([headers.get('content-length'), headers.get('accept-ranges')], [String(size), 'bytes'], 'length and ranges')
  })
}

async function signatures ({ suite, stranger }: Acceptance, url: string, originalUrl: string): Promise<void> {
  const refused = async (changed: string) => {
    const { status, bytes } = await stranger.get(changed)
    expect(status === 403, `${changed.split('?')[0]} answered ${status} with ${bytes.length} bytes`)
  }
  const altered = (address: string, name: string, change: (value: string) => string) => {
    const parsed = new URL(address)
    const value = parsed.searchParams.get(name)
    expect(value !== null, `the address has no ${name}`)
    return address.replace(`${name}=${value}`, `${name}=${change(value)}`)
  }
  const flipped = (value: string) => `${value.slice(0, 20)}${value[20] === 'A' ? 'B' : 'A'}${value.slice(21)}`
  await suite.check('without a signature nothing comes', () => refused(url.replace(/\?.*/, '')))
  await suite.check('nor with a changed one', () => refused(altered(url, 'Signature', flipped)))
  await suite.check('nor with another key', () => refused(altered(url, 'Key-Pair-Id', () => 'KANOTHER')))
  await suite.check('nor for another path', async () => {
    await refused(url.replace(/\/media\/[^/]+\//, '/media/00000000-0000-4000-8000-000000000000/'))
    await refused(url.replace(/\/media\/([^/]+)\/([^/]+)\//, '/media/$1/$2/../../'))
    await refused(new URL(originalUrl).origin + new URL(originalUrl).pathname + new URL(url).search)
  })
  await suite.check('nor with a policy that lasts longer', () => refused(altered(url, 'Policy', (value) => {
    const policy = Buffer.from(value.replaceAll('-', '+').replaceAll('~', '/').replaceAll('_', '='), 'base64').toString()
    return Buffer.from(policy.replace(/("AWS:EpochTime":)\d+/, '$19999999999')).toString('base64').replaceAll('+', '-').replaceAll('/', '~').replaceAll('=', '_')
  })))
  await suite.check('nor with another expiry, later or past', async () => {
    await refused(altered(originalUrl, 'Expires', (value) => String(Number(value) + 86_400)))
    await refused(altered(originalUrl, 'Expires', () => String(Math.floor(Date.now() / 1000) - 60)))
  })
  await suite.check('a stranger gets no address at all', async () => expectError(await stranger.get('/api/tracks/00000000-0000-4000-8000-000000000000/stream'), 401))
}
