import type { SoundFault, Source } from '../sound.ts'
import { webCodecOf } from './decodable.ts'
import { blameBrowser, browserFails, openDecoder } from './decoder-choice.ts'
import { prerollFrames } from './fragment-entry.ts'
import type { DecoderConfig, FrameDecoder } from './frame-decoder.ts'
import { FrameFeed } from './frame-feed.ts'
import type { Frame } from './frame-reader.ts'
import type { MixerCommand } from './mixer-messages.ts'
import { cut, framesOf, type Pcm } from './pcm.ts'
import { limiterFor, type PeakLimiter } from './peak-limiter.ts'
import { Resampler } from './resampler.ts'
import { SilenceSkipper } from './silence-skipper.ts'
import type { Index } from './timeline.ts'

export interface TrackOutput {
  readonly rate: number
  send (command: MixerCommand): void
}

/** Sound that is decoded before it is heard: timers of a hidden tab come once a second at best. */
const decodedSeconds = 16
/** What was heard is kept coded for a short way back. */
const keptSeconds = 30
/** Frames that a decoder has at a time. */
const mostWaiting = 24

/** Brings one track from its address to a voice of the mixer, sample for sample. */
export class TrackFeed {
  readonly source: Source
  readonly voice: number
  readonly #output: TrackOutput
  readonly #fault: (fault: SoundFault) => void
  readonly #index: Index
  readonly #feed: FrameFeed
  #decoder: FrameDecoder | null = null
  /** Whether our own decoder stands in for the browser's. */
  #own = false
  #resampler: Resampler | null = null
  #skipper: SilenceSkipper | null = null
  readonly #limiter: PeakLimiter | null
  #frames: Frame[] = []
  /** Of #frames: the next one to decode. */
  #next = 0
  #isWhole = false
  #flushing = false
  /** In samples of the track: where the listener is, what was wanted first, and what is decoded. */
  #playedTo = 0
  #from = 0
  #decodedTo = 0
  #aheadSeconds = decodedSeconds

  constructor ({ source, index, voice, skipSilence }: { readonly source: Source, readonly index: Index, readonly voice: number, readonly skipSilence: boolean }, output: TrackOutput, fault: (fault: SoundFault) => void) {
    this.source = source
    this.voice = voice
    this.#index = index
    this.#output = output
    this.#fault = fault
    const rate = index.timescale
    if (skipSilence) this.#skipper = new SilenceSkipper(rate)
    if (rate !== output.rate) this.#resampler = new Resampler(rate, output.rate)
    this.#limiter = limiterFor(source, { sampleCount: index.sampleCount, samplesPerFrame: rate / output.rate, outputRate: output.rate })
    this.#feed = new FrameFeed(source, index, {
      frames: (frames) => { this.#take(frames) },
      done: () => { this.#isWhole = true; this.#pump() },
      fault,
      buffered: () => this.#bufferedSeconds()
    })
  }

  get rate (): number { return this.#index.timescale }
  get durationSeconds (): number { return this.#index.sampleCount / this.rate }
  get playedTo (): number { return this.#playedTo }
  get #preroll (): number { return prerollFrames(this.source.stream.rendition.codec) }

  /** Begins at a place, in samples. */
  start (at: number): void {
    this.#output.send({ kind: 'open', voice: this.voice, gain: 10 ** (this.source.gainDb / 20), samplesPerFrame: this.rate / this.#output.rate })
    this.#aim(at)
    this.#feed.start(at + this.#index.encoderDelay)
  }

  /** Goes to another place; what came already is used. */
  seek (at: number): void {
    this.#output.send({ kind: 'empty', voice: this.voice })
    const tick = at + this.#index.encoderDelay
    const found = this.#frames.findIndex((frame) => tick < frame.atTicks + frame.ticks)
    const isThere = found > 0 || (found === 0 && (this.#frames[0]?.atTicks ?? 0) <= tick)
    this.#aim(at)
    if (isThere && (found >= this.#preroll || this.#frames[0]?.atTicks === 0)) {
      this.#restartDecoder(Math.max(0, found - this.#preroll))
      this.#pump()
      return
    }
    this.#frames = []
    this.#next = 0
    this.#isWhole = false
    this.#decoder?.close()
    this.#decoder = null
    this.#feed.start(tick)
  }

  /** The listener is at this sample. */
  played (at: number): void {
    this.#playedTo = at
    const oldest = at + this.#index.encoderDelay - keptSeconds * this.rate
    const stale = Math.min(this.#next, this.#frames.findIndex((frame) => frame.atTicks > oldest))
    if (stale > 0) {
      this.#frames = this.#frames.slice(stale)
      this.#next -= stale
    }
    this.#pump()
    this.#feed.pump()
  }

  /** A long crossfade needs the end before it begins. */
  decodeAhead (seconds: number): void {
    this.#aheadSeconds = decodedSeconds + seconds
    this.#pump()
  }

  close (): void {
    this.#feed.stop()
    this.#decoder?.close()
    this.#decoder = null
    this.#frames = []
  }

  #aim (at: number): void {
    this.#from = at
    this.#playedTo = at
    this.#decodedTo = at
    this.#flushing = false
    this.#resampler?.reset()
    this.#skipper?.reset()
    this.#limiter?.reset()
  }

  #bufferedSeconds (): number {
    const last = this.#frames.at(-1)
    return last === undefined ? 0 : Math.max(0, (last.atTicks + last.ticks - this.#index.encoderDelay - this.#playedTo) / this.rate)
  }

  #take (frames: readonly Frame[]): void {
    this.#frames.push(...frames)
    if (this.#decoder === null) this.#restartDecoder(0)
    this.#pump()
  }

  #restartDecoder (next: number): void {
    // Of a fragment fetched for a place within it, what lies far before isn't needed.
    const wanted = this.#frames.findIndex((frame) => this.#from + this.#index.encoderDelay < frame.atTicks + frame.ticks)
    this.#next = Math.max(next, wanted - this.#preroll)
    try {
      this.#decoder ??= this.#openDecoder()
      this.#decoder.restart((this.#frames[this.#next]?.atTicks ?? 0) - this.#index.encoderDelay)
    } catch {
      this.#decoderFailed()
    }
  }

  #openDecoder (): FrameDecoder {
    const config = this.#config()
    this.#own ||= browserFails(config.codec)
    return openDecoder(config, { pcm: (pcm) => { this.#decoded(pcm) }, fault: () => { this.#decoderFailed() } }, this.#own)
  }

  /** Once our own decoder goes on after the last sample that came; where that fails too, the file is to blame. */
  #decoderFailed (): void {
    this.#decoder?.close()
    this.#decoder = null
    if (this.#own) {
      this.#feed.stop()
      this.#fault('undecodable')
      return
    }
    blameBrowser(this.#config().codec)
    this.#own = true
    this.#from = this.#decodedTo
    this.#flushing = false
    this.#restartDecoder(0)
    this.#pump()
  }

  #config (): DecoderConfig {
    const { codec, sampleRate, channels } = this.source.stream.rendition
    const description = this.#feed.init?.description
    return { codec: webCodecOf(codec), sampleRate, numberOfChannels: channels, ...(description === undefined ? {} : { description }) }
  }

  #pump (): void {
    const decoder = this.#decoder
    if (decoder === null) return
    while (this.#next < this.#frames.length && decoder.waiting < mostWaiting && this.#decodedTo - this.#playedTo < this.#aheadSeconds * this.rate) {
      const frame = this.#frames[this.#next]
      if (frame === undefined) break
      this.#next += 1
      // What the decoder has counts as decoded, lest it be given all at once.
      try {
        decoder.decode(frame)
      } catch {
        this.#decoderFailed()
        return
      }
    }
    if (this.#isWhole && this.#next >= this.#frames.length && !this.#flushing) this.#finish(decoder)
  }

  #finish (decoder: FrameDecoder): void {
    this.#flushing = true
    decoder.flush().then(() => {
      if (!this.#flushing || this.#decoder !== decoder) return
      const rest = this.#resampler?.finish()
      if (rest !== undefined) this.#level(rest)
      if (this.#limiter !== null) this.#send(this.#limiter.finish())
      this.#output.send({ kind: 'end', voice: this.voice })
    }, () => undefined)
  }

  #decoded (pcm: Pcm): void {
    const heard = cut(pcm, this.#from, this.#index.sampleCount)
    this.#decodedTo = Math.max(this.#decodedTo, pcm.at + (pcm.planes[0]?.length ?? 0))
    if (heard !== undefined) {
      const kept = this.#skipper === null ? heard : this.#skipper.keep(heard)
      this.#level(this.#resampler === null ? kept : this.#resampler.convert(kept))
    }
    this.#pump()
  }

  /** Peaks are seen as the output gets them: at its rate, after all that changes them. */
  #level (pcm: Pcm): void {
    if (framesOf(pcm) > 0) this.#send(this.#limiter === null ? pcm : this.#limiter.limit(pcm))
  }

  #send ({ at, planes }: Pcm): void {
    if ((planes[0]?.length ?? 0) > 0) this.#output.send({ kind: 'pcm', voice: this.voice, at, planes })
  }
}
