import type { SearchResult, Track } from '../../src/catalog/schemas.ts'
import type { Page } from '../../src/catalog/schemas.ts'
import type { Stream } from '../../src/streaming/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import { expectFragmentedAudio } from './audio-bytes.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { noiseWav } from './noise-wav.ts'
import { tidyTrack } from './remove-track.ts'
import { uploadFile } from './upload-file.ts'

/** Whether the service is up and does what it is there for, in seconds. */
export async function smoke (acceptance: Acceptance): Promise<void> {
  const { suite, stranger, owner, me, options } = acceptance
  await suite.section('Smoke', async () => {
    await suite.check('the service is ready for requests', async () => { expectStatus(await stranger.get('/readyz'), 200) })
    await suite.check('whoever signed in is who they say', () => expectEqual(me.user.username.toLowerCase(), options.credentials.username.toLowerCase(), 'the name'))
    await suite.check('a stranger gets nothing', async () => expectError(await stranger.get('/api/tracks'), 401, 'UNAUTHENTICATED'))
    const track = await suite.step('there is music', () => anyTrack(acceptance))
    await suite.check('a search finds a track by its title', async () => {
      const { body } = expectStatus(await owner.get<SearchResult>(`/api/search?limit=50&q=${encodeURIComponent(`${track.title} ${track.artistCredit}`)}`), 200)
      expect(body.tracks.some(({ id }) => id === track.id), `${track.title} is not among ${body.tracks.length} tracks found`)
    })
    const stream = await suite.step('a track has a signed address', async () => expectStatus(await owner.get<Stream>(`/api/tracks/${track.id}/stream?format=aac`), 200).body)
    await suite.check('the bytes there are sound', async () => expectFragmentedAudio(expectStatus(await stranger.get(stream.url), 200).bytes, stream))
    await suite.check('a range of them is given', async () => {
      const answer = expectStatus(await stranger.get(stream.url, { headers: { range: 'bytes=0-99' } }), 206)
      expectEqual(answer.bytes.length, 100, 'the length')
    })
    await suite.check('without its signature the address gives nothing', async () => { expectStatus(await stranger.get(stream.url.replace(/\?.*$/, '')), 403) })
  })
}

/** What is there already; where nothing is, something that is taken away again. */
async function anyTrack ({ suite, owner, prefix, options }: Acceptance): Promise<Track> {
  const listed = expectStatus(await owner.get<Page<Track>>('/api/tracks?limit=1&sort=added'), 200).body.items[0]
  if (listed !== undefined) return listed
  const tags = { title: `${prefix} smoke`, artist: `${prefix} artist`, album: `${prefix} album` }
  const upload = await uploadFile(owner, { relativePath: `${prefix}/smoke.wav`, bytes: noiseWav({ seconds: 2, tags, channels: 1 }) }, options.patienceMs)
  expect(upload.trackId !== null, `the upload ended as ${upload.state}: ${upload.reason ?? 'no reason'}`)
  const { trackId } = upload
  suite.afterwards('what was uploaded is removed again', () => tidyTrack(owner, trackId))
  return expectStatus(await owner.get<Track>(`/api/tracks/${trackId}`), 200).body
}
