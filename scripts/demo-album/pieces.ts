import { bass, bell, brush, flute, hat, type Instrument, kick, type Note, pad, pluck, seededRandom } from './instruments.ts'
import type { Part } from './mixer.ts'

export interface Piece {
  readonly title: string
  readonly genre: string
  readonly bpm: number
  /** MIDI note of the tonic. */
  readonly tonic: number
  /** Semitones of the scale above the tonic. */
  readonly scale: readonly number[]
  /** Scale degrees (0 = tonic) of the chords' roots, one a bar. */
  readonly chords: readonly number[]
  readonly beatsPerBar: number
  readonly lead: Instrument
  readonly figure: Instrument
  readonly drums: boolean
  /** Peak of the master, 0 to 1: the pieces differ in loudness on purpose. */
  readonly peak: number
}

const major = [0, 2, 4, 5, 7, 9, 11]
const minor = [0, 2, 3, 5, 7, 8, 10]
const dorian = [0, 2, 3, 5, 7, 9, 10]
const lydian = [0, 2, 4, 6, 7, 9, 11]

const calm = { beatsPerBar: 4, drums: false, lead: flute, figure: pluck, peak: 0.7 }

export const pieces: readonly Piece[] = [
  { ...calm, title: 'Snowmelt', genre: 'Ambient', bpm: 72, tonic: 62, scale: lydian, chords: [0, 1, 4, 0], lead: bell, peak: 0.55 },
  { ...calm, title: 'Gravel Bar', genre: 'Folk', bpm: 96, tonic: 55, scale: major, chords: [0, 3, 5, 4], drums: true },
  { ...calm, title: 'Rivière de Mai', genre: 'Folk', bpm: 108, tonic: 57, scale: dorian, chords: [0, 6, 3, 0], beatsPerBar: 3 },
  { ...calm, title: 'Undertow Waltz', genre: 'Folk', bpm: 126, tonic: 52, scale: minor, chords: [0, 5, 2, 6], beatsPerBar: 3, drums: true, peak: 0.85 },
  { ...calm, title: 'Heron, Standing', genre: 'Ambient', bpm: 60, tonic: 60, scale: minor, chords: [0, 3, 6, 2], figure: bell, peak: 0.4 },
  { ...calm, title: 'The Weir at Night', genre: 'Electronic', bpm: 104, tonic: 50, scale: dorian, chords: [0, 0, 3, 6], lead: bell, drums: true, peak: 0.95 },
  { ...calm, title: 'Silt and Silver', genre: 'Electronic', bpm: 118, tonic: 54, scale: minor, chords: [0, 5, 3, 4], drums: true, figure: bell, lead: pluck, peak: 0.95 },
  { ...calm, title: 'Estuary', genre: 'Ambient', bpm: 66, tonic: 58, scale: major, chords: [0, 4, 5, 3], peak: 0.6 }
]

/** Bars in which each layer plays, of the whole. */
const bars = { all: 16, figureFrom: 2, bassFrom: 4, leadFrom: 6, drumsFrom: 6, thinOutFrom: 14 }

/** Writes the parts of a piece. The same piece and seed give the same notes. */
export function compose (piece: Piece, seed: number): { readonly parts: Part[], readonly seconds: number } {
  const beat = 60 / piece.bpm
  const bar = beat * piece.beatsPerBar
  const pitchOf = (degree: number, octave = 0) => {
    const index = ((degree % 7) + 7) % 7
    return piece.tonic + (piece.scale[index] ?? 0) + 12 * (Math.floor(degree / 7) + octave)
  }
  const random = seededRandom(seed)
  const each = (from: number, to: number, write: (start: number, root: number, index: number) => Note[]) =>
    Array.from({ length: to - from }, (_, i) => write((from + i) * bar, piece.chords[(from + i) % piece.chords.length] ?? 0, from + i)).flat()
  const parts: Part[] = [
    { instrument: pad, gain: 0.5, reverb: 0.5, notes: each(0, bars.all, (start, root) => [0, 2, 4].map((third, i) => ({ atSeconds: start, lengthSeconds: bar, pitch: pitchOf(root + third), velocity: 0.6, pan: (i - 1) * 0.6 }))) },
    { instrument: piece.figure, gain: 0.55, reverb: 0.3, notes: each(bars.figureFrom, bars.all, (start, root) => arpeggio({ start, beat, beats: piece.beatsPerBar, random, pitch: (step) => pitchOf(root + step, 1) })) },
    { instrument: bass, gain: 0.8, reverb: 0.05, notes: each(bars.bassFrom, bars.all - 1, (start, root) => [{ atSeconds: start, lengthSeconds: bar * 0.8, pitch: pitchOf(root, -1), velocity: 0.8, pan: 0 }]) },
    { instrument: piece.lead, gain: 0.6, reverb: 0.55, notes: melody({ bar, beat, beats: piece.beatsPerBar, chords: piece.chords, random, pitch: (degree) => pitchOf(degree, 1) }) }
  ]
  if (piece.drums) parts.push(...rhythm(beat, piece.beatsPerBar, bar))
  return { parts, seconds: bars.all * bar + 4 }
}

interface Figure { start: number, beat: number, beats: number, random: () => number, pitch: (step: number) => number }

function arpeggio ({ start, beat, beats, random, pitch }: Figure): Note[] {
  const steps = [0, 2, 4, 7, 4, 2, 4, 2]
  return Array.from({ length: beats * 2 }, (_, i) => ({
    atSeconds: start + i * beat / 2 + random() * 0.012,
    lengthSeconds: beat / 2,
    pitch: pitch(steps[i % steps.length] ?? 0),
    velocity: (i % 2 === 0 ? 0.65 : 0.45) + random() * 0.15,
    pan: Math.sin(start + i) * 0.45
  }))
}

interface Tune { bar: number, beat: number, beats: number, chords: readonly number[], random: () => number, pitch: (degree: number) => number }

/** A two-bar motif, said, said again over the next chords, varied, and said once more. */
function melody ({ bar, beat, beats, chords, random, pitch }: Tune): Note[] {
  const rhythmOfMotif = Array.from({ length: beats * 2 }, (_, i) => i === 0 || random() < 0.62)
  let step = 4
  const motif = rhythmOfMotif.map((sounds) => {
    step = Math.max(0, Math.min(9, step + Math.round((random() - 0.5) * 4)))
    return sounds ? step : undefined
  })
  const notes: Note[] = []
  for (let at = bars.leadFrom; at < bars.thinOutFrom; at += 2) {
    const varied = at === bars.leadFrom + 4
    motif.forEach((degree, i) => {
      if (degree === undefined) return
      const root = chords[(at + Math.floor(i / beats)) % chords.length] ?? 0
      // On the beat the tune rests on a note of the chord.
      const chordTone = i % 2 === 0 ? [0, 2, 4, 7][degree % 4] ?? 0 : degree
      notes.push({ atSeconds: at * bar + i * beat, lengthSeconds: beat * 0.9, pitch: pitch(root + chordTone + (varied ? 2 : 0)), velocity: 0.55 + random() * 0.25, pan: 0.1 })
    })
  }
  return notes
}

function rhythm (beat: number, beats: number, bar: number): Part[] {
  const hits = (pattern: (beatOfBar: number) => boolean, velocity: number, subdivision = 1): Note[] => {
    const notes: Note[] = []
    for (let at = bars.drumsFrom; at < bars.thinOutFrom; at++) {
      for (let i = 0; i < beats * subdivision; i++) {
        if (pattern(i / subdivision)) notes.push({ atSeconds: at * bar + i * beat / subdivision, lengthSeconds: 0.2, pitch: 0, velocity, pan: 0.15 })
      }
    }
    return notes
  }
  return [
    { instrument: kick, gain: 0.9, reverb: 0.02, notes: hits((b) => b === 0 || (beats === 4 && b === 2), 0.8) },
    { instrument: brush, gain: 0.7, reverb: 0.2, notes: hits((b) => b % 1 === 0 && b % 2 === 1, 0.7) },
    { instrument: hat, gain: 0.8, reverb: 0.1, notes: hits(() => true, 0.5, 2) }
  ]
}
