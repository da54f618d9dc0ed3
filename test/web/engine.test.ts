import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { readFmp4Index } from '../../src/platform/media/fmp4-index.ts'
import { gainDb } from '../../web/player/loudness.ts'
import { decodeFlacFrame, readFlacStream } from '../../web/player/engine/flac-frame.ts'
import { FrameReader } from '../../web/player/engine/frame-reader.ts'
import { Mixer } from '../../web/player/engine/mixer.ts'
import type { MixerReport } from '../../web/player/engine/mixer-messages.ts'
import { cut } from '../../web/player/engine/pcm.ts'
import { Resampler } from '../../web/player/engine/resampler.ts'
import { SilenceSkipper } from '../../web/player/engine/silence-skipper.ts'
import { countTransfer, nextKbps, throughputKbps } from '../../web/player/engine/throughput.ts'
import { fragmentAt, fragmentsOf, shareTimeline } from '../../web/player/engine/timeline.ts'
import { testBrowser } from '../support/chromium.ts'
import { ffmpeg } from '../support/media.ts'
import { openSoundPage } from '../support/sound-page.ts'

const rate = 44_100
/** Where the reference is cut in two, for the join. */
const cutAt = 3 * rate
const referenceFrames = 6 * rate
const packaging = ['-map_metadata', '-1', '-movflags', '+frag_keyframe+delay_moov+default_base_moof+global_sidx', '-frag_duration', '2000000', '-f', 'mp4']

t.setTimeout(120_000)

/** Two halves of one noise, as the worker packs renditions. */
async function makeHalves (t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-engine-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const reference = join(folder, 'reference.wav')
  await ffmpeg('-f', 'lavfi', '-i', `anoisesrc=d=6:r=${rate}:a=0.4:seed=5`, '-af', 'lowpass=f=6000', '-ac', '2', '-c:a', 'pcm_s16le', reference)
  for (const [name, filter] of [['a', `atrim=end_sample=${cutAt}`], ['b', `atrim=start_sample=${cutAt},asetpts=PTS-STARTPTS`]] as const) {
    await ffmpeg('-i', reference, '-af', filter, '-c:a', 'flac', '-strict', '-2', ...packaging, join(folder, `${name}-flac.mp4`))
    await ffmpeg('-i', reference, '-af', filter, '-c:a', 'aac', '-b:a', '160k', ...packaging, join(folder, `${name}-aac.mp4`))
  }
  // Its bytes are far from evenly spread.
  await ffmpeg('-i', reference, '-af', `atrim=end_sample=${cutAt},volume=0:enable='lt(t,1)'`, '-c:a', 'flac', '-strict', '-2', ...packaging, join(folder, 'late-flac.mp4'))
  return folder
}

const halves = makeHalves(t)

/** As the server describes it. */
async function streamOf (folder: string, name: string, codec: 'aac' | 'flac'): Promise<Record<string, unknown>> {
  const index = await readFmp4Index(join(folder, `${name}-${codec}.mp4`))
  const sampleCount = index.fragments.reduce((sum, [, , ticks]) => sum + ticks, 0) - index.encoderDelay
  return {
    url: `/media/${name}-${codec}.mp4`,
    trackId: name,
    durationMs: sampleCount / rate * 1000,
    signedAtMs: Date.now(),
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    rendition: { name: codec, codec, bitrateKbps: codec === 'aac' ? 160 : null, sampleRate: rate, channels: 2 },
    index: { ...index, sampleCount },
    loudness: { trackLufs: null, albumLufs: null, truePeakDbtp: -8 }
  }
}

t.test('frames come out of a file as its bytes come, whatever the pieces', async (t) => {
  const folder = await halves
  const file = await readFile(join(folder, 'a-aac.mp4'))
  const index = await readFmp4Index(join(folder, 'a-aac.mp4'))
  const whole = new FrameReader(0)
  const frames = whole.push(file)
  t.equal(frames.reduce((sum, { ticks }) => sum + ticks, 0) - index.encoderDelay, cutAt, 'the sum of their ticks is what was cut off the reference')
  t.same([...whole.init?.description ?? []].slice(0, 2), [0x12, 0x10], 'AAC-LC, 44.1 kHz, two channels')
  for (const size of [1_447, 3, file.length - 1]) {
    const reader = new FrameReader(0)
    const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) => file.subarray(i * size, (i + 1) * size))
    t.same(pieces.flatMap((piece) => reader.push(piece)), frames, `in pieces of ${size} bytes`)
  }
  const fragments = fragmentsOf({ ...index, fragments: index.fragments.map((each) => [...each]), sampleCount: cutAt })
  const second = fragments[1] ?? { offset: 0, atTicks: 0 }
  const later = new FrameReader(second.atTicks, whole.init).push(file.subarray(second.offset))
  t.same(later, frames.filter(({ atTicks }) => atTicks >= second.atTicks), 'from the second fragment on they have the same times')
  t.equal(fragmentAt(fragments, second.atTicks - 1), 0)
  t.equal(fragmentAt(fragments, second.atTicks), 1)
  t.equal(fragmentAt(fragments, 1e9), fragments.length - 1)
  t.throws(() => new FrameReader(0).push(Buffer.from('nothing of ours, but long enough')), RangeError)
  const flac = new FrameReader(0)
  flac.push(await readFile(join(folder, 'a-flac.mp4')))
  t.equal(Buffer.from(flac.init?.description ?? []).toString('latin1', 0, 4), 'fLaC')
})

t.test('our own FLAC decoder gives back every sample, of every kind of frame', async (t) => {
  const folder = await halves
  const wide = "aevalsrc='0.5*sin(440*2*PI*t)+0.01*random(0)|0.9*random(1)-0.4':s=44100:d=0.6"
  const kinds = [
    { name: 'noise', sound: 'anoisesrc=d=0.6:r=44100:a=0.9:seed=3', channels: 1, format: 's16', level: 5 },
    { name: 'two that differ, fixed predictors', sound: wide, channels: 2, format: 's16', level: 0 },
    { name: 'two that differ, 24 bits, the longest predictors', sound: wide, channels: 2, format: 's32', level: 12 },
    { name: 'silence on one side', sound: "aevalsrc='0|if(gt(t,0.3),0.1*sin(1000*t),0)':s=44100:d=0.6", channels: 2, format: 's16', level: 8 }
  ] as const
  for (const { name, sound, channels, format, level } of kinds) {
    const [file, plain] = [join(folder, 'own.mp4'), join(folder, 'own.raw')]
    await ffmpeg('-y', '-f', 'lavfi', '-i', sound, '-ac', String(channels), '-sample_fmt', format, '-c:a', 'flac', '-compression_level', String(level), '-strict', '-2', ...packaging, file)
    await ffmpeg('-y', '-i', file, '-f', `${format}le`, plain)
    const reader = new FrameReader(0)
    const frames = reader.push(await readFile(file))
    const stream = readFlacStream(reader.init?.description ?? new Uint8Array())
    const decoded = frames.map(({ data }) => decodeFlacFrame(data, stream))
    const samples = decoded.flatMap((planes) => Array.from(planes[0] ?? [], (_, i) => planes.map((plane) => plane[i] ?? NaN)).flat())
    const raw = await readFile(plain)
    const [bytes, scale] = format === 's16' ? [2, 2 ** 15] : [4, 2 ** 31]
    t.equal(samples.length, raw.length / bytes, `${name}: as many`)
    t.equal(samples.findIndex((sample, i) => sample !== Math.fround(raw.readIntLE(i * bytes, bytes) / scale)), -1, `${name}: the same`)
  }
  t.throws(() => decodeFlacFrame(Buffer.from('no frame of FLAC'), { bitsPerSample: 16 }), RangeError)
  t.throws(() => readFlacStream(new Uint8Array(8)), RangeError)
})

t.test('samples before the first and after the last are cut off', async (t) => {
  const pcm = { at: -4, planes: [Float32Array.of(1, 2, 3, 4, 5, 6)] }
  t.same(cut(pcm, 0, 100), { at: 0, planes: [Float32Array.of(5, 6)] })
  t.same(cut(pcm, -2, 1), { at: -2, planes: [Float32Array.of(3, 4, 5)] })
  t.equal(cut(pcm, 2, 100), undefined)
  t.equal(cut(pcm, -10, 100), pcm)
})

/** A mixer's output of so many blocks, with what it told. */
function playThrough (mixer: Mixer, blocks: number): number[] {
  return Array.from({ length: blocks }, () => {
    const out = [new Float32Array(128), new Float32Array(128)]
    mixer.render(out)
    return [...out[0] ?? []]
  }).flat()
}
function mixerOf (first: number[], second: number[], fadeFrames: number): { mixer: Mixer, told: MixerReport[] } {
  const told: MixerReport[] = []
  const mixer = new Mixer((report) => { told.push(report) })
  for (const [voice, samples] of [[1, first], [2, second]] as const) {
    mixer.command({ kind: 'open', voice, gain: 1, samplesPerFrame: 1 })
    mixer.command({ kind: 'pcm', voice, at: 0, planes: [Float32Array.from(samples)] })
    mixer.command({ kind: 'end', voice })
  }
  mixer.command({ kind: 'take', voice: 1 })
  mixer.command({ kind: 'run', running: true })
  // Taking one forgets the other, as loading does.
  mixer.command({ kind: 'open', voice: 2, gain: 1, samplesPerFrame: 1 })
  mixer.command({ kind: 'pcm', voice: 2, at: 0, planes: [Float32Array.from(second)] })
  mixer.command({ kind: 'end', voice: 2 })
  mixer.command({ kind: 'follow', voice: 2, fadeFrames })
  return { mixer, told }
}

t.test('one track follows the other within a block, or fades into it at equal power', async (t) => {
  const [first, second] = [Array.from({ length: 200 }, () => 0.25), Array.from({ length: 100 }, () => 0.5)]
  const joined = mixerOf(first, second, 0)
  t.same(playThrough(joined.mixer, 3), [...first, ...second, ...Array.from({ length: 84 }, () => 0)])
  t.same(joined.told.map(({ kind }) => kind), ['sounding', 'joined', 'ended'])
  const faded = mixerOf(first, second, 50)
  const out = playThrough(faded.mixer, 3)
  t.same(out.slice(0, 150), first.slice(0, 150))
  t.ok(Math.abs((out[175] ?? 0) - (0.25 + 0.5) * Math.SQRT1_2) < 1e-6, 'half way each is 3 dB down')
  t.same(out.slice(200, 250), second.slice(0, 50), 'and after it the new one is alone')
})

t.test('a voice sounds once more is at hand than the rest of one frame, or all there is', async (t) => {
  const told: MixerReport[] = []
  const mixer = new Mixer((report) => { told.push(report) })
  const add = (at: number, frames: number): void => { mixer.command({ kind: 'pcm', voice: 1, at, planes: [Float32Array.from({ length: frames }, (_, i) => (at + i) / 16_384)] }) }
  mixer.command({ kind: 'open', voice: 1, gain: 1, samplesPerFrame: 1 })
  mixer.command({ kind: 'take', voice: 1 })
  mixer.command({ kind: 'run', running: true })
  add(5_000, 96)
  t.ok(playThrough(mixer, 2).every((sample) => sample === 0))
  add(5_096, 3_000)
  const out = playThrough(mixer, 24)
  t.equal(out[127], Math.fround(5_127 / 16_384), 'it comes up over one block')
  t.same(out.slice(128), Array.from({ length: 23 * 128 }, (_, i) => (5_128 + i) / 16_384), 'and goes on without a gap')
  t.same(told.splice(0).map(({ kind }) => kind), ['sounding'])
  playThrough(mixer, 1)
  add(8_096, 500)
  t.ok(playThrough(mixer, 2).every((sample) => sample === 0), 'the same after it ran dry')
  mixer.command({ kind: 'end', voice: 1 })
  t.equal(playThrough(mixer, 4)[499], Math.fround(8_595 / 16_384), 'but what has ended is waited for by nobody')
  t.same(told.map(({ kind }) => kind), ['dry', 'sounding', 'ended'])
})

t.test('pausing neither loses a sample nor clicks', async (t) => {
  const { mixer } = mixerOf(Array.from({ length: 2_000 }, (_, i) => (i + 1) / 4_000), [], 0)
  const before = playThrough(mixer, 4)
  mixer.command({ kind: 'run', running: false })
  const pausing = playThrough(mixer, 3)
  t.ok((pausing[0] ?? 0) > (before.at(-1) ?? 1) * 0.98 && pausing[127] === 0, 'it goes down within one block')
  t.ok(pausing.slice(128).every((sample) => sample === 0))
  mixer.command({ kind: 'run', running: true })
  const after = playThrough(mixer, 2)
  t.equal(after[128], Math.fround((128 * 6 + 1) / 4_000), 'and goes on with the next sample')
})

t.test('a silence is cut to half a second', async (t) => {
  const skipper = new SilenceSkipper(100)
  const kept = skipper.keep({ at: 0, planes: [Float32Array.from({ length: 300 }, (_, i) => (i < 100 || i >= 280 ? 0.5 : 0))] })
  t.equal(kept.planes[0]?.length, 100 + 50 + 20)
})

t.test('another rate keeps a tone’s pitch and level', async (t) => {
  const resampler = new Resampler(48_000, rate)
  const tone = Float32Array.from({ length: 48_000 }, (_, i) => Math.sin(2 * Math.PI * 1_000 * i / 48_000))
  const parts = [resampler.convert({ at: 0, planes: [tone.slice(0, 1_000)] }), resampler.convert({ at: 1_000, planes: [tone.slice(1_000)] }), resampler.finish()]
  const made = parts.flatMap(({ planes }) => [...planes[0] ?? []])
  t.equal(made.length, rate)
  const worst = made.slice(200, -200).reduce((most, sample, i) => Math.max(most, Math.abs(sample - Math.sin(2 * Math.PI * 1_000 * (i + 200) / rate))), 0)
  t.ok(worst < 1e-3, `it errs by ${worst}`)
})

t.test('the version follows the line, with room to spare', async (t) => {
  t.equal(nextKbps(256, null, 0), 256, 'nothing is known yet')
  t.equal(nextKbps(256, 200, 5), 160)
  t.equal(nextKbps(256, 60, 5), 96, 'never below the smallest')
  t.equal(nextKbps(256, 200, 40), 256, 'what is in hand covers a slow moment')
  t.equal(nextKbps(96, 300, 40), 96, 'a little faster isn’t enough')
  t.equal(nextKbps(96, 400, 40), 160)
  countTransfer(5_000_000, 800)
  t.equal(throughputKbps(), 50_000)
  countTransfer(100, 10)
  t.equal(throughputKbps(), 50_000, 'a small one says nothing')
  for (let n = 0; n < 2; n++) countTransfer(640_000, 34_000)
  t.ok((throughputKbps() ?? 0) < 256, `after two slow ones a fast line is forgotten: ${throughputKbps()}`)
  const index = { initBytes: 0, timescale: rate, fragments: [[0, 5, 100], [5, 5, 60]], sampleCount: 160, encoderDelay: 0 }
  t.ok(shareTimeline(index, { ...index, fragments: [[9, 7, 100], [16, 7, 70]] }))
  t.notOk(shareTimeline(index, { ...index, encoderDelay: 1_024 }))
})

t.test('loudness meets the target, no peak more than 8 dB over −1 dBTP', async (t) => {
  const of = (trackLufs: number | null, albumLufs: number | null, truePeakDbtp: number | null) => ({ trackLufs, albumLufs, truePeakDbtp })
  t.equal(gainDb(of(-8, -9, 0.5), 'track', false), -10)
  t.equal(gainDb(of(-8, -9, 0.5), 'auto', true), -9, 'an album in a row keeps its differences')
  t.equal(gainDb(of(-24, null, -10), 'track', false), 6)
  t.equal(gainDb(of(-24, null, -3), 'track', false), 6, 'its peaks are for the limiter')
  t.equal(gainDb(of(-24, null, 4), 'track', false), 3, 'which goes no deeper than 8 dB')
  t.equal(gainDb(of(-24, null, null), 'track', false), 0, 'an unknown peak too')
  t.equal(gainDb(of(-60, null, -40), 'track', false), 18)
  t.equal(gainDb(of(-8, -9, 0), 'off', false), 0)
  t.equal(gainDb(of(null, null, null), 'auto', false), 0)
})

interface Played { readonly events: string[], readonly samples: Float32Array }
interface Program { readonly tracks: ReadonlyArray<Record<string, unknown>>, readonly gainDb: number, readonly atSeconds: number, readonly renewalsThatFail?: number, readonly headHangs?: boolean, readonly head?: { readonly initBytes: number, readonly bytes: number } }

/** Plays in the page until the end or a fault, and gives what came to the loudspeaker. */
async function play (page: Page, program: Program): Promise<Played> {
  const { events, pcm } = await page.evaluate<{ events: string[], pcm: string }>(`play(${JSON.stringify(program)})`)
  return { events, samples: new Float32Array(Uint8Array.from(Buffer.from(pcm, 'base64')).buffer) }
}

t.test('in Chromium', async (t) => {
  const browser = await testBrowser(t)
  if (browser === undefined) return
  const folder = await halves
  const sounds = await openSoundPage(folder)
  t.teardown(() => sounds.close())
  const wave = (await readFile(join(folder, 'reference.wav')))
  const begin = wave.indexOf('data') + 8
  const reference = Float32Array.from({ length: referenceFrames }, (_, i) => wave.readInt16LE(begin + i * 4) / 32_768)
  const page = await browser.newPage()
  await page.goto(sounds.url)

  await t.test('two tracks of one recording come out as one, sample for sample', async (t) => {
    const { events, samples } = await play(page, { tracks: [await streamOf(folder, 'a', 'flac'), await streamOf(folder, 'b', 'flac')], gainDb: 0, atSeconds: 0 })
    t.same(events, ['playing', 'joined', 'ended'])
    const start = reference.findIndex((sample) => Math.abs(sample) > 1e-3) - samples.findIndex((sample) => Math.abs(sample) > 1e-3)
    const wrong = reference.slice(start).reduce((count, sample, i) => count + (Math.abs(sample - (samples[i] ?? 0)) > 1e-6 ? 1 : 0), 0)
    t.equal(wrong, 0)
  })

  const wrongIn = (samples: Float32Array, expected: Float32Array, most: number): number => samples.slice(128, 40_000).reduce((count, sample, i) => count + (Math.abs(sample - (expected[128 + i] ?? 0)) > most ? 1 : 0), 0)
  /** In samples; AAC makes noise of its own, so that no two decodings are equal. */
  const bestShift = (samples: Float32Array, from: number, expected: Float32Array): number | undefined => {
    const likeness = (shift: number): number => expected.slice(0, 15_000).reduce((sum, sample, i) => sum + sample * (samples[from + i + shift] ?? 0), 0)
    return [-2, -1, 0, 1, 2].toSorted((a, b) => likeness(b) - likeness(a))[0]
  }
  const ranges: string[] = []
  const listen = (): void => { sounds.intercept = ({ headers }) => { ranges.push(headers.range ?? ''); return false } }

  await t.test('AAC joins without a sample more or less, and is entered within a fragment as exactly', async (t) => {
    const { events, samples } = await play(page, { tracks: [await streamOf(folder, 'a', 'aac'), await streamOf(folder, 'b', 'aac')], gainDb: 0, atSeconds: 0 })
    t.same(events, ['playing', 'joined', 'ended'])
    for (const from of [cutAt - 20_000, cutAt + 2_000]) t.equal(bestShift(samples, from, reference.slice(from)), 0, `about sample ${from}`)
    listen()
    const entered = await play(page, { tracks: [await streamOf(folder, 'a', 'aac')], gainDb: 0, atSeconds: 1.6 })
    sounds.intercept = () => false
    t.same(entered.events, ['playing', 'ended'], 'without a gap')
    t.equal(bestShift(entered.samples, 2_000, reference.slice(1.6 * rate + 2_000)), 0)
    const starts = ranges.splice(0).map((range) => Number(/\d+/.exec(range)?.[0] ?? NaN)).filter((start) => !Number.isNaN(start))
    t.ok(starts.some((start) => start > 20_000) && starts.length >= 3, `what lies before isn’t fetched: ${starts.join(', ')}`)
  })

  await t.test('FLAC is entered within a fragment to the sample, also where its bytes are unevenly spread', async (t) => {
    for (const [name, atSeconds] of [['a', 1.6], ['late', 1.2]] as const) {
      const { events, samples } = await play(page, { tracks: [await streamOf(folder, name, 'flac')], gainDb: 0, atSeconds })
      t.same(events, ['playing', 'ended'])
      t.equal(wrongIn(samples, reference.slice(Math.round(atSeconds * rate)), 1e-6), 0, name)
    }
  })

  await t.test('the start of a file comes with its address, and the table after it: nothing is fetched twice', async (t) => {
    listen()
    const half = await streamOf(folder, 'a', 'flac')
    const file = await readFile(join(folder, 'a-flac.mp4'))
    const head = { initBytes: file.indexOf('sidx') - 4, bytes: 30_000 }
    const { events, samples } = await play(page, { tracks: [half], gainDb: 0, atSeconds: 0, head })
    sounds.intercept = () => false
    t.same(events, ['playing', 'ended'])
    t.equal(wrongIn(samples.slice(samples.findIndex((sample) => Math.abs(sample) > 1e-3)), reference.slice(reference.findIndex((sample) => Math.abs(sample) > 1e-3)), 1e-6), 0)
    const starts = ranges.splice(0).map((range) => Number(/\d+/.exec(range)?.[0] ?? NaN)).filter((start) => !Number.isNaN(start))
    const [offset = 0] = (half['index'] as { fragments: number[][] }).fragments[0] ?? []
    t.equal(Math.min(...starts), offset + head.bytes - head.initBytes)
  })

  await t.test('where the browser says that it decodes a form and doesn’t, we do, as exactly', async (t) => {
    const broken = await browser.newPage()
    await broken.addInitScript("AudioDecoder.prototype.decode = () => { throw new DOMException('not really', 'EncodingError') }")
    await broken.goto(sounds.url)
    const tracks = async (codec: 'aac' | 'flac') => [await streamOf(folder, 'a', codec), await streamOf(folder, 'b', codec)]
    // From the start: what follows is to be there in time, also where the page stands still for a moment.
    const flac = await play(broken, { tracks: await tracks('flac'), gainDb: 0, atSeconds: 0 })
    t.same(flac.events, ['playing', 'joined', 'ended'])
    t.equal(reference.slice(128).reduce((count, sample, i) => count + (Math.abs(sample - (flac.samples[128 + i] ?? 0)) > 1e-6 ? 1 : 0), 0), 0)
    const aac = await play(broken, { tracks: await tracks('aac'), gainDb: 0, atSeconds: 0 })
    t.same(aac.events, ['playing', 'joined', 'ended'])
    for (const from of [cutAt - 20_000, cutAt + 2_000]) t.equal(bestShift(aac.samples, from, reference.slice(from)), 0, `about sample ${from}`)
    await broken.close()
  })

  await t.test('a start that hangs is fetched in the plain way', async (t) => {
    const { events } = await play(page, { tracks: [await streamOf(folder, 'b', 'aac')], gainDb: 0, atSeconds: 0, headHangs: true })
    t.same([events[0], events.at(-1)], ['playing', 'ended'])
  })

  await t.test('iPhones and iPads get the browser’s own player', async (t) => {
    t.ok(await page.evaluate<boolean>('hasEngine()'))
    const context = await browser.newContext({ userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' })
    const phone = await context.newPage()
    await phone.goto(sounds.url)
    t.notOk(await phone.evaluate<boolean>('hasEngine()'))
    await context.close()
  })

  await t.test('the gain is the one that was asked for', async (t) => {
    const half = await streamOf(folder, 'a', 'flac')
    const { samples } = await play(page, { tracks: [half], gainDb: -6, atSeconds: 2 })
    const power = (of: Float32Array): number => of.slice(2_000, 30_000).reduce((sum, sample) => sum + sample ** 2, 0)
    const db = 10 * Math.log10(power(samples) / power(reference.slice(2 * rate)))
    t.ok(Math.abs(db + 6) < 0.1, `${db} dB`)
  })

  await t.test('what is raised over its peaks is held below −1 dBTP, and joins as exactly', async (t) => {
    const raised = 12
    const { events, samples } = await play(page, { tracks: [await streamOf(folder, 'a', 'flac'), await streamOf(folder, 'b', 'flac')], gainDb: raised, atSeconds: 0 })
    t.same(events, ['playing', 'joined', 'ended'])
    const start = samples.findIndex((sample) => sample !== 0) - reference.findIndex((sample) => sample !== 0)
    const factors = Array.from(reference, (sample, i) => (samples[start + i] ?? 0) / sample / 10 ** (raised / 20)).filter((_, i) => Math.abs(reference[i] ?? 0) > 1e-3)
    t.equal(factors.findIndex((factor) => !(factor > 0.4 && factor < 1 + 1e-6)), -1, 'each is its own sample, turned down or not')
    t.ok(factors.some((factor) => factor < 0.9))
    t.ok(samples.every((sample) => Math.abs(sample) < 0.892))
  })

  await t.test('an address that ended is renewed, and what the line broke is fetched', async (t) => {
    let refused = 0
    let broken = 0
    sounds.intercept = (request, response) => {
      if (!(request.url ?? '').startsWith('/media/')) return false
      if (!(request.url ?? '').includes('renewed')) { refused += 1; response.writeHead(403).end(); return true }
      if (broken++ > 0) return false
      response.writeHead(206, { 'content-length': '100000' }).write(Buffer.alloc(0))
      response.destroy()
      return true
    }
    const { events } = await play(page, { tracks: [await streamOf(folder, 'a', 'aac')], gainDb: 0, atSeconds: 1, renewalsThatFail: 1 })
    sounds.intercept = () => false
    t.same(events, ['playing', 'ended'])
    t.ok(refused >= 1)
    t.ok(broken > 1)
  })

  await t.test('an output whose clock stands still is a fault, lest the player wait for ever', async (t) => {
    const stuck = await browser.newPage()
    await stuck.addInitScript('AudioContext.prototype.resume = () => new Promise(() => {})')
    await stuck.goto(sounds.url)
    await stuck.evaluate('window.AudioContext = class extends AudioContext { constructor (options) { super(options); this.suspend() } }')
    const { events } = await play(stuck, { tracks: [await streamOf(folder, 'a', 'flac')], gainDb: 0, atSeconds: 0 })
    t.equal(events.at(-1), 'fault undecodable')
    await stuck.close()
  })

  await t.test('a file that it can’t decode is a fault, and says so', async (t) => {
    sounds.intercept = (request, response) => {
      if (!(request.url ?? '').startsWith('/media/')) return false
      response.writeHead(206).end(Buffer.alloc(20_000, 'rubbish '))
      return true
    }
    const { events } = await play(page, { tracks: [await streamOf(folder, 'a', 'aac')], gainDb: 0, atSeconds: 0 })
    sounds.intercept = () => false
    t.same(events, ['fault undecodable'])
  })
})
