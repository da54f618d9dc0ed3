import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { ffmpeg } from '../../test/support/media.ts'

export interface MixedSource {
  readonly name: string
  readonly album: string
  readonly path: string
  readonly seconds: number
  /** As ffmpeg measures the file itself. */
  readonly level: Level
}

/** Loudness and true peak, by EBU R 128. */
export interface Level { readonly lufs: number, readonly peakDbtp: number }

const execute = promisify(execFile)
const seconds = 12
const meter = 'ebur128=peak=true:framelog=verbose'

interface Recipe {
  readonly name: string
  readonly album: string
  /** aevalsrc's expression. */
  readonly sound: string
  /** After it, to shape peaks. */
  readonly filters: string
  readonly lufs: number
  readonly sampleRate: number
  readonly channels: 1 | 2
}

const music = '0.2*(sin(220*2*PI*t)+0.6*sin(330*2*PI*t)+0.4*sin(441*2*PI*t))*(0.7+0.3*sin(2*PI*t))+0.05*(random(0)-0.5)'
const dense = '0.3*(random(0)-0.5)+0.3*sin(110*2*PI*t)+0.2*sin(1760*2*PI*t)'
/** Quiet, with a drum stroke twice a second far above it. */
const peaky = '0.05*(sin(220*2*PI*t)+0.6*sin(330*2*PI*t))+0.9*sin(90*2*PI*t)*exp(-220*(t-floor(2*t)/2))'
/** Short strokes of two drums, five times a second, hardly anything between. */
const struck = '0.04*sin(220*2*PI*t)+0.8*sin(180*2*PI*t)*exp(-90*(t-floor(3*t)/3))+0.6*sin(2200*2*PI*t)*exp(-300*(t-floor(2*t)/2))'
const recipes: readonly Recipe[] = [
  { name: 'quiet movement', album: 'Symphony', sound: music, filters: 'anull', lufs: -30, sampleRate: 44_100, channels: 2 },
  { name: 'loud movement', album: 'Symphony', sound: music, filters: 'anull', lufs: -20, sampleRate: 44_100, channels: 2 },
  { name: 'loud master, peaks near 0', album: 'Loud', sound: dense, filters: 'volume=12dB,alimiter=limit=0.98:level=false', lufs: -6, sampleRate: 44_100, channels: 2 },
  { name: 'mono', album: 'Mono', sound: music, filters: 'anull', lufs: -23, sampleRate: 44_100, channels: 1 },
  { name: '48 kHz', album: 'Radio', sound: music, filters: 'anull', lufs: -16, sampleRate: 48_000, channels: 2 },
  { name: 'few high peaks', album: 'Live', sound: peaky, filters: 'anull', lufs: -24, sampleRate: 44_100, channels: 2 },
  { name: 'many high peaks', album: 'Drums', sound: struck, filters: 'anull', lufs: -25, sampleRate: 48_000, channels: 2 },
  { name: 'nearly silent', album: 'Field', sound: music, filters: 'anull', lufs: -36, sampleRate: 44_100, channels: 2 },
  { name: '96 kHz', album: 'Studio', sound: music, filters: 'anull', lufs: -19, sampleRate: 96_000, channels: 2 }
]

/** Files as a mixed library has them, each brought to its loudness. */
export async function mixedSources (folder: string): Promise<MixedSource[]> {
  return await Promise.all(recipes.map(async ({ name, album, sound, filters, lufs, sampleRate, channels }, at) => {
    const raw = join(folder, `${at}.f32`)
    const voices = Array.from({ length: channels }, () => sound).join('|')
    await ffmpeg('-f', 'lavfi', '-i', `aevalsrc=${voices}:s=${sampleRate}:d=${seconds}`, '-f', 'f32le', raw)
    const source = ['-f', 'f32le', '-ar', String(sampleRate), '-ac', String(channels), '-i', raw]
    const gain = lufs - (await levelOf([...source, '-af', `${filters},${meter}`])).lufs
    // What is limited is limited at its level: louder first, then cut.
    const shaped = filters === 'anull' ? `volume=${gain}dB` : `volume=${gain}dB,${filters}`
    const path = join(folder, `${at} ${name}.flac`)
    await ffmpeg(...source, '-af', shaped, '-sample_fmt', 's32', '-metadata', `title=${name}`, '-metadata', `album=${album}`, '-metadata', 'artist=The Proof', '-metadata', `track=${at + 1}`, path)
    return { name, album, path, seconds, level: await levelOf(['-i', path, '-af', meter]) }
  }))
}

/** Of interleaved 32-bit floats, two channels. */
export async function measure (path: string, sampleRate: number): Promise<Level> {
  return await levelOf(['-f', 'f32le', '-ar', String(sampleRate), '-ac', '2', '-i', path, '-af', meter])
}

async function levelOf (args: readonly string[]): Promise<Level> {
  const { path } = await findFfmpeg(undefined)
  const { stderr } = await execute(path, ['-nostdin', '-hide_banner', ...args, '-f', 'null', '-'], { maxBuffer: 2 ** 26 })
  const last = (what: RegExp): number => Number([...stderr.matchAll(what)].at(-1)?.[1] ?? NaN)
  const level = { lufs: last(/\bI:\s+(-?[\d.]+) LUFS/g), peakDbtp: last(/\bPeak:\s+(-?[\d.]+) dBFS/g) }
  if (Number.isNaN(level.lufs + level.peakDbtp)) throw new Error('ffmpeg measured no loudness')
  return level
}
