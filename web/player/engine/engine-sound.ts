import type { Sound, SoundFault, SoundListener, Source, Transition } from '../sound.ts'
import { askDecodable } from './decodable.ts'
import type { MixerReport } from './mixer-messages.ts'
import { SilentElement } from './silent-element.ts'
import { SoundOutput, type Tap } from './sound-output.ts'
import { TrackFeed } from './track-feed.ts'

export interface EngineSound extends Sound {
  /** false: let the media element play it. */
  canPlay (source: Source): boolean
}

export interface EngineOptions {
  readonly tap?: Tap
}

/** A pause comes down over one block of the mixer; only then is what sounded taken away. */
const fadeMs = 50
/** How often the listener is told the time, ms. */
const timeEveryMs = 200

/**
 * Decodes by WebCodecs and mixes on the audio thread: starts with the first frames, joins to the sample, and goes on
 * from what it has while the line is away. null: this browser has not what it takes.
 */
export function createEngineSound (listener: SoundListener, { tap }: EngineOptions = {}): EngineSound | null {
  const able = !isIos() && typeof AudioDecoder === 'function' && typeof AudioWorkletNode === 'function'
  return able ? new WebCodecsSound(listener, tap) : null
}

/** Its audio contexts stop behind the lock screen. An iPad calls itself a Mac, which has no touch screen. */
function isIos (): boolean {
  return /iPad|iPhone|iPod/.test(navigator.userAgent) || (/Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1)
}

class WebCodecsSound implements EngineSound {
  readonly #listener: SoundListener
  readonly #output: SoundOutput
  readonly #silent: SilentElement
  readonly #decodes = askDecodable()
  #voices = 0
  #current: TrackFeed | null = null
  #prepared: TrackFeed | null = null
  #transition: Transition = { crossfadeSeconds: 0, skipSilence: false }
  #wanted = false
  #sounding = false
  /** The last report: a sample of the track and the time of it. */
  #report = { at: 0, time: 0 }
  #toldAtMs = 0

  constructor (listener: SoundListener, tap: Tap | undefined) {
    this.#listener = listener
    this.#output = new SoundOutput((report) => { this.#hear(report) }, () => { this.#fault('undecodable') }, tap)
    this.#silent = new SilentElement(() => {
      this.#halt()
      listener.paused()
    })
    // Opened ahead of the first click it would only be refused; in the press before a click it is ready for it.
    if (navigator.userActivation?.hasBeenActive ?? false) this.unlock()
    else for (const press of ['pointerdown', 'keydown']) addEventListener(press, () => { this.unlock() }, { once: true, capture: true })
  }

  canPlay ({ stream }: Source): boolean {
    return stream.index !== null && this.#decodes(stream.rendition.codec)
  }

  unlock (): void { this.#output.unlock() }

  load (source: Source, atSeconds: number): void {
    const prepared = this.#prepared
    this.#current?.close()
    this.#sounding = false
    if (prepared !== null && prepared.source.stream === source.stream && atSeconds === 0) {
      this.#prepared = null
      this.#become(prepared, 0)
      this.#output.send({ kind: 'take', voice: prepared.voice })
      return
    }
    this.#forget()
    const feed = this.#open(source, true)
    if (feed === null) return
    const at = Math.round(atSeconds * feed.rate)
    this.#become(feed, at)
    feed.start(at)
    this.#output.send({ kind: 'take', voice: feed.voice })
  }

  prepare (source: Source | null): void {
    if (source !== null && this.#prepared?.source.stream === source.stream) return
    this.#forget()
    if (source === null || this.#current === null || !this.canPlay(source)) return
    const feed = this.#open(source, false)
    if (feed === null) return
    this.#prepared = feed
    feed.start(0)
    this.#chain()
  }

  async play (): Promise<void> {
    this.#wanted = true
    this.#output.start()
    // It came to a rest in the middle: what is ready sounds at once.
    if (this.#sounding) {
      this.#report = { ...this.#report, time: this.#output.time }
      this.#listener.playing()
    }
    try {
      await this.#silent.play()
    } catch (error) {
      // The browser wants a click first: until then nothing waits to sound.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#halt()
      throw error
    }
  }

  pause (): void {
    this.#halt()
    this.#silent.pause()
  }

  seek (seconds: number): void {
    const feed = this.#current
    if (feed === null) return
    const at = Math.round(seconds * feed.rate)
    this.#sounding = false
    this.#report = { at, time: this.#output.time }
    feed.seek(at)
    this.#chain()
  }

  position (): number {
    if (this.#current === null) return 0
    const since = this.#wanted && this.#sounding ? Math.max(0, this.#output.time - this.#report.time) : 0
    return this.#report.at / this.#current.rate + since
  }

  setVolume (level: number, muted: boolean): void { this.#output.setLevel(muted ? 0 : level) }

  /** Only the media element changes the speed and keeps the pitch. */
  setSpeed (): void {}

  setTransition (transition: Transition): void {
    this.#transition = transition
    this.#chain()
  }

  clear (): void {
    this.pause()
    this.#current?.close()
    this.#current = null
    this.#forget()
    setTimeout(() => { if (this.#current === null) this.#output.send({ kind: 'take', voice: null }) }, fadeMs)
  }

  #open (source: Source, first: boolean): TrackFeed | null {
    const { index } = source.stream
    if (index === null) return null
    if (first) this.#output.open(index.timescale)
    this.#voices += 1
    const feed = new TrackFeed({ source, index, voice: this.#voices, skipSilence: this.#transition.skipSilence }, this.#output, (fault) => { this.#hasFault(feed, fault) })
    return feed
  }

  #become (feed: TrackFeed, at: number): void {
    this.#current = feed
    this.#report = { at, time: this.#output.time }
    feed.decodeAhead(this.#transition.crossfadeSeconds)
  }

  #forget (): void {
    const prepared = this.#prepared
    this.#prepared = null
    if (prepared === null) return
    prepared.close()
    this.#output.send({ kind: 'drop', voice: prepared.voice })
  }

  /** What is prepared follows what plays. */
  #chain (): void {
    const [current, prepared] = [this.#current, this.#prepared]
    if (current === null) return
    current.decodeAhead(this.#transition.crossfadeSeconds)
    if (prepared === null) return
    // Not more than half of a short track.
    const seconds = Math.min(this.#transition.crossfadeSeconds, current.durationSeconds / 2, prepared.durationSeconds / 2)
    this.#output.send({ kind: 'follow', voice: prepared.voice, fadeFrames: Math.round(seconds * this.#output.rate) })
  }

  #halt (): void {
    if (!this.#wanted) return
    this.#report = { ...this.#report, at: Math.round(this.position() * (this.#current?.rate ?? 0)) }
    this.#wanted = false
    this.#output.stop()
  }

  #hear (report: MixerReport): void {
    if (report.kind === 'joined') { this.#joined(report.voice); return }
    const feed = this.#current
    if (feed === null || report.voice !== feed.voice) return
    if (report.kind === 'at') this.#reached(feed, report)
    else if (report.kind === 'ended') this.#ended()
    else if (report.kind === 'sounding') this.#sounds(true)
    else this.#sounds(false)
  }

  #reached (feed: TrackFeed, { at, time }: { readonly at: number, readonly time: number }): void {
    // A voice that has nothing yet tells no place.
    if (this.#sounding) this.#report = { at, time }
    feed.played(Math.floor(this.#report.at))
    this.#prepared?.played(0)
    const now = performance.now()
    if (!this.#sounding || !this.#wanted || now - this.#toldAtMs < timeEveryMs) return
    this.#toldAtMs = now
    this.#listener.time(this.position())
  }

  #sounds (sounding: boolean): void {
    this.#sounding = sounding
    this.#report = { ...this.#report, time: this.#output.time }
    if (!this.#wanted) return
    if (sounding) this.#listener.playing()
    else this.#listener.waiting()
  }

  #joined (voice: number): void {
    const prepared = this.#prepared
    if (prepared?.voice !== voice) return
    this.#current?.close()
    this.#prepared = null
    this.#become(prepared, 0)
    this.#listener.joined()
  }

  #ended (): void {
    this.#current?.close()
    this.#current = null
    this.#sounding = false
    this.#wanted = false
    this.#output.stop()
    this.#silent.pause()
    this.#listener.ended()
  }

  #hasFault (feed: TrackFeed, fault: SoundFault): void {
    // What was to follow is loaded again when its time comes, and says what is wrong then.
    if (feed === this.#prepared) this.#forget()
    else if (feed === this.#current) this.#fault(fault)
  }

  #fault (fault: SoundFault): void { this.#listener.fault(fault) }
}
