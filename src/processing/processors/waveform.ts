import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { manifest } from '../manifest.ts'
import { artefact } from './artefact.ts'
import type { DecodeTap } from './decode-pass.ts'
import type { WaveformFile } from './processed-track.ts'
import { outlineOf } from './waveform-outline.ts'

const sampleRate = 8000
/** 10 ms: what the peaks are gathered in while the track's length is still unknown. */
const blockSamples = 80
const mostBars = 1000
/** A bar of less would only show the waves themselves. */
const shortestBarMs = 50
const fullScale = 32768

export interface Waveform {
  readonly file: WaveformFile
  /** Counted on decoded samples, to an eighth of a millisecond. */
  readonly durationMs: number
}

/** One byte a bar: the highest peak of mono sound at 8 kHz. */
export function waveformTap (outDir: string): DecodeTap<Waveform> {
  const peaks = peakCounter()
  return {
    branches: [{
      feed: 'playable',
      filter: `aformat=sample_fmts=s16:sample_rates=${sampleRate}:channel_layouts=mono`,
      output: ['-c:a', 'pcm_s16le', '-f', 's16le', 'pipe:1']
    }],
    onStdout: peaks.add,
    async finish () {
      const durationMs = peaks.samples() / sampleRate * 1000
      const path = join(outDir, 'waveform.bin')
      const bars = toBars(peaks.blocks(), Math.max(1, Math.min(mostBars, Math.floor(durationMs / shortestBarMs))))
      await writeFile(path, bars)
      return {
        file: { ...await artefact(path, 'application/octet-stream'), bars: bars.length, outline: outlineOf(bars), recipeVersion: manifest.waveform.version },
        durationMs
      }
    }
  }
}

function peakCounter () {
  let blocks = new Uint8Array(1 << 16)
  let samples = 0
  /** Half a sample, when a chunk ends within one. */
  let rest: Buffer = Buffer.alloc(0)
  return {
    add (chunk: Buffer) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      const whole = bytes.length & ~1
      rest = bytes.subarray(whole)
      for (let at = 0; at < whole; at += 2, samples++) {
        const block = Math.floor(samples / blockSamples)
        if (block === blocks.length) blocks = grown(blocks)
        const peak = Math.ceil(Math.abs(bytes.readInt16LE(at)) * 255 / fullScale)
        if (peak > (blocks[block] ?? 0)) blocks[block] = peak
      }
    },
    samples: () => samples,
    blocks: () => blocks.subarray(0, Math.ceil(samples / blockSamples))
  }
}

function grown (blocks: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(blocks.length * 2)
  larger.set(blocks)
  return larger
}

function toBars (blocks: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => {
    const first = Math.floor(i * blocks.length / count)
    const end = Math.max(first + 1, Math.floor((i + 1) * blocks.length / count))
    return blocks.subarray(first, end).reduce((highest, peak) => Math.max(highest, peak), 0)
  })
}
