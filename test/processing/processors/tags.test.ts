import t from 'tap'
import type { FileTags } from '../../../src/platform/media/read-tags.ts'
import { albumLoudness } from '../../../src/processing/processors/album-loudness.ts'
import { namesFromPath } from '../../../src/processing/processors/names-from-path.ts'
import { describeTrack } from '../../../src/processing/processors/tags.ts'

const silent: FileTags = {
  title: null,
  artist: null,
  artists: [],
  albumArtist: null,
  albumArtists: [],
  album: null,
  discNo: null,
  discTitle: null,
  trackNo: null,
  year: null,
  genres: [],
  composers: [],
  conductors: [],
  remixers: [],
  label: null,
  compilation: false,
  isrc: null,
  recordingId: null,
  releaseId: null,
  artistIds: [],
  albumArtistIds: [],
  replayGainTrackDb: null,
  replayGainAlbumDb: null,
  lyrics: null,
  hasPicture: false
}
const ids = ['5b11f4ce-a62d-471e-81fc-a69a8278c7da', '83d91898-7763-47d7-b03b-b92132375c47', 'a74b1b7f-71a5-4011-9441-d0b5e4122711']

t.test('names come from the file and its folders where there are no tags', async (t) => {
  const cases: Array<[path: string, expected: Partial<ReturnType<typeof namesFromPath>>]> = [
    ['Artist/Album/01 - Title.flac', { title: 'Title', trackNo: 1, album: 'Album', albumArtist: 'Artist', artist: 'Artist' }],
    ['Artist\\Album\\02. Title.mp3', { title: 'Title', trackNo: 2, album: 'Album', albumArtist: 'Artist' }],
    ['Artist/Album/CD1/03 Title.mp3', { title: 'Title', trackNo: 3, discNo: 1, album: 'Album', albumArtist: 'Artist' }],
    ['Artist/1997 - Album/Disc 2/1-04 Title.ogg', { title: 'Title', trackNo: 4, discNo: 1, album: 'Album', year: 1997 }],
    ['Artist - Album (2004)/05_Title.m4a', { title: 'Title', trackNo: 5, album: 'Album', albumArtist: 'Artist', year: 2004 }],
    ['Artist - Album - 06 Title.wav', { title: 'Title', trackNo: 6, album: 'Album', artist: 'Artist' }],
    ['Artist - Title.opus', { title: 'Title', artist: 'Artist', album: undefined }],
    ['07. Artist - Title.opus', { title: 'Title', artist: 'Artist', trackNo: 7 }],
    ['under_score_name.mp3', { title: 'under score name', trackNo: undefined }],
    ['7 Years.mp3', { title: '7 Years', trackNo: undefined }],
    ['../../etc/./passwd', { title: 'passwd', album: 'etc' }],
    ['.mp3', { title: 'Untitled' }],
    ['', { title: 'Untitled' }]
  ]
  for (const [path, expected] of cases) t.match(namesFromPath(path), expected, path)
  t.match(describeTrack(null, 'Artist/Album/01 - Title.flac'), {
    title: 'Title', artistCredit: 'Artist', artists: [{ name: 'Artist' }], trackNo: 1, discNo: 1, album: { title: 'Album', artistCredit: 'Artist' }
  })
  t.match(describeTrack(null, 'x.mp3'), { artistCredit: 'Unknown artist', artists: [{ name: 'Unknown artist' }], album: { title: 'Unknown album' } })
})

t.test('tags win over names', async (t) => {
  const tags = { ...silent, title: 'Real', artist: 'Who', artists: ['Who'], album: 'Which', trackNo: 9, discNo: 3, year: 2001 }
  t.match(describeTrack(tags, 'Artist/1997 - Album/CD1/01 - Title.flac'), {
    title: 'Real', artistCredit: 'Who', trackNo: 9, discNo: 3, year: 2001, album: { title: 'Which', artistCredit: 'Who', artists: [{ name: 'Who' }] }
  })
  t.match(describeTrack({ ...silent, title: 'Real' }, 'Somebody - Title.mp3'), { title: 'Real', artistCredit: 'Unknown artist' }, 'a dash in a name is no artist then')
})

t.test('one name stays one artist unless the tags say otherwise', async (t) => {
  const credit = (tags: Partial<FileTags>) => {
    const { artistCredit, artists, featured } = describeTrack({ ...silent, title: 'T', ...tags }, 'x.mp3')
    return { artistCredit, artists: artists.map((a) => a.name), featured: featured.map((a) => a.name), ids: [...artists, ...featured].map((a) => a.musicBrainzId) }
  }
  t.match(credit({ artist: 'Earth, Wind & Fire', artists: ['Earth, Wind & Fire'] }), { artists: ['Earth, Wind & Fire'], featured: [] })
  t.match(credit({ artist: 'AC/DC' }), { artists: ['AC/DC'] })
  t.match(credit({ artist: 'A & B', artists: ['A', 'B'] }), { artistCredit: 'A & B', artists: ['A', 'B'] })
  t.match(credit({ artist: 'A & B', artistIds: ids.slice(0, 2) }), { artistCredit: 'A & B', artists: ['A', 'B'], ids: ids.slice(0, 2) })
  t.match(credit({ artist: 'A & B', artistIds: ids.slice(0, 1) }), { artists: ['A & B'], ids: ids.slice(0, 1) })
  t.match(credit({ artist: 'A & B', artistIds: ids }), { artists: ['A & B'], ids: [null] }, 'ids that fit nothing are left')
  t.match(credit({ artist: 'A feat. B, C & D' }), { artistCredit: 'A feat. B, C & D', artists: ['A'], featured: ['B', 'C & D'] })
  t.match(credit({ artist: 'A (ft. B)', artistIds: ids.slice(0, 2) }), { artists: ['A'], featured: ['B'], ids: ids.slice(0, 2) })
  t.match(credit({ artist: 'A', title: 'Song (feat. B)', artistIds: ids.slice(0, 1) }), { artists: ['A'], featured: ['B'], ids: [ids[0], null] })
  t.match(credit({ artist: 'A', artists: ['A', 'a', 'A feat. A'] }), { artists: ['A'], featured: [] })
  t.match(credit({ artist: 'Defeat' }), { artists: ['Defeat'], featured: [] })
})

t.test('an album’s artists are its own, various, or its tracks’', async (t) => {
  const album = (tags: Partial<FileTags>) => describeTrack({ ...silent, artist: 'A feat. B', ...tags }, 'x.mp3').album
  t.match(album({ albumArtist: 'C', albumArtistIds: ids.slice(0, 1), releaseId: ids[1] ?? '' }), { artistCredit: 'C', artists: [{ name: 'C', musicBrainzId: ids[0] }], musicBrainzId: ids[1] })
  t.match(album({ compilation: true }), { artistCredit: 'Various Artists', artists: [{ name: 'Various Artists' }], compilation: true })
  t.match(album({}), { artistCredit: 'A', artists: [{ name: 'A' }] })
})

t.test('text is text that a database can take, and bounded', async (t) => {
  const described = describeTrack({
    ...silent,
    title: ' a\0b\ud800c\u202Ed\r\ne  ',
    artist: '\0',
    album: `${'😀'.repeat(400)}`,
    genres: ['Rock; Pop', 'Rock', '<script>alert(1)</script>'],
    lyrics: { text: 'one\r\n\0two ', synced: [{ atMs: 2000.4, text: 'two\0' }, { atMs: 1000, text: 'one' }, { atMs: Number.NaN, text: 'x' }], language: 'eng' }
  }, 'A/B/c\0\ud800.mp3')
  t.equal(described.title, 'a b c d e')
  t.equal(described.artistCredit, 'A')
  t.equal(described.album.title, '😀'.repeat(300))
  t.same(described.genres, ['Rock', 'Pop', '<script>alert(1)</script>'])
  t.same(described.lyrics, { text: 'one\ntwo', synced: [{ atMs: 1000, text: 'one' }, { atMs: 2000, text: 'two' }], language: 'eng' })
  t.ok(JSON.stringify(described).isWellFormed() && !JSON.stringify(described).includes('\\u0000'))
  t.equal(describeTrack(null, 'c\0\ud800d.mp3').title, 'c d')
})

t.test('numbers and codes that can’t be are left out', async (t) => {
  const described = describeTrack({
    ...silent, trackNo: -1, discNo: 1e9, year: 3, isrc: 'gb-aye-68-00011', recordingId: 'nonsense', replayGainTrackDb: Number.NaN, replayGainAlbumDb: -6.123
  }, 'x.mp3')
  t.match(described, { trackNo: 0, discNo: 1, year: null, isrc: 'GBAYE6800011', musicBrainzId: null, replayGainTrackDb: null, replayGainAlbumDb: -6.12 })
  t.equal(describeTrack({ ...silent, isrc: 'short' }, 'x').isrc, null)
  t.equal(describeTrack({ ...silent, recordingId: (ids[0] ?? '').toUpperCase() }, 'x').musicBrainzId, ids[0])
})

t.test('album loudness weighs the tracks’ energy by their length', async (t) => {
  t.equal(albumLoudness([]), null)
  t.equal(albumLoudness([{ integratedLufs: null, durationMs: 1000 }]), null)
  t.equal(albumLoudness([{ integratedLufs: -14, durationMs: 1000 }, { integratedLufs: null, durationMs: 9000 }]), -14)
  t.equal(albumLoudness([{ integratedLufs: -10, durationMs: 1000 }, { integratedLufs: -20, durationMs: 9000 }]), -17.21)
})
