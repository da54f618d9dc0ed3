import { type Instrument, type Note, sampleRate, seededRandom } from './instruments.ts'

export interface Part {
  readonly instrument: Instrument
  readonly notes: readonly Note[]
  readonly gain: number
  /** Share sent to the reverb, 0 to 1. */
  readonly reverb: number
}

export interface Stereo {
  readonly left: Float32Array
  readonly right: Float32Array
}

/** Plays all parts, adds the room, and brings the loudest sample to `peak` (0 to 1). */
export function mix (parts: readonly Part[], options: { readonly seconds: number, readonly seed: number, readonly peak: number }): Stereo {
  const length = Math.ceil(options.seconds * sampleRate)
  const dry = { left: new Float32Array(length), right: new Float32Array(length) }
  const send = { left: new Float32Array(length), right: new Float32Array(length) }
  const random = seededRandom(options.seed)
  for (const part of parts) {
    for (const note of part.notes) {
      const sound = part.instrument(note, random)
      const angle = (note.pan + 1) * Math.PI / 4
      const levels = { left: Math.cos(angle) * part.gain, right: Math.sin(angle) * part.gain }
      add(dry, sound, note.atSeconds, levels)
      add(send, sound, note.atSeconds, { left: levels.left * part.reverb, right: levels.right * part.reverb })
    }
  }
  return master({ left: sum(dry.left, room(send.left, 0)), right: sum(dry.right, room(send.right, 23)) }, options.peak)
}

function add (target: Stereo, sound: Float32Array, atSeconds: number, levels: { left: number, right: number }): void {
  const offset = Math.round(atSeconds * sampleRate)
  const end = Math.min(sound.length, target.left.length - offset)
  for (let i = 0; i < end; i++) {
    const sample = sound[i] ?? 0
    target.left[offset + i] = (target.left[offset + i] ?? 0) + sample * levels.left
    target.right[offset + i] = (target.right[offset + i] ?? 0) + sample * levels.right
  }
}

const sum = (a: Float32Array, b: Float32Array) => a.map((sample, i) => sample + (b[i] ?? 0))

/** A room after Schroeder (1962): four combs side by side, then two all-passes. `spread` (samples) sets the sides apart. */
function room (input: Float32Array, spread: number): Float32Array {
  const combs = [1557, 1617, 1491, 1422].map((delay) => comb(input, delay + spread, 0.84))
  const mixed = input.map((_, i) => combs.reduce((total, c) => total + (c[i] ?? 0), 0) * 0.22)
  return [556, 441].reduce<Float32Array>((signal, delay) => allPass(signal, delay + spread, 0.5), mixed)
}

function comb (input: Float32Array, delay: number, feedback: number): Float32Array {
  const out = new Float32Array(input.length)
  let damped = 0
  for (let i = 0; i < input.length; i++) {
    damped += 0.6 * ((out[i - delay] ?? 0) - damped)
    out[i] = (input[i] ?? 0) + damped * feedback
  }
  return out
}

function allPass (input: Float32Array, delay: number, gain: number): Float32Array {
  const out = new Float32Array(input.length)
  for (let i = 0; i < input.length; i++) out[i] = -gain * (input[i] ?? 0) + (input[i - delay] ?? 0) + gain * (out[i - delay] ?? 0)
  return out
}

/** Fades the last two seconds and sets the peak. */
function master ({ left, right }: Stereo, peak: number): Stereo {
  let loudest = 1e-9
  for (const side of [left, right]) for (const sample of side) loudest = Math.max(loudest, Math.abs(sample))
  const fade = 2 * sampleRate
  const finish = (side: Float32Array) => side.map((sample, i) => Math.tanh(1.2 * sample / loudest) / Math.tanh(1.2) * peak * Math.min(1, (side.length - i) / fade))
  return { left: finish(left), right: finish(right) }
}

/** 16-bit little-endian stereo, as a WAV file. */
export function toWav ({ left, right }: Stereo): Buffer {
  const bytes = left.length * 4
  const wav = Buffer.alloc(44 + bytes)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + bytes, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(2, 22)
  wav.writeUInt32LE(sampleRate, 24)
  wav.writeUInt32LE(sampleRate * 4, 28)
  wav.writeUInt16LE(4, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(bytes, 40)
  left.forEach((sample, i) => {
    wav.writeInt16LE(Math.round(sample * 32_767), 44 + i * 4)
    wav.writeInt16LE(Math.round((right[i] ?? 0) * 32_767), 46 + i * 4)
  })
  return wav
}
