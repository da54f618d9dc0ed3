import { lazy } from '../app/lazy.ts'
import { MediaElementSound } from './media-element-sound.ts'
import type { Sound, SoundFault, SoundListener, Source, Transition } from './sound.ts'
import type { SoundKind } from './sound-report.ts'

/** The exact sound. */
interface Engine extends Sound {
  /** false: it has no index, or is in a form that this browser doesn't give us decoded. */
  canPlay (source: Source): boolean
}

/** null: this browser can't. */
type MakeEngine = (listener: SoundListener) => Engine | null

/** After so many faults of its own the engine is left alone until the page is loaded anew. */
const mostFaults = 3

/**
 * The exact engine where it is there and well, else the browser's own elements. A fault of the engine's own changes
 * over to these at the same place, and the music goes on.
 */
export class SoundSwitch implements Sound {
  readonly #listener: SoundListener
  readonly #base: MediaElementSound
  #engine: Engine | null = null
  /** What still sounds until the one that took over does. */
  #retiring: Sound | null = null
  #current: Sound
  #source: Source | null = null
  #prepared: Source | null = null
  #playing = false
  #faults = 0
  #unlocked = false
  #level: readonly [number, boolean] = [1, false]
  #speed = 1
  #transition: Transition = { crossfadeSeconds: 0, skipSilence: false }

  constructor (listener: SoundListener) {
    this.#listener = listener
    this.#base = new MediaElementSound(this.#heardOf(() => this.#base))
    this.#current = this.#base
  }

  /** What makes the sound now. */
  get kind (): SoundKind { return this.#current === this.#base ? 'base' : 'engine' }

  /** Whether the engine will play: then the start of a file, fetched with its address, is of use, and FLAC needs no decoder of the browser's. */
  get takesHead (): boolean { return this.#engine !== null && this.#speed === 1 && this.#faults < mostFaults }

  /** Fetches the engine; from the next track on it plays. Without it the base goes on. */
  async fetchEngine (load: () => Promise<MakeEngine>): Promise<void> {
    const make = await lazy(load)
    const engine = make(this.#heardOf(() => this.#engine))
    if (engine === null) return
    engine.setVolume(...this.#level)
    engine.setSpeed(this.#speed)
    engine.setTransition(this.#transition)
    if (this.#unlocked) engine.unlock()
    this.#engine = engine
  }

  unlock (): void {
    this.#unlocked = true
    this.#base.unlock()
    this.#engine?.unlock()
  }

  load (source: Source, atSeconds: number): void {
    this.#source = source
    this.#use(this.#fitting(source))
    this.#current.load(source, atSeconds)
    this.#prepared = null
    this.#retire()
  }

  prepare (source: Source | null): void {
    this.#prepared = source
    // The engine has come meanwhile: the end of this track is the moment to change over.
    this.#current.prepare(source !== null && this.#fitting(source) !== this.#current ? null : source)
  }

  async play (): Promise<void> {
    this.#playing = true
    await this.#current.play()
  }

  pause (): void {
    this.#playing = false
    this.#retire()
    this.#current.pause()
  }

  seek (seconds: number): void {
    this.#retire()
    this.#current.seek(seconds)
  }

  position (): number { return this.#current.position() }

  setVolume (level: number, muted: boolean): void {
    this.#level = [level, muted]
    for (const sound of this.#all()) sound.setVolume(level, muted)
  }

  setSpeed (rate: number): void {
    this.#speed = rate
    for (const sound of this.#all()) sound.setSpeed(rate)
    // Only the browser's own element keeps the pitch.
    if (rate !== 1 && this.kind === 'engine') this.#takeOver()
  }

  setTransition (transition: Transition): void {
    this.#transition = transition
    for (const sound of this.#all()) sound.setTransition(transition)
  }

  clear (): void {
    this.#playing = false
    this.#retiring = this.#source = this.#prepared = null
    for (const sound of this.#all()) sound.clear()
  }

  #all (): readonly Sound[] {
    return this.#engine === null ? [this.#base] : [this.#base, this.#engine]
  }

  #fitting (source: Source): Sound {
    const engine = this.#engine
    return engine !== null && this.takesHead && engine.canPlay(source) ? engine : this.#base
  }

  #use (sound: Sound): void {
    if (sound === this.#current) return
    const before = this.#current
    this.#current = sound
    before.clear()
  }

  /** Passes on what the current sound says; the other one has nothing to say any more. */
  #heardOf (speaker: () => Sound | null): SoundListener {
    const heard = (tell: () => void): void => { if (speaker() === this.#current) tell() }
    const listener = this.#listener
    return {
      time: (seconds) => { heard(() => { listener.time(seconds) }) },
      playing: () => { heard(() => { this.#retire(); listener.playing() }) },
      paused: () => { heard(() => { listener.paused() }) },
      waiting: () => { heard(() => { listener.waiting() }) },
      joined: () => { heard(() => { this.#hasJoined() }) },
      ended: () => { heard(() => { listener.ended() }) },
      fault: (fault) => { heard(() => { this.#hasFault(fault) }) }
    }
  }

  #hasJoined (): void {
    this.#source = this.#prepared
    this.#prepared = null
    this.#listener.joined()
  }

  #hasFault (fault: SoundFault): void {
    if (fault !== 'undecodable' || this.kind === 'base' || this.#source === null) {
      this.#listener.fault(fault)
      return
    }
    this.#faults += 1
    this.#takeOver()
  }

  /** The base goes on where the engine is, which plays what it has until then. */
  #takeOver (): void {
    const [engine, source, prepared] = [this.#current, this.#source, this.#prepared]
    if (source === null || engine === this.#base) return
    const seconds = engine.position()
    this.#current = this.#base
    this.#retiring = engine
    this.#base.load(source, seconds)
    if (prepared !== null) this.#base.prepare(prepared)
    if (this.#playing) this.#base.play().catch(() => { this.#listener.fault('network') })
    else this.#retire()
  }

  #retire (): void {
    this.#retiring?.clear()
    this.#retiring = null
  }
}
