import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { withdrawTrack } from '../../src/processing/withdraw-track.ts'
import { ffmpeg, makePicture, makeSound } from '../support/media.ts'
import { ended, openPipeline, sound, until, upload, workIn } from '../support/pipeline.ts'

const song = { title: 'Café', artist: 'Ada feat. Bo', album: 'First', album_artist: 'Ada', track: '1/9', genre: 'Jazz', date: '1999' }

t.test('publishing', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, store } = pipeline
  await workIn(t, pipeline)
  const publish = async (path: string, relativePath: string, payload = {}) => ended(pipeline, await upload(pipeline, { path, relativePath, payload }))
  const trackOf = (id: string | null) => db.prisma.track.findUniqueOrThrow({
    where: { id: id ?? '' },
    include: { renditions: { orderBy: { name: 'asc' } }, waveform: true, artists: { include: { artist: true }, orderBy: { position: 'asc' } }, genres: { include: { genre: true } }, original: true, album: { include: { artists: { include: { artist: true } } } } }
  })

  t.test('makes a track of a file, whole', async (t) => {
    const cover = await makePicture(join(pipeline.dir, 'cover.png'))
    const path = await makeSound(join(pipeline.dir, 'whole.flac'), { seconds: 2, tags: song, coverPath: cover })
    const done = await publish(path, 'Ada/First/01 Café.flac')
    t.match(done, { state: 'published', stage: null, reasonCode: null, jobs: [{ state: 'done', attempts: 1, stage: null }] })
    const track = await trackOf(done.trackId)
    t.match(track, { state: 'published', title: 'Café', artistCredit: 'Ada feat. Bo', trackNo: 1, year: 1999, durationMs: 2000, fence: 1, original: { lossless: true, fileName: '01 Café.flac' } })
    t.same(track.renditions.map(({ name }) => name), ['aac-160', 'aac-256', 'aac-96', 'flac'])
    t.same(track.artists.map(({ role, artist }) => [role, artist.name, artist.trackCount, artist.albumCount]), [['main', 'Ada', 1, 1], ['featured', 'Bo', 1, 0]])
    t.match(track.album, { title: 'First', trackCount: 1, durationMs: 2000n, artists: [{ artist: { name: 'Ada' } }] })
    t.ok(track.album.loudnessLufs !== null && track.loudnessLufs === track.album.loudnessLufs)
    t.match(track.genres, [{ genre: { name: 'Jazz', trackCount: 1 } }])
    t.ok(track.artworkId !== null && track.album.artworkId === track.artworkId)
    const objects = await db.prisma.storedObject.findMany()
    for (const { key, sizeBytes } of objects) t.equal((await store.head(key))?.sizeBytes, Number(sizeBytes), key)
    t.equal(new Set(track.renditions.map(({ objectKey }) => objectKey.split('/').slice(0, 3).join('/'))).size, 1, 'one prefix for the whole attempt')
    t.ok(track.original.objectKey.startsWith(`originals/sha256/${track.original.sha256.slice(0, 2)}/`))
    await until(async () => await store.head(`incoming/${done.id}`) === null)
    const { rows } = await db.pool.query('SELECT kind, title FROM search_doc ORDER BY kind, title')
    t.same(rows, [{ kind: 1, title: 'ada' }, { kind: 1, title: 'bo' }, { kind: 2, title: 'first' }, { kind: 3, title: 'cafe' }])
  })

  t.test('knows the same bytes again', async (t) => {
    const path = await sound(pipeline, 'flac', { tags: { title: 'Twice', album: 'Doubles' } })
    const first = await publish(path, 'a/Twice.flac')
    const second = await publish(path, 'b/Another name.flac')
    t.match(second, { state: 'duplicate', trackId: first.trackId })
    t.equal(await db.prisma.original.count({ where: { trackId: first.trackId } }), 1)
  })

  t.test('brings a withdrawn track back when its file is uploaded by hand, and only then', async (t) => {
    const path = await sound(pipeline, 'flac', { tags: { title: 'Regretted', artist: 'Una', album: 'Withdrawn', genre: 'Doubt' } })
    const { trackId } = await publish(path, 'Una/Regretted.flac')
    const admin = { userId: (await db.prisma.user.create({ data: { username: 'una', usernameKey: 'una', displayName: 'Una', passwordHash: '', role: 'admin' } })).id, username: 'una', role: 'admin' } as const
    const withdraw = () => withdrawTrack({ db, now: () => new Date() }, admin, trackId ?? '')
    const shown = async () => {
      const { rows } = await db.pool.query('SELECT kind FROM search_doc WHERE txt LIKE \'%una%\' ORDER BY kind')
      const track = await trackOf(trackId)
      return { state: track.state, found: rows.map(({ kind }) => kind), counts: [track.album.trackCount, Number(track.album.durationMs), track.artists[0]?.artist.trackCount, track.artists[0]?.artist.albumCount, track.genres[0]?.genre.trackCount] }
    }
    const before = await shown()
    t.match(before, { state: 'published', found: [1, 2, 3] })
    await withdraw()
    t.same(await shown(), { state: 'withdrawn', found: [], counts: [0, 0, 0, 0, 0] })
    await t.rejects(withdraw(), { code: 'TRACK_NOT_FOUND' }, 'once is enough')
    await t.rejects(withdrawTrack({ db, now: () => new Date() }, { ...admin, role: 'listener' }, trackId ?? ''), { code: 'FORBIDDEN' })
    const imported = await upload(pipeline, { path, relativePath: 'again.flac', source: 'import' })
    t.match(await ended(pipeline, imported), { state: 'duplicate', trackId })
    t.equal((await shown()).state, 'withdrawn', 'an archive imported once more changes nothing')
    t.match(await publish(path, 'again by hand.flac'), { state: 'duplicate', trackId })
    t.same(await shown(), before)
  })

  t.test('gives the same audio under other tags the same track', async (t) => {
    const tags = { title: 'Tpyo', artist: 'Cy', album: 'Old name', genre: 'Rock' }
    const path = await sound(pipeline, 'flac', { tags })
    const first = await publish(path, 'Tpyo.flac')
    const before = await trackOf(first.trackId)
    const retagged = join(pipeline.dir, 'retagged.flac')

    await ffmpeg('-i', path, '-c', 'copy', '-map_metadata', '-1', '-metadata', 'title=Typo', '-metadata', 'artist=Cy', '-metadata', 'album=New name', '-metadata', 'genre=Pop', retagged)
    const second = await publish(retagged, 'Typo.flac')
    t.match(second, { state: 'published', trackId: first.trackId })
    const after = await trackOf(first.trackId)
    t.match(after, { title: 'Typo', fence: 2, album: { title: 'New name', trackCount: 1 }, genres: [{ genre: { name: 'Pop', trackCount: 1 } }] })
    t.same(after.renditions.map(({ objectKey }) => objectKey), before.renditions.map(({ objectKey }) => objectKey), 'nothing was encoded again')
    t.match(await db.prisma.album.findUnique({ where: { id: before.albumId } }), { trackCount: 0, durationMs: 0n })
    t.match(await db.prisma.genre.findUnique({ where: { nameKey: 'rock' } }), { trackCount: 0 })
    t.match(await db.prisma.artist.findFirst({ where: { nameKey: 'cy' } }), { trackCount: 1, albumCount: 1 })
    const { rows } = await db.pool.query('SELECT count(*)::int AS n FROM search_doc WHERE ref_id = $1', [before.albumId])
    t.equal(rows[0].n, 0, 'the empty album is not found any more')
  })

  t.test('puts a better source in the place of a worse one and keeps the track', async (t) => {
    const tags = { title: 'Better', artist: 'Di', album: 'Qualities', track: '3' }
    const lossy = await publish(await sound(pipeline, 'mp3', { tags, seconds: 2 }), 'Better.mp3')
    const lossless = await publish(await sound(pipeline, 'flac', { tags, seconds: 2 }), 'Better.flac')
    t.equal(lossless.trackId, lossy.trackId)
    const track = await trackOf(lossy.trackId)
    t.match(track, { fence: 2, original: { codec: 'flac' }, album: { trackCount: 1 } })
    t.same(track.renditions.map(({ name }) => name), ['aac-160', 'aac-256', 'aac-96', 'flac'])
    const worse = await publish(await sound(pipeline, 'ogg', { tags, seconds: 2, encoder: ['-c:a', 'libvorbis', '-b:a', '64k'] }), 'Better.ogg')
    t.match(worse, { state: 'published', trackId: lossy.trackId })
    t.match(await trackOf(lossy.trackId), { fence: 2, original: { codec: 'flac' } }, 'a worse one is kept and changes nothing')
    t.equal(await db.prisma.original.count({ where: { trackId: lossy.trackId } }), 3)
  })

  t.test('counts right when two better sources come at once', async (t) => {
    const tags = { title: 'Contested', artist: 'Di', album: 'Contest', track: '1' }
    const { trackId } = await publish(await sound(pipeline, 'ogg', { tags: { ...tags, genre: 'First genre' }, seconds: 2, encoder: ['-c:a', 'libvorbis', '-b:a', '64k'] }), 'Contested.ogg')
    const sources = await Promise.all(['Second genre', 'Third genre'].map((genre, n) => sound(pipeline, 'flac', { tags: { ...tags, genre }, seconds: 2, ...(n === 0 ? {} : { sampleRate: 96_000 }) })))
    const { albumId } = await trackOf(trackId)
    const ids = await db.prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM album WHERE id = ${albumId}::uuid FOR UPDATE`
      const uploaded: string[] = []
      for (const [n, path] of sources.entries()) {
        uploaded.push(await upload(pipeline, { path, relativePath: 'Contested.flac' }))
        await until(async () => (await db.pool.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM album%'")).rowCount === n + 1)
      }
      return uploaded
    }, { timeout: 60_000 })
    const rows = await Promise.all(ids.map((id) => ended(pipeline, id)))
    t.ok(rows.every((row) => row.state === 'published' && row.trackId === trackId))
    t.match(await trackOf(trackId), { fence: 3, original: { sampleRate: 96_000 } })
    const genres = await db.prisma.genre.findMany({ where: { name: { endsWith: 'genre' } }, orderBy: { name: 'asc' }, select: { name: true, trackCount: true } })
    t.same(genres, [{ name: 'First genre', trackCount: 0 }, { name: 'Second genre', trackCount: 0 }, { name: 'Third genre', trackCount: 1 }])
  })

  t.test('takes the cover that lies beside the file', async (t) => {
    const picture = await makePicture(join(pipeline.dir, 'folder.jpg'), 200)
    await store.putFile('incoming/folder-picture', picture, { contentType: 'image/jpeg' })
    const tags = { album: 'With cover', artist: 'Ed' }
    const payload = { folderArtworkKey: 'incoming/folder-picture' }
    const [one, two] = await Promise.all(['One', 'Two'].map(async (title) => publish(await sound(pipeline, 'flac', { tags: { ...tags, title } }), `${title}.flac`, payload)))
    const [first, second] = [await trackOf(one?.trackId ?? null), await trackOf(two?.trackId ?? null)]
    t.ok(first.artworkId !== null)
    t.equal(first.artworkId, second.artworkId, 'the same picture is kept once')
    t.equal(first.album.artworkId, first.artworkId)
  })

  t.test('says why a file can’t be a track', async (t) => {
    const text = join(pipeline.dir, 'text.mp3')
    await writeFile(text, 'no sound at all '.repeat(100))
    const rejected = await publish(text, 'text.mp3')
    t.match(rejected, { state: 'rejected', trackId: null, jobs: [{ state: 'done', attempts: 1 }] })
    t.ok(rejected.reasonCode !== null && rejected.reason !== null && rejected.reason.length > 10)
    await until(async () => await store.head(`incoming/${rejected.id}`) === null)
  })
})

t.test('twenty files of one album in two workers make one album with right counters', async (t) => {
  const pipeline = await openPipeline(t)
  const { db } = pipeline
  const paths: string[] = []
  for (let n = 1; n <= 20; n++) {
    paths.push(await sound(pipeline, 'mp3', { seconds: 0.5, sampleRate: 22050, channels: 1, tags: { title: `Song ${n}`, artist: n % 2 === 0 ? 'Even' : 'Odd', album_artist: 'Both', album: 'Together', track: String(n), genre: 'Mixed' } }))
  }
  const ids = await Promise.all(paths.map((path, n) => upload(pipeline, { path, relativePath: `${n}.mp3` })))
  await Promise.all([workIn(t, pipeline), workIn(t, pipeline)])
  const rows = await Promise.all(ids.map((id) => ended(pipeline, id)))
  t.ok(rows.every(({ state }) => state === 'published'))
  t.equal(new Set(rows.map(({ trackId }) => trackId)).size, 20)
  const albums = await db.prisma.album.findMany()
  t.match(albums, [{ title: 'Together', trackCount: 20 }])
  const counted = await db.prisma.artist.findMany({ orderBy: { name: 'asc' }, select: { name: true, trackCount: true, albumCount: true } })
  t.same(counted, [{ name: 'Both', trackCount: 20, albumCount: 1 }, { name: 'Even', trackCount: 10, albumCount: 0 }, { name: 'Odd', trackCount: 10, albumCount: 0 }])
  t.match(await db.prisma.genre.findMany(), [{ trackCount: 20 }])
})
