import type { AlbumDetail, Page, Playlist, SearchResult } from '../../src/catalog/schemas.ts'
import type { Upload } from '../../src/uploads/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import type { Cast } from './cast.ts'
import { eventually, expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import { removeTrack } from './remove-track.ts'
import { uploadFile } from './upload-file.ts'
import type { OwnMusic } from './uploading.ts'

const goneWithinMs = 10_000

/** A track is taken out everywhere, and comes back as it was. */
export async function removal ({ suite, prefix, options }: Acceptance, { curator, listener: { client } }: Cast, { tracks: [first, second], file }: OwnMusic): Promise<void> {
  await suite.section('Removal', async () => {
    const list = await suite.step('a track is in a playlist', async () =>
      expectStatus(await client.request<Playlist>('POST', '/api/playlists', { body: { name: `${prefix} removal`, trackIds: [first.id, second.id] } }), 201).body)
    suite.afterwards('the playlist of the removal is deleted', async () => { expectStatus(await client.request('DELETE', `/api/playlists/${list.id}`), 204) })
    await suite.check('a curator removes it, once', async () => {
      await removeTrack(curator.client, first.id)
      expectError(await curator.client.request('DELETE', `/api/tracks/${first.id}`), 404, 'TRACK_NOT_FOUND')
    })
    await suite.check('nobody plays, finds or sees it any more', () => eventually(goneWithinMs, async () => {
      expectError(await client.get(`/api/tracks/${first.id}/stream`), 404, 'TRACK_NOT_FOUND')
      const { tracks } = (await client.get<SearchResult>(`/api/search?q=${encodeURIComponent(first.title)}`)).body
      expect(tracks.every(({ id }) => id !== first.id), 'a search still finds it')
      const album = expectStatus(await client.get<AlbumDetail>(`/api/albums/${first.album.id}`), 200).body
      expectEqual([album.trackCount, album.discs.flatMap((disc) => disc.tracks.map(({ id }) => id))], [1, [second.id]], 'the album')
      const { items } = (await client.get<Page<{ track: { id: string } }>>(`/api/playlists/${list.id}/items`)).body
      expect(items.every(({ track }) => track.id !== first.id), 'the playlist still has it')
    }))
    await suite.check('uploaded again it is back, as the same track', async () => {
      const upload: Upload = await uploadFile(curator.client, { relativePath: `${prefix}/back.wav`, bytes: file }, options.patienceMs)
      expectEqual(upload.trackId, first.id, 'the track')
      await eventually(goneWithinMs, async () => { expectStatus(await client.get(`/api/tracks/${first.id}/stream`), 200) })
    })
  })
}
