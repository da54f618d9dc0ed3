import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { limiterFor, type PeakLimiter } from '../../web/player/engine/peak-limiter.ts'
import { framesOf, inARow, type Pcm } from '../../web/player/engine/pcm.ts'
import type { Source } from '../../web/player/sound.ts'

const rate = 44_100
const gainDb = 6
const gain = 10 ** (gainDb / 20)
/** Before the gain. */
const ceiling = 10 ** (-1 / 20) / gain
const sampleCount = 2 * rate
const extent = { sampleCount, samplesPerFrame: 1, outputRate: rate }

function sourceOf (db: number, truePeakDbtp: number | null): Source {
  const loudness = { trackLufs: -24, albumLufs: null, truePeakDbtp }
  const stream = { url: '', expiresAt: '', mimeType: 'audio/mp4', durationMs: 2_000, waveformUrl: null, rendition: { name: 'flac', codec: 'flac', bitrateKbps: null, sampleRate: rate, channels: 2 }, index: null, loudness, signedAtMs: 0, trackId: '' }
  return { stream, gainDb: db, resign: async () => stream }
}

function limiter (): PeakLimiter {
  const made = limiterFor(sourceOf(gainDb, -1), extent)
  if (made === null) throw new Error('no limiter')
  return made
}

/** As the decoder gives it, in pieces of so many frames. */
function limited (planes: readonly Float32Array<ArrayBuffer>[], size: number): Pcm[] {
  const by = limiter()
  const pieces: Pcm[] = []
  for (let at = 0; at < sampleCount; at += size) pieces.push(by.limit({ at, planes: planes.map((plane) => plane.slice(at, at + size)) }))
  return [...pieces, by.finish()]
}

/** As ffmpeg's ebur128 sees it, after the gain. */
async function truePeakDbtp (t: Test, planes: readonly Float32Array[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-peaks-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [left = new Float32Array(), right = left] = planes
  await writeFile(join(folder, 'heard.f32'), Float32Array.from({ length: 2 * left.length }, (_, i) => ((i % 2 === 0 ? left : right)[i >> 1] ?? 0) * gain))
  const { path } = await findFfmpeg(undefined)
  const { stderr } = await promisify(execFile)(path, ['-nostdin', '-hide_banner', '-f', 'f32le', '-ar', String(rate), '-ac', '2', '-i', join(folder, 'heard.f32'), '-af', 'ebur128=peak=true:framelog=verbose', '-f', 'null', '-'])
  return Number(/\bPeak:\s+(-?[\d.]+) dBFS/.exec(stderr)?.[1] ?? NaN)
}

const strokesAt = [0.5, 0.503, 1.2].map((seconds) => Math.round(seconds * rate))
const clickAt = Math.round(1.7 * rate)
/** Three strokes and a click over a quiet tone; between samples they are higher than on any, for their tone is a quarter of the rate. */
const left = Float32Array.from({ length: sampleCount }, (_, n) => (n === clickAt ? 0.9 : 0.1 * Math.sin(n / 30)) + strokesAt.reduce((sum, at) => sum + (n < at ? 0 : 0.8 * Math.sin(Math.PI / 2 * n + Math.PI / 4) * Math.exp((at - n) / 200)), 0))
const right = Float32Array.from({ length: sampleCount }, (_, n) => 0.1 * Math.cos(n / 30))

t.test('peaks are held, between the samples too, and nothing else is touched', async (t) => {
  t.ok(await truePeakDbtp(t, [left, right]) > 3)
  const pieces = limited([left, right], 1_024)
  const planes = inARow(pieces.map((piece) => piece.planes))
  const peak = await truePeakDbtp(t, planes)
  t.ok(peak <= -0.9 && peak > -1.5, `${peak} dBTP`)
  t.ok(left.some((sample) => Math.abs(sample) > ceiling))
  const touched = (n: number): boolean => planes[0]?.[n] !== left[n] || planes[1]?.[n] !== right[n]
  const near = (n: number): boolean => [...strokesAt, clickAt].some((at) => n > at - 0.011 * rate && n < at + 0.22 * rate)
  t.equal(left.findIndex((_, n) => touched(n) && !near(n)), -1, 'far from them every sample is as it was')
  const factors = Array.from(right, (sample, n) => (planes[1]?.[n] ?? 0) / sample).filter((_, n) => Math.abs(right[n] ?? 0) > 0.01)
  t.ok(factors.every((factor) => factor <= 1 + 1e-6))
  t.ok(Math.min(...factors) < 0.7, 'both channels go down, or the place of a sound would move')
})

t.test('whatever the pieces, the same comes out, each sample once and in its place', async (t) => {
  const whole = limited([left, right], sampleCount)
  const expected = inARow(whole.map(({ planes }) => planes))
  for (const size of [1_024, 4_096, 97]) {
    const pieces = limited([left, right], size).filter((piece) => framesOf(piece) > 0)
    t.same(inARow(pieces.map(({ planes }) => planes)), expected, `in pieces of ${size}`)
    let at = 0
    t.ok(pieces.every((piece) => { const fits = Math.abs(piece.at - at) < 1e-6; at += framesOf(piece); return fits }), 'their places follow one another')
    t.equal(at, sampleCount)
  }
  const first = limiter().limit({ at: 0, planes: [left.slice(0, 1_024)] })
  t.ok(framesOf(first) > 500, `the first frame of AAC gives ${framesOf(first)} at once`)
})

t.test('it comes slowly enough not to click, and lets go at the ends, for what is before and after knows nothing of it', async (t) => {
  // A steady tone shows the factor; one stroke in the middle, and one near either end.
  for (const stroke of [rate, 100, sampleCount - 200]) {
    const plane = Float32Array.from({ length: sampleCount }, (_, n) => 0.1 + (Math.abs(n - stroke) < 40 ? 0.6 * Math.cos(Math.PI * (n - stroke) / 80) ** 2 : 0))
    const [heard = plane] = inARow(limited([plane], 1_024).map(({ planes }) => planes))
    const factors = Array.from(heard, (sample, n) => sample / (plane[n] ?? 1))
    const step = Math.max(...factors.slice(1).map((factor, n) => Math.abs(factor - (factors[n] ?? 1))))
    t.ok((factors[stroke] ?? 1) < 0.7)
    t.ok(step < 0.01, `at most ${step} from sample to sample`)
    t.ok(Math.abs((factors[0] ?? 0) - 1) < 0.003 && Math.abs((factors.at(-1) ?? 0) - 1) < 0.003, `${factors[0]}, ${factors.at(-1)}`)
  }
})

t.test('after a jump nothing of before is left', async (t) => {
  const by = limiter()
  by.limit({ at: 0, planes: [left.slice(0, rate)] })
  by.reset()
  const quiet = right.slice(0, 5_000)
  const pieces = [by.limit({ at: 40_000, planes: [quiet] }), by.finish()]
  t.same(inARow(pieces.map(({ planes }) => planes)), [quiet])
  t.equal(pieces[0]?.at, 40_000)
})

t.test('only a track that is raised over its peaks has one', async (t) => {
  t.equal(limiterFor(sourceOf(6, -7), extent), null)
  t.not(limiterFor(sourceOf(6, -6.9), extent), null)
  t.equal(limiterFor(sourceOf(0, 1), extent), null, 'as it was recorded')
  t.equal(limiterFor(sourceOf(-3, 1), extent), null)
  t.equal(limiterFor(sourceOf(6, null), extent), null)
})
