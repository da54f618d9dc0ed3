import type { SignedStream } from './stream.ts'

/**
 * Why the sound stopped: the line, an address that is not honoured and could not be renewed, or a file that this
 * browser can't decode.
 */
export type SoundFault = 'network' | 'expired' | 'undecodable'

/** A track to play, as far as the sound needs to know it. */
export interface Source {
  readonly stream: SignedStream
  /** What is added to its level, in dB; see loudness.ts. */
  readonly gainDb: number
  /** A fresh address; with a limit, of the best version up to so many kbit/s. Rejects as `get` of api.ts does. */
  resign (maxBitrateKbps?: number): Promise<SignedStream>
}

/** How one track becomes the next. */
export interface Transition {
  /** 0 joins the tracks to the sample. */
  readonly crossfadeSeconds: number
  readonly skipSilence: boolean
}

export interface SoundListener {
  time (seconds: number): void
  playing (): void
  /** It paused by itself: a headset's button, another app, the system. */
  paused (): void
  waiting (): void
  /** What was prepared is now what plays; there was no stop between. */
  joined (): void
  /** The end, and nothing was prepared. */
  ended (): void
  fault (fault: SoundFault): void
}

/** What makes the sound. Knows addresses, levels and seconds; nothing of queues or pages. */
export interface Sound {
  /** Call inside a click or key press, so that browsers let it sound later too. */
  unlock (): void
  /** Replaces what plays by this, from `atSeconds`. Forgets what was prepared, unless it is this very stream: then it is used. */
  load (source: Source, atSeconds: number): void
  /** Fetches what will follow, and joins it at the end of what plays; null: nothing will. */
  prepare (source: Source | null): void
  /** Rejects with a NotAllowedError where the browser wants a click first. */
  play (): Promise<void>
  pause (): void
  seek (seconds: number): void
  /** Seconds, this very moment. */
  position (): number
  setVolume (level: number, muted: boolean): void
  /** 1 is as recorded; the pitch stays. */
  setSpeed (rate: number): void
  setTransition (transition: Transition): void
  /** Silent, and holds nothing. */
  clear (): void
}
