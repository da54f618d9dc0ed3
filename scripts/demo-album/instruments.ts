/** Samples a second of everything rendered here. */
export const sampleRate = 44_100

/** One sounding of an instrument. */
export interface Note {
  readonly atSeconds: number
  readonly lengthSeconds: number
  /** MIDI note number; drums ignore it. */
  readonly pitch: number
  /** 0 to 1. */
  readonly velocity: number
  /** −1 left to 1 right. */
  readonly pan: number
}

export type Instrument = (note: Note, random: () => number) => Float32Array

/** A seeded generator (mulberry32), so that the album comes out the same on every machine. */
export function seededRandom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const frequencyOf = (pitch: number) => 440 * 2 ** ((pitch - 69) / 12)

function render (seconds: number, sample: (seconds: number, index: number) => number): Float32Array {
  const out = new Float32Array(Math.ceil(seconds * sampleRate))
  for (let i = 0; i < out.length; i++) out[i] = sample(i / sampleRate, i)
  return out
}

/** Rises in `attack`, holds for `length`, falls in `release` seconds; always between 0 and 1. */
const envelope = (t: number, attack: number, length: number, release: number) =>
  Math.min(1, t / attack) * (t < length ? 1 : Math.max(0, 1 - (t - length) / release) ** 2)

/** A plucked string after Karplus and Strong (1983): a burst of noise in a damped delay line. */
export const pluck: Instrument = ({ pitch, velocity, lengthSeconds }, random) => {
  const period = Math.round(sampleRate / frequencyOf(pitch))
  const line = Float32Array.from({ length: period }, () => random() * 2 - 1)
  const ringSeconds = lengthSeconds + 1.6
  let previous = 0
  return render(ringSeconds, (t, i) => {
    const slot = i % period
    const current = line[slot] ?? 0
    line[slot] = (current + previous) * 0.4985
    previous = current
    return current * velocity * 0.5 * Math.min(1, (ringSeconds - t) * 8)
  })
}

/** Slow, soft and wide: five partials of a pair of slightly detuned tones. */
export const pad: Instrument = ({ pitch, velocity, lengthSeconds }) => {
  const base = frequencyOf(pitch) * 2 * Math.PI
  return render(lengthSeconds + 1.8, (t) => {
    let sum = 0
    for (let partial = 1; partial <= 5; partial++) {
      const brightness = partial ** -1.7
      sum += brightness * (Math.sin(base * partial * 1.0015 * t) + Math.sin(base * partial * 0.9985 * t + partial))
    }
    return sum * velocity * 0.12 * envelope(t, 0.9, lengthSeconds, 1.8)
  })
}

/** A bell by frequency modulation (Chowning, 1973); the modulation dies away faster than the tone. */
export const bell: Instrument = ({ pitch, velocity }) => {
  const base = frequencyOf(pitch) * 2 * Math.PI
  return render(3, (t) => {
    const index = 2.2 * Math.exp(-4 * t)
    return Math.sin(base * t + index * Math.sin(base * 3.01 * t)) * velocity * 0.3 * Math.exp(-2.2 * t) * Math.min(1, t * 400)
  })
}

export const bass: Instrument = ({ pitch, velocity, lengthSeconds }) => {
  const base = frequencyOf(pitch) * 2 * Math.PI
  return render(lengthSeconds + 0.25, (t) =>
    (Math.sin(base * t) + 0.35 * Math.sin(2 * base * t) * Math.exp(-5 * t)) * velocity * 0.42 * envelope(t, 0.012, lengthSeconds, 0.25))
}

/** A breathy flute: a sine with vibrato that sets in late, and a little air. */
export const flute: Instrument = ({ pitch, velocity, lengthSeconds }, random) => {
  const base = frequencyOf(pitch) * 2 * Math.PI
  let air = 0
  return render(lengthSeconds + 0.3, (t) => {
    air += 0.15 * (random() * 2 - 1 - air)
    const vibrato = 0.9 * Math.min(1, t / 0.6) * Math.sin(2 * Math.PI * 5.1 * t)
    const tone = Math.sin(base * t + vibrato) + 0.25 * Math.sin(2 * base * t) + 0.08 * Math.sin(3 * base * t)
    return (tone * 0.22 + air * 0.12) * velocity * envelope(t, 0.08, lengthSeconds, 0.3)
  })
}

export const kick: Instrument = ({ velocity }) => render(0.35, (t) =>
  Math.sin(2 * Math.PI * (46 * t - 9 * Math.exp(-28 * t))) * velocity * 0.75 * Math.exp(-9 * t))

export const brush: Instrument = ({ velocity }, random) => {
  let smooth = 0
  return render(0.22, (t) => {
    smooth += 0.45 * (random() * 2 - 1 - smooth)
    return smooth * velocity * 0.35 * Math.exp(-18 * t) * Math.min(1, t * 300)
  })
}

export const hat: Instrument = ({ velocity }, random) => {
  let before = 0
  return render(0.09, (t) => {
    const noise = random() * 2 - 1
    const high = noise - before
    before = noise
    return high * velocity * 0.12 * Math.exp(-55 * t)
  })
}
