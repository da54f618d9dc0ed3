import { randomBytes } from 'node:crypto'

export interface NoiseOptions {
  readonly seconds: number
  /** Tags, as RIFF’s INFO list holds them. */
  readonly tags: { readonly title: string, readonly artist: string, readonly album: string, readonly trackNo?: number }
  readonly channels?: 1 | 2
}

const sampleRate = 44_100
const bytesPerSample = 2
/** A quarter of full scale: loud enough to be measured, quiet enough for whoever hears it by mistake. */
const loudestSample = 8_192

/** A WAV file of white noise that nobody has had before: no service takes it for a track it knows. */
export function noiseWav ({ seconds, tags, channels = 2 }: NoiseOptions): Buffer {
  const samples = randomBytes(Math.round(seconds * sampleRate) * channels * bytesPerSample)
  for (let at = 0; at < samples.length; at += bytesPerSample) samples.writeInt16LE(samples.readInt16LE(at) % loudestSample, at)
  const info = Buffer.concat([
    Buffer.from('INFO'), text('INAM', tags.title), text('IART', tags.artist), text('IPRD', tags.album), text('ITRK', String(tags.trackNo ?? 1))
  ])
  const body = Buffer.concat([Buffer.from('WAVE'), chunk('fmt ', format(channels)), chunk('LIST', info), chunk('data', samples)])
  return chunk('RIFF', body)
}

function format (channels: number): Buffer {
  const header = Buffer.alloc(16)
  header.writeUInt16LE(1, 0)
  header.writeUInt16LE(channels, 2)
  header.writeUInt32LE(sampleRate, 4)
  header.writeUInt32LE(sampleRate * channels * bytesPerSample, 8)
  header.writeUInt16LE(channels * bytesPerSample, 12)
  header.writeUInt16LE(bytesPerSample * 8, 14)
  return header
}

function text (name: string, value: string): Buffer {
  return chunk(name, Buffer.from(`${value}\0`))
}

/** RIFF pads to even lengths; the size is that without the padding. */
function chunk (name: string, data: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(data.length)
  return Buffer.concat([Buffer.from(name), size, data, Buffer.alloc(data.length % 2)])
}
