import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { ffmpeg } from '../../test/support/media.ts'

/** Of 44.1 kHz; three such in a row let through what coders keep, below about 6 kHz. */
const smoothing = 0.45
const level = 0.6

/** Band-limited noise, the same for a seed: no two stretches of it are alike, so each sample has one place. */
export function seededNoise (frames: number, seed: number): Float32Array {
  const samples = new Float32Array(frames)
  let state = seed
  let [first, second, third] = [0, 0, 0]
  for (let at = 0; at < frames; at++) {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    first += smoothing * (state / 2 ** 31 - 1 - first)
    second += smoothing * (first - second)
    third += smoothing * (second - third)
    samples[at] = Math.round(third * level * 32_767) / 32_768
  }
  return samples
}

export interface NoiseFile { readonly folder: string, readonly title: string, readonly trackNo: number, readonly sampleRate: number, readonly album?: string }

/** A FLAC file of 16 bits and two equal channels. */
export async function writeFlac (samples: Float32Array, { folder, title, trackNo, sampleRate, album = 'Joins' }: NoiseFile): Promise<string> {
  const raw = Buffer.alloc(samples.length * 2)
  for (const [at, sample] of samples.entries()) raw.writeInt16LE(Math.round(sample * 32_768), at * 2)
  const source = join(folder, `${title}.raw`)
  const path = join(folder, `${title}.flac`)
  await writeFile(source, raw)
  const tags = { title, artist: 'The Proof', album, track: String(trackNo) }
  await ffmpeg('-f', 's16le', '-ar', String(sampleRate), '-ac', '1', '-i', source, '-af', 'pan=stereo|c0=c0|c1=c0', ...Object.entries(tags).flatMap(([name, value]) => ['-metadata', `${name}=${value}`]), path)
  return path
}
