import type { MixerCommand, MixerReport } from './mixer-messages.ts'
import { Voice } from './voice.ts'

type VoiceCommand = Extract<MixerCommand, { kind: 'pcm' | 'end' | 'gain' | 'empty' }>

/** Nearer to the beginning than this, what comes is its attack. */
const edgeSamples = 256
/**
 * So much is at hand before a voice sounds: two frames of AAC, 46 ms at 44.1 kHz. Of the frame that a jump lands in there
 * may be a hundredth of that left, which would be over before the decoder gives the next.
 */
const headStartFrames = 2_048

interface Fade { readonly frames: number, done: number }

/**
 * Puts voices one after the other, to the frame, or one into the other. All that sounds goes through `render`, so joins
 * are exact however late the engine's messages come.
 */
export class Mixer {
  readonly #tell: (report: MixerReport) => void
  readonly #voices = new Map<number, Voice>()
  #current: Voice | null = null
  #following: Voice | null = null
  #fadeFrames = 0
  #fade: Fade | null = null
  /** The one that fades out while the current one fades in. */
  #leaving: Voice | null = null
  #running = false
  #wasRunning = false
  #sounding = false
  /** A jump into the music comes up over one block, lest it click. */
  #soften = false

  constructor (tell: (report: MixerReport) => void) {
    this.#tell = tell
  }

  command (command: MixerCommand): void {
    switch (command.kind) {
      case 'open': this.#voices.set(command.voice, new Voice(command.voice, command.gain, command.samplesPerFrame)); break
      case 'drop': this.#drop(command.voice); break
      case 'take': this.#take(this.#voiceOf(command.voice)); break
      case 'follow': this.#following = this.#voiceOf(command.voice); this.#fadeFrames = command.fadeFrames; break
      case 'run': this.#running = command.running; break
      default: this.#change(this.#voiceOf(command.voice), command)
    }
  }

  /** Fills one block, silent to begin with. */
  render (out: readonly Float32Array[]): void {
    if (!this.#running && !this.#wasRunning) return
    const size = out[0]?.length ?? 0
    if (this.#fill(out, size) < size) this.#runDry()
    this.#slope(out)
    this.#wasRunning = this.#running
  }

  report (time: number): void {
    const voice = this.#current
    if (voice === null) return
    this.#tell({ kind: 'at', voice: voice.id, at: voice.at, time, queuedFrames: voice.queuedFrames, followingFrames: this.#following?.queuedFrames ?? 0 })
  }

  /** @returns the frames that there were */
  #fill (out: readonly Float32Array[], size: number): number {
    let done = 0
    while (done < size && this.#current !== null && (this.#sounding || hasHeadStart(this.#current))) {
      const count = this.#renderSome(this.#beginFade(this.#current), out, done, size - done)
      if (count === 0 && !this.#passOn()) break
      done += count
    }
    return done
  }

  #runDry (): void {
    if (this.#current === null || !this.#sounding) return
    this.#sounding = false
    this.#soften = true
    this.#tell({ kind: 'dry', voice: this.#current.id })
  }

  #renderSome (voice: Voice, out: readonly Float32Array[], start: number, most: number): number {
    const fade = this.#fade
    const count = fade === null ? this.#untilFade(voice, most) : Math.min(most, fade.frames - fade.done)
    const { gain } = voice
    const done = voice.mix(out, start, count, fade === null ? () => gain : (i) => gain * Math.sin(Math.PI / 2 * (fade.done + i) / fade.frames))
    if (fade !== null) this.#fadeOut(fade, out, start, done)
    if (done > 0 && !this.#sounding) {
      this.#sounding = true
      this.#tell({ kind: 'sounding', voice: voice.id })
    }
    return done
  }

  /** Where a fade is to begin within this block, it begins at its frame. */
  #untilFade (voice: Voice, most: number): number {
    const before = voice.queuedFrames - this.#fadeFrames
    return this.#following !== null && this.#fadeFrames > 0 && voice.ended && before > 0 ? Math.min(most, before) : most
  }

  /** @returns the voice that is the current one now */
  #beginFade (voice: Voice): Voice {
    const next = this.#following
    if (this.#fade !== null || next === null || this.#fadeFrames === 0 || !voice.ended) return voice
    const frames = voice.queuedFrames
    if (frames > this.#fadeFrames || frames === 0 || next.queuedFrames === 0) return voice
    this.#fade = { frames, done: 0 }
    this.#leaving = voice
    this.#join(next)
    return next
  }

  #fadeOut (fade: Fade, out: readonly Float32Array[], start: number, count: number): void {
    const gain = this.#leaving?.gain ?? 0
    this.#leaving?.mix(out, start, count, (i) => gain * Math.cos(Math.PI / 2 * (fade.done + i) / fade.frames))
    fade.done += count
    if (fade.done >= fade.frames) this.#endFade()
  }

  #endFade (): void {
    if (this.#leaving !== null) this.#voices.delete(this.#leaving.id)
    this.#leaving = null
    this.#fade = null
  }

  /** The current one gives no more. @returns whether something else goes on in this very block */
  #passOn (): boolean {
    const voice = this.#current
    if (voice === null || !voice.ended || voice.queuedFrames > 0) return false
    this.#endFade()
    this.#voices.delete(voice.id)
    const next = this.#following
    if (next !== null) {
      this.#join(next)
      return true
    }
    this.#current = null
    this.#sounding = false
    this.#tell({ kind: 'ended', voice: voice.id })
    return false
  }

  #voiceOf (id: number | null): Voice | null {
    return id === null ? null : this.#voices.get(id) ?? null
  }

  /** What comes for a voice that is gone already is nobody's. */
  #change (voice: Voice | null, command: VoiceCommand): void {
    if (voice === null) return
    switch (command.kind) {
      case 'pcm': voice.add(command.at, command.planes); break
      case 'end': voice.ended = true; break
      case 'gain': voice.gain = command.gain; break
      case 'empty': this.#empty(voice); break
    }
  }

  #join (next: Voice): void {
    this.#current = next
    this.#following = null
    this.#tell({ kind: 'joined', voice: next.id })
  }

  #take (voice: Voice | null): void {
    this.#endFade()
    for (const other of this.#voices.values()) if (other !== voice) this.#voices.delete(other.id)
    this.#current = voice
    this.#following = null
    this.#sounding = false
    this.#soften = true
  }

  #empty (voice: Voice): void {
    voice.empty()
    if (voice !== this.#current) return
    this.#endFade()
    this.#sounding = false
    this.#soften = true
  }

  #drop (id: number): void {
    this.#voices.delete(id)
    if (this.#following?.id === id) this.#following = null
  }

  /** Pausing goes down over the last block, and going on comes up over the first. */
  #slope (out: readonly Float32Array[]): void {
    const down = this.#wasRunning && !this.#running
    // A beginning is an edge that is meant.
    const isInside = (this.#current?.at ?? 0) > edgeSamples
    const begins = (!this.#wasRunning && this.#running) || (this.#soften && this.#sounding)
    if (this.#sounding) this.#soften = false
    if (down || (begins && isInside)) for (const samples of out) slope(samples, down)
  }
}

const hasHeadStart = ({ ended, queuedFrames }: Voice): boolean => ended || queuedFrames >= headStartFrames

function slope (samples: Float32Array, down: boolean): void {
  const size = samples.length
  for (const [i, sample] of samples.entries()) samples[i] = sample * (down ? size - i - 1 : i + 1) / size
}
