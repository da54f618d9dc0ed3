import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import sharp from 'sharp'
import t, { type Test } from 'tap'
import { createMediaReader, type MediaReader } from '../../../src/platform/media/media-reader.ts'
import { makePicture, makeSound, nameless } from '../../support/media.ts'

const signal = new AbortController().signal
// The same names are written again.
sharp.cache(false)

function reader (t: Test, options: Partial<Parameters<typeof createMediaReader>[0]> = {}): MediaReader {
  const made = createMediaReader({ children: 1, ...options })
  t.teardown(made.close)
  return made
}

/** Our children, by their entry. */
async function children (): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const parents = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').then((text) => text.replace(/^.*\) /s, '').split(' ')[1], () => undefined)))
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, i) => parents[i] === String(process.pid) && commands[i]?.includes('media-child'))
}

/** An MP3 by its first frame, after which the tag parser searches for seconds without a pause. */
async function blockingFile (folder: string): Promise<string> {
  const path = join(folder, 'blocking')
  await writeFile(path, Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413), Buffer.alloc(3_000_000, 0xff)]))
  return path
}

t.test('tags of every kind of file are read by its content, and the cover is taken out', async (t) => {
  const folder = t.testdir()
  const media = reader(t)
  const coverPath = await makePicture(join(folder, 'cover.png'))
  const tags = { title: 'Ængels', artist: 'A', album_artist: 'B', album: 'C', track: '3/9', disc: '2/2', date: '1999', genre: 'Jazz' }
  for (const ending of ['mp3', 'flac', 'm4a', 'ogg', 'opus', 'wv', 'aiff', 'wav']) {
    const hasCover = ['mp3', 'flac', 'm4a'].includes(ending)
    const sound = await makeSound(join(folder, `sound.${ending}`), {
      seconds: 1, tags, ...(hasCover ? { coverPath } : {}), encoder: ending === 'aiff' ? ['-write_id3v2', '1'] : []
    })
    const picturePath = join(folder, `${ending}.picture`)
    const read = await media.readTags(await nameless(sound, folder), picturePath, signal)
    t.match(read, { title: 'Ængels', artist: 'A', album: 'C', genres: ['Jazz'], year: 1999, hasPicture: hasCover }, ending)
    // RIFF INFO knows none of these; in APEv2 ffmpeg has its own word for one.
    if (ending !== 'wav') t.match(read, { trackNo: 3, discNo: 2, ...(ending === 'wv' ? {} : { albumArtist: 'B' }) }, ending)
    if (hasCover) t.same(await readFile(picturePath), await readFile(coverPath))
  }
})

t.test('a child that works and works is killed, and the next file is read by another', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = t.testdir()
  const media = reader(t, { limits: { processorMs: 2_000, clockMs: 600_000 } })
  const [bad, good] = [await blockingFile(folder), await nameless(await makeSound(join(folder, 'sound.flac'), { seconds: 1, tags: { title: 'Next' } }), folder)]
  // The first child is there: its start is not counted.
  t.match(await media.readTags(good, join(folder, 'picture'), signal), { title: 'Next' })
  const blocked = t.rejects(media.readTags(bad, join(folder, 'picture'), signal), { name: 'MediaReadError', kind: 'timeout' })
  const next = media.readTags(good, join(folder, 'picture'), signal)
  await blocked
  t.match(await next, { title: 'Next' })
  t.equal((await children()).length, 1)
  await media.close()
  t.same(await children(), [])
})

t.test('a file whose turn doesn’t come on a busy machine is not to blame', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = t.testdir()
  const path = await nameless(await makeSound(join(folder, 'sound.flac'), { seconds: 1, tags: { title: 'Late' } }), folder)
  const read = () => patient.readTags(path, join(folder, 'picture'), signal)
  const patient = reader(t, { limits: { processorMs: 2_000, clockMs: 600_000 } })
  t.match(await read(), { title: 'Late' })
  const [pid] = await children()
  process.kill(Number(pid), 'SIGSTOP')
  const late = read()
  await delay(3_000)
  process.kill(Number(pid), 'SIGCONT')
  t.match(await late, { title: 'Late' }, 'what it waited for counts for nothing')
  t.same(await children(), [pid])
  await patient.close()

  const hurried = reader(t, { limits: { processorMs: 600_000, clockMs: 300 } })
  await t.rejects(hurried.readTags(await blockingFile(folder), join(folder, 'picture'), signal), { code: 'MEDIA_READ_SLOW' }, 'without end nothing is waited for')
  t.same(await children(), [])
})

t.test('an aborted reading ends at once', { skip: process.platform !== 'linux' }, async (t) => {
  const bad = await blockingFile(t.testdir())
  const media = reader(t)
  const controller = new AbortController()
  const blocked = t.rejects(media.readTags(bad, `${bad}.picture`, controller.signal), { message: 'shutting down' })
  setTimeout(() => controller.abort(new Error('shutting down')), 300)
  await blocked
  t.same(await children(), [])
})

t.test('a file of no known kind is unreadable', async (t) => {
  const path = join(t.testdir(), 'noise')
  await writeFile(path, Buffer.alloc(100_000, 0x55))
  await t.rejects(reader(t).readTags(path, `${path}.picture`, signal), { name: 'MediaReadError', kind: 'unreadable' })
})

t.test('a picture is drawn anew in every size up to its own, without what it carried', async (t) => {
  const folder = t.testdir()
  const media = reader(t)
  const picture = await sharp(await makePicture(join(folder, 'cover.png'), 600))
    .withExif({ IFD0: { Copyright: 'canary' } }).jpeg().toFile(join(folder, 'cover.jpg')).then(() => join(folder, 'cover.jpg'))
  const artwork = await media.renderArtwork({ path: picture, outDir: folder, sizesPx: [64, 128, 256, 512, 1200] }, signal)
  t.match(artwork, { widthPx: 600, heightPx: 600, blurhash: /^.{20,40}$/, dominantColour: /^#[0-9a-f]{6}$/ })
  t.same(artwork.images.map(({ sizePx, format }) => `${sizePx}.${format}`),
    [64, 128, 256, 512, 600].flatMap((size) => [`${size}.webp`, `${size}.avif`]))
  for (const { path, sizePx, format } of artwork.images) {
    t.match(await sharp(path).metadata(), { width: sizePx, height: sizePx, format: format === 'avif' ? 'heif' : 'webp', exif: undefined })
    t.notOk((await readFile(path)).includes('canary'))
  }
})

t.test('an oblong, small, turned or transparent picture keeps its shape', async (t) => {
  const folder = t.testdir()
  const media = reader(t)
  const path = join(folder, 'oblong.webp')
  await sharp({ create: { width: 100, height: 40, channels: 4, background: '#ff000000' } }).webp().toFile(path)
  const oblong = await media.renderArtwork({ path, outDir: folder, sizesPx: [64, 128] }, signal)
  t.match(oblong, { widthPx: 100, heightPx: 40, dominantColour: /^#f[0-9a-f]f[0-9a-f]f/ })
  t.same(oblong.images.map(({ sizePx }) => sizePx), [64, 64, 100, 100])
  t.match(await sharp(join(folder, '64.webp')).metadata(), { width: 64, height: 26 })
  const turned = join(folder, 'turned.jpg')
  await sharp({ create: { width: 100, height: 40, channels: 3, background: 'blue' } }).withMetadata({ orientation: 6 }).jpeg().toFile(turned)
  t.match(await media.renderArtwork({ path: turned, outDir: folder, sizesPx: [64] }, signal), { widthPx: 40, heightPx: 100 })
  t.match(await sharp(join(folder, '64.webp')).metadata(), { width: 26, height: 64 })
})

t.test('what is no picture, broken or a bomb is refused fast', async (t) => {
  const folder = t.testdir()
  const media = reader(t)
  const good = await readFile(await makePicture(join(folder, 'good.png'), 400))
  // The size of a PNG stands in its first chunk; the checksum behind it must fit.
  const bomb = await sharp({ create: { width: 16000, height: 16000, channels: 3, background: 'red' } }).png().toBuffer()
  const bad = {
    svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="file:///etc/passwd"/></svg>'),
    html: Buffer.from('<html><script>alert(1)</script></html>'),
    polyglot: Buffer.from('GIF89a/*<script>*/=1'),
    cut: good.subarray(0, good.length / 2),
    bomb,
    empty: Buffer.alloc(0)
  }
  for (const [name, bytes] of Object.entries(bad)) {
    const path = join(folder, name)
    await writeFile(path, bytes)
    const start = performance.now()
    await t.rejects(media.renderArtwork({ path, outDir: folder, sizesPx: [64] }, signal), { name: 'MediaReadError', kind: 'unreadable' }, name)
    t.ok(performance.now() - start < 10_000)
  }
  await t.rejects(stat(join(folder, '64.webp')), { code: 'ENOENT' })
})
