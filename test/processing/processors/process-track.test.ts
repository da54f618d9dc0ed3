import { createHash } from 'node:crypto'
import { mkdtemp, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { type Ffmpeg, findFfmpeg } from '../../../src/platform/media/ffmpeg.ts'
import { readFmp4Index } from '../../../src/platform/media/fmp4-index.ts'
import { createMediaReader } from '../../../src/platform/media/media-reader.ts'
import type { Probe, ProcessedTrack, ProcessingContext, ProcessingOptions, RenditionFile, SourceFile } from '../../../src/processing/processors/processed-track.ts'
import { processTrack, readTrack } from '../../../src/processing/processors/process-track.ts'
import { everyFfmpeg, ffmpeg, makePicture, makeSound, type SoundOptions } from '../../support/media.ts'

const reader = createMediaReader({ children: 2 })
t.teardown(reader.close)
// Encoding takes its time on a busy machine.
t.setTimeout(300_000)
const ffmpegs = await everyFfmpeg()
const systemFfmpeg = await findFfmpeg(undefined)

interface Attempt extends ProcessingOptions { readonly by?: Ffmpeg, readonly name?: string, readonly stages?: string[] }

async function prepared (t: Test, path: string, { by = systemFfmpeg, name = `Artist/Album/01 - ${basename(path)}`, stages = [] }: Attempt): Promise<[SourceFile, ProcessingContext]> {
  return [{ path, relativePath: name, sizeBytes: (await stat(path)).size }, {
    ffmpeg: by,
    reader,
    outDir: await mkdtemp(join(t.testdirName, 'out-')),
    signal: new AbortController().signal,
    onStage: (stage) => stages.push(stage),
    log: { warn: () => {} }
  }]
}

async function processed (t: Test, path: string, attempt: Attempt = {}): Promise<ProcessedTrack> {
  return processTrack(...await prepared(t, path, attempt), attempt)
}

async function rejection (attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(() => new Error('it was not rejected'), (error: unknown) => error)
}

/** Samples of a file as ffmpeg decodes it, per channel. */
async function samplesOf (path: string, channels: number): Promise<number> {
  return (await ffmpeg('-i', path, '-map', '0:a:0', '-f', 's16le', 'pipe:1')).length / 2 / channels
}

const tags = { title: 'Song', artist: 'Singer', album: 'Record', track: '4' }
const kinds: Record<string, { readonly file: string, readonly sound?: SoundOptions, readonly expect: object }> = {
  MP3: { file: 'a.mp3', expect: { container: 'mp3', codec: 'mp3', lossless: false, bitDepth: null } },
  AAC: { file: 'Song.aac', expect: { container: 'adts', codec: 'aac', lossless: false } },
  M4A: { file: 'a.m4a', expect: { container: 'mp4', codec: 'aac', lossless: false } },
  ALAC: { file: 'alac.m4a', sound: { encoder: ['-c:a', 'alac', '-sample_fmt', 's16p'] }, expect: { container: 'mp4', codec: 'alac', lossless: true, bitDepth: 16 } },
  FLAC: { file: 'a.flac', sound: { sampleRate: 96000, encoder: ['-sample_fmt', 's32'] }, expect: { container: 'flac', codec: 'flac', lossless: true, bitDepth: 24, sampleRate: 96000 } },
  'Ogg Vorbis': { file: 'a.ogg', sound: { sampleRate: 22050 }, expect: { container: 'ogg', codec: 'vorbis', sampleRate: 22050 } },
  Opus: { file: 'a.opus', expect: { container: 'ogg', codec: 'opus', sampleRate: 48000 } },
  WAV: { file: 'a.wav', sound: { channels: 1, sampleRate: 8000, encoder: ['-c:a', 'pcm_u8'] }, expect: { container: 'wav', codec: 'pcm_u8', lossless: true, bitDepth: 8, channels: 1 } },
  'WAV with floats': { file: 'f.wav', sound: { encoder: ['-c:a', 'pcm_f32le'] }, expect: { codec: 'pcm_f32le', bitDepth: 32 } },
  AIFF: { file: 'a.aiff', sound: { sampleRate: 11025, encoder: ['-write_id3v2', '1'] }, expect: { container: 'aiff', codec: 'pcm_s16be', bitDepth: 16 } },
  WavPack: { file: 'a.wv', expect: { container: 'wavpack', codec: 'wavpack', lossless: true } },
  'FLAC in 5.1': { file: 's.flac', sound: { channels: 6, sampleRate: 48000 }, expect: { channels: 6, lossless: true } }
}

t.test('every kind of file becomes a complete track, exact to the sample', async (t) => {
  const folder = t.testdir()
  const each = Object.entries(kinds).map(async ([kind, { file, sound, expect }], i) => {
    const path = await makeSound(join(folder, file), { seconds: 4.5, tags, ...sound })
    // In turn: all kinds with all versions would take half a minute.
    const by = ffmpegs[i % ffmpegs.length] ?? systemFfmpeg
    const track = await processed(t, path, { by })
    t.match(track.probe, { ...expect, audioHash: /^[0-9a-f]{64}$/ }, `${kind}, ffmpeg ${by.version}`)
    t.match(track.tags, { title: 'Song', album: { title: /Record|Album/ } })
    t.same(track.warnings, [])
    const samples = await samplesOf(path, track.probe.channels)
    t.equal(track.probe.durationMs, Math.round(samples / track.probe.sampleRate * 1000))
    t.same(track.renditions.map(({ name }) => name), ['aac-96', 'aac-160', 'aac-256', ...(track.probe.lossless ? ['flac'] : [])])
    t.same(track.renditions.slice(0, 3).map(({ bitrateKbps }) => bitrateKbps), [96, 160, 256], 'each is found by the rate that a client asks for')
    for (const rendition of track.renditions) checkRendition(t, rendition, track.probe, samples)
    t.match(track.loudness, { integratedLufs: Number, truePeakDbtp: Number })
    const bars = await readFile(track.waveform.path)
    t.equal(bars.length, 90)
    t.ok((bars[80] ?? 0) > (bars[5] ?? 255), 'the waveform rises as the sound does')
  })
  await Promise.all(each)
})

/** @param samples of the source, a channel */
function checkRendition (t: Test, rendition: RenditionFile, { sampleRate, channels }: Probe, samples: number): void {
  const { name, fragments, initBytes, sizeBytes } = rendition
  const isFlac = name === 'flac'
  const rate = isFlac ? sampleRate : sampleRate % 11025 === 0 ? 44100 : 48000
  t.match(rendition, {
    sampleRate: rate,
    timescale: rate,
    channels: isFlac ? channels : Math.min(2, channels),
    encoderDelay: isFlac ? 0 : 1024,
    sampleCount: Math.ceil(samples * rate / sampleRate),
    fragments: { length: 2 }
  }, name)
  const [[firstAt = 0, firstBytes = 0] = [], [secondAt = 0, secondBytes = 0] = []] = fragments
  t.equal(firstAt, initBytes)
  t.equal(secondAt, firstAt + firstBytes, 'fragments follow each other')
  t.ok(secondAt + secondBytes <= sizeBytes)
}

t.test('lossless stays lossless, and AAC is heard in both of its ends', async (t) => {
  const path = await makeSound(join(t.testdir(), 'a.wav'), { seconds: 5, encoder: ['-c:a', 'pcm_s24le'] })
  for (const by of ffmpegs) {
    const { renditions } = await processed(t, path, { by })
    const pcm = (file: string) => ffmpeg('-i', file, '-f', 's24le', 'pipe:1')
    const flac = renditions.find(({ name }) => name === 'flac')
    t.ok(flac !== undefined && (await pcm(flac.path)).equals(await pcm(path)), `ffmpeg ${by.version}`)
    for (const { path: file, sha256, name } of renditions) {
      t.equal(sha256, createHash('sha256').update(await readFile(file)).digest('hex'))
      const heard = await ffmpeg('-i', file, '-f', 's16le', 'pipe:1')
      const loud = (from: number) => Array.from({ length: 2000 }, (_, i) => Math.abs(heard.readInt16LE(from + 2 * i))).some((value) => value > 500)
      t.ok(loud(4000) && loud(heard.length - 8000), name)
      t.notOk((await readFile(file)).includes('Lavf'), 'no trace of tags or tools')
    }
  }
})

t.test('the same audio has the same hash whatever its tags, and other audio another', async (t) => {
  const folder = t.testdir()
  const coverPath = await makePicture(join(folder, 'cover.png'))
  for (const ending of ['mp3', 'flac', 'ogg', 'opus', 'm4a', 'wav', 'wv', 'aiff']) {
    const plain = await makeSound(join(folder, `plain.${ending}`), { seconds: 1 })
    const other = await makeSound(join(folder, `other.${ending}`), { seconds: 1.1 })
    const tagged = join(folder, `tagged.${ending}`)
    const cover = ['mp3', 'flac', 'm4a'].includes(ending) ? ['-i', coverPath, '-map', '0:a', '-map', '1:v', '-disposition:v', 'attached_pic'] : []
    await ffmpeg('-i', plain, ...cover, '-c', 'copy', '-metadata', 'title=New', '-metadata', 'artist=Longer', ...(ending === 'mp3' ? ['-write_id3v1', '1', '-id3v2_version', '3'] : []), tagged)
    if (ending === 'mp3') await writeFile(tagged, Buffer.concat([await readFile(tagged), apeTag()]))
    t.not(await hash(plain), await hash(tagged))
    const hashes = await Promise.all([plain, tagged, other].map(async (path) => (await readTrack(...await prepared(t, path, {}))).audio.audioHash))
    t.equal(hashes[0], hashes[1], ending)
    t.not(hashes[0], hashes[2], ending)
  }
})

async function hash (path: string): Promise<string> {
  return createHash('sha256').update(await readFile(path)).digest('hex')
}

/** An APEv2 tag with a title, as some players hang on to MP3 files. */
function apeTag (): Buffer {
  const item = Buffer.concat([Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('Title\0Ape')])
  const footer = Buffer.alloc(32)
  footer.write('APETAGEX')
  footer.writeUInt32LE(2000, 8)
  footer.writeUInt32LE(item.length + 32, 12)
  footer.writeUInt32LE(1, 16)
  return Buffer.concat([item, footer])
}

t.test('a wrong ending doesn’t matter, nor a picture beside the sound', async (t) => {
  const folder = t.testdir()
  const sound = await makeSound(join(folder, 'a.flac'), { seconds: 1, tags })
  await writeFile(join(folder, 'a.mp3'), await readFile(sound))
  t.match(await processed(t, join(folder, 'a.mp3')), { probe: { container: 'flac' }, tags: { title: 'Song' } })
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x64:duration=1', '-i', sound, '-c:v', 'mpeg4', '-c:a', 'aac', join(folder, 'film.mp4'))
  t.match(await processed(t, join(folder, 'film.mp4')), { probe: { codec: 'aac', container: 'mp4' }, renditions: { length: 3 } })
})

t.test('silence and a hundredth of a second are tracks too', async (t) => {
  const folder = t.testdir()
  const silence = await processed(t, await makeSound(join(folder, 'silence.flac'), { seconds: 1, silent: true }))
  t.match(silence, { loudness: { integratedLufs: null, truePeakDbtp: null }, probe: { durationMs: 1000 } })
  t.ok((await readFile(silence.waveform.path)).every((bar) => bar === 0))
  const short = await processed(t, await makeSound(join(folder, 'short.wav'), { seconds: 0.01 }))
  t.match(short, { loudness: { integratedLufs: null }, probe: { durationMs: 10 }, waveform: { bars: 1 }, renditions: [{ sampleCount: 441 }] })
})

t.test('what can’t become a track is rejected with a reason that a curator understands', async (t) => {
  const folder = t.testdir()
  const good = await makeSound(join(folder, 'good.flac'), { seconds: 10, channels: 1, sampleRate: 22050 })
  const bytes = await readFile(good)
  const film = join(folder, 'film.mp4')
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=64x64:duration=1', '-c:v', 'mpeg4', film)
  const wma = join(folder, 'wma.mka')
  await ffmpeg('-i', good, '-c:a', 'wmav2', wma)
  const emptyWav = join(folder, 'empty.wav')
  await ffmpeg('-i', good, '-t', '0', emptyWav)
  const noise = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7919 + (i >> 3) * 104729) % 251))
  const cases: Array<[name: string, bytes: Buffer, expected: object]> = [
    ['empty.mp3', Buffer.alloc(0), { code: 'EMPTY_FILE', reason: /empty/ }],
    ['text.mp3', Buffer.from('Dear diary,\n'.repeat(100)), { code: 'NOT_AUDIO', reason: /text file/ }],
    ['list.mp3', Buffer.from(`#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n${good}\n`), { code: 'NOT_AUDIO', reason: /playlist/ }],
    ['archive.flac', Buffer.concat([Buffer.from('PK\x03\x04'), bytes]), { code: 'NOT_AUDIO', reason: /ZIP/ }],
    ['noise.mp3', noise, { code: 'NOT_AUDIO', reason: /not a sound file/ }],
    ['zeros.mp3', Buffer.alloc(100_000), { code: 'NOT_AUDIO' }],
    ['film.mp4', await readFile(film), { code: 'NO_AUDIO', reason: /no sound track/ }],
    ['wma.mka', await readFile(wma), { code: 'UNSUPPORTED_AUDIO', reason: /wmav2/ }],
    ['nothing.wav', await readFile(emptyWav), { code: 'EMPTY_AUDIO', reason: /no sound/ }],
    ['half.flac', bytes.subarray(0, bytes.length / 2), { code: 'DAMAGED_AUDIO', reason: /Only 0:0[45] of 0:10 could be read/ }],
    ['header.flac', bytes.subarray(0, 200), { name: 'RejectedError' }]
  ]
  for (const [name, content, expected] of cases) {
    const path = join(folder, `case-${name}`)
    await writeFile(path, content)
    for (const by of ffmpegs) {
      const error = await rejection(processed(t, path, { by }))
      t.match(error, { name: 'RejectedError', ...expected }, `${name}, ffmpeg ${by.version}`)
      t.notMatch(error instanceof Error && 'reason' in error ? error.reason : '', folder, 'no path of ours is told')
    }
  }
})

t.test('a file with a few bad places is taken, and the curator is told', async (t) => {
  const path = await makeSound(join(t.testdir(), 'long.flac'), { seconds: 30, channels: 1, sampleRate: 22050 })
  const { size } = await stat(path)
  await truncate(path, Math.floor(size * 0.96))
  for (const by of ffmpegs) {
    const track = await processed(t, path, { by })
    t.match(track.warnings, [/A little is missing: 0:29 of 0:30/])
    t.ok(track.probe.durationMs > 28_500 && track.probe.durationMs < 29_500)
  }
})

t.test('tags that can’t be read cost the tags, not the track', async (t) => {
  const folder = t.testdir()
  const path = await makeSound(join(folder, 'a.mp3'), { seconds: 1, tags })
  const impatient = createMediaReader({ children: 1, limits: { processorMs: 1, clockMs: 60_000 } })
  t.teardown(impatient.close)
  const context = { ffmpeg: systemFfmpeg, reader: impatient, outDir: folder, signal: new AbortController().signal, onStage: () => {}, log: { warn: () => {} } }
  const track = await processTrack({ path, relativePath: 'A/B/02 - From name.mp3', sizeBytes: 1000 }, context)
  t.match(track, { tags: { title: 'From name', trackNo: 2 }, warnings: [/tags could not be read/] })
})

t.test('the cover comes from the file, else from the folder; a broken one is left out', async (t) => {
  const folder = t.testdir()
  const coverPath = await makePicture(join(folder, 'inner.png'), 200)
  const folderArtworkPath = await makePicture(join(folder, 'folder.png'), 100)
  const withCover = await makeSound(join(folder, 'with.mp3'), { seconds: 1, coverPath })
  const without = await makeSound(join(folder, 'without.mp3'), { seconds: 1 })
  const stages: string[] = []
  const inner = await processed(t, withCover, { folderArtworkPath, stages })
  t.same(stages, ['read', 'renditions', 'artwork'])
  t.match(inner.artwork, { kind: 'new', widthPx: 200, sourceSha256: await hash(coverPath), recipeVersion: 1 })
  t.match(await processed(t, without, { folderArtworkPath }), { artwork: { widthPx: 100 }, warnings: [] })
  t.match(await processed(t, without), { artwork: null, warnings: [] })
  t.same((await processed(t, withCover, { isArtworkStored: async (sha256) => sha256 === await hash(coverPath) })).artwork, { kind: 'stored', sourceSha256: await hash(coverPath) })
  const broken = join(folder, 'broken.png')
  await writeFile(broken, (await readFile(coverPath)).subarray(0, 500))
  const track = await processed(t, without, { folderArtworkPath: broken })
  t.match(track, { artwork: null, warnings: [/^The cover was left out: /] })
  t.notMatch(track.warnings, [folder])
})

t.test('a crash or a full disk may be tried again, whenever it comes', async (t) => {
  const path = await makeSound(join(t.testdir({ bin: {} }), 'a.wav'), { seconds: 1 })
  const faults = {
    crash: 'kill -SEGV $$',
    disk: 'echo "av_interleaved_write_frame(): No space left on device" >&2; exit 1',
    memory: 'echo "Error: Cannot allocate memory" >&2; exit 1'
  }
  for (const [name, fault] of Object.entries(faults)) {
    for (const [moment, script] of [['probing', fault], ['encoding', `case "$*" in *hash*) exec ${systemFfmpeg.path} "$@";; esac; ${fault}`]]) {
      const fake = join(t.testdirName, 'bin', `${name}-${moment}`)
      await writeFile(fake, `#!/bin/sh\necho ffmpeg version 7 >&2\n${script}\n`, { mode: 0o755 })
      t.match(await rejection(processed(t, path, { by: { path: fake, version: '7' } })), { name: 'FfmpegError' }, `${name} while ${moment}`)
    }
  }
})

t.test('sound beyond full scale reaches the encoders unclipped', async (t) => {
  const path = join(t.testdir(), 'loud.wav')
  await ffmpeg('-f', 'lavfi', '-i', 'aevalsrc=2*sin(440*2*PI*t):d=1', '-c:a', 'pcm_f32le', path)
  for (const by of ffmpegs) {
    const { loudness } = await processed(t, path, { by })
    t.ok(Math.abs((loudness.truePeakDbtp ?? 0) - 6) < 0.2, `${loudness.truePeakDbtp} dBTP, ffmpeg ${by.version}`)
  }
})

t.test('what isn’t a whole fragmented MP4 has no index', async (t) => {
  const folder = t.testdir()
  const wav = await makeSound(join(folder, 'a.wav'), { seconds: 5 })
  const { renditions } = await processed(t, wav)
  const whole = await readFile(renditions[0]?.path ?? '')
  const cut = join(folder, 'cut.mp4')
  for (const bytes of [whole.subarray(0, -100), whole.subarray(0, 900), whole.subarray(0, 5), Buffer.alloc(100), await readFile(wav)]) {
    await writeFile(cut, bytes)
    await t.rejects(readFmp4Index(cut), { name: 'Fmp4Error' })
  }
})
