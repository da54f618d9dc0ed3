import type { Album, AlbumDetail, Artist, ArtistDetail, Genre, Home, Page, SearchResult, Track } from '../../src/catalog/schemas.ts'
import type { Acceptance } from './acceptance.ts'
import type { Client } from './client.ts'
import { expect, expectEqual, expectError, expectStatus } from './expectations.ts'
import type { OwnMusic } from './uploading.ts'

const mostPages = 200

/** Lists, details and search, by what the suite has uploaded. */
export async function browsing ({ suite, prefix }: Acceptance, listener: Client, { tracks: [first, second], albumTitle, artistName }: OwnMusic): Promise<void> {
  await suite.section('Browsing', async () => {
    await suite.check('the album has both tracks in order', async () => {
      const { body } = expectStatus(await listener.get<AlbumDetail>(`/api/albums/${first.album.id}`), 200)
      expectEqual([body.title, body.trackCount, body.durationMs], [albumTitle, 2, first.durationMs + second.durationMs], 'title, tracks and length')
      expectEqual(body.discs.flatMap(({ tracks }) => tracks.map(({ id }) => id)), [first.id, second.id], 'its tracks')
    })
    await suite.check('the artist has the album', async () => {
      const { body } = expectStatus(await listener.get<ArtistDetail>(`/api/artists/${first.artists[0]?.id ?? ''}`), 200)
      expectEqual([body.name, body.trackCount, body.albumCount], [artistName, 2, 1], 'name and counts')
      expectEqual(body.albums.map(({ id }) => id), [first.album.id], 'the albums')
      const albums = expectStatus(await listener.get<Page<Album>>(`/api/artists/${body.id}/albums`), 200).body.items
      expectEqual(albums.map(({ id }) => id), [first.album.id], 'the list of albums')
    })
    await suite.check('what is new comes first', async () => {
      const home = expectStatus(await listener.get<Home>('/api/home'), 200).body
      expect(home.recentlyAdded.some(({ id }) => id === first.album.id), 'the album is not among the newest')
      const newest = expectStatus(await listener.get<Page<Track>>('/api/tracks?sort=added&limit=10'), 200).body.items.map(({ id }) => id)
      expect(newest.includes(second.id), 'the track is not among the newest')
    })
    for (const list of ['tracks?sort=added', 'tracks?sort=title', 'albums?sort=title', 'albums?sort=year', 'artists?']) {
      await suite.check(`pages of ${list.replace('?', ' ').trim()} hold everything once`, async () => { await walk(listener, `/api/${list}`) })
    }
    await suite.check('genres can be asked for their tracks', async () => {
      const [genre] = expectStatus(await listener.get<{ items: Genre[] }>('/api/genres'), 200).body.items
      if (genre === undefined) return
      const { items } = expectStatus(await listener.get<Page<Track>>(`/api/tracks?genre=${genre.id}&limit=5`), 200).body
      expect(items.every(({ genres }) => genres.includes(genre.name)), `tracks of other genres than ${genre.name} came`)
    })
  })
  await suite.section('Searching', async () => {
    const found = async (q: string) => expectStatus(await listener.get<SearchResult>(`/api/search?limit=50&q=${encodeURIComponent(q)}`), 200).body
    await suite.check('album and artist are found by their names', async () => {
      expect((await found(albumTitle)).albums.some(({ id }) => id === first.album.id), 'the album is not found')
      expect((await found(artistName)).artists.some(({ id }) => id === first.artists[0]?.id), 'the artist is not found')
    })
    await suite.check('words count in any order, and the last one as a beginning', async () => {
      for (const q of [`zweites ${prefix}`, `${prefix} zwei`, `${prefix.toUpperCase()}  ZWEITES`]) expect((await found(q)).tracks.some(({ id }) => id === second.id), `“${q}” does not find it`)
    })
    await suite.check('a slip of the finger is forgiven', async () => expect((await found(`${prefix} zwietes`)).tracks.some(({ id }) => id === second.id), 'it is not found'))
    await suite.check('what nobody has is not found', async () => expectEqual((await found('qzxwvkjhgf')).tracks.length, 0, 'the number of tracks'))
    await suite.check('a search of 8,000 characters is answered or refused', async () => { expectStatus(await listener.get(`/api/search?q=${'a'.repeat(8_000)}`), 200, 400, 414) })
  })
}

/** Walks a list to its end, or far enough, and sees each item once. */
async function walk (client: Client, list: string): Promise<void> {
  const seen = new Set<string>()
  let cursor: string | null = ''
  for (let page = 0; cursor !== null && page < mostPages; page++) {
    const query: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
    // Small pages first, so that even a small library has some.
    const { items, nextCursor }: Page<Track | Album | Artist> = expectStatus(await client.get<Page<Track | Album | Artist>>(`${list}&limit=${page < 3 ? 1 : 200}${query}`), 200).body
    for (const { id } of items) {
      expect(!seen.has(id), `${id} comes twice`)
      seen.add(id)
    }
    cursor = nextCursor
  }
  expect(seen.size > 0, 'the list is empty')
  expectError(await client.get(`${list}&limit=1&cursor=eyJ4IjoxfQ`), 400, 'INVALID_CURSOR')
}
