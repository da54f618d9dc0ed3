import type { SharedTrack } from '../../src/sharing/schemas.ts'
import { gainDb } from '../player/loudness.ts'
import { MediaElementSound } from '../player/media-element-sound.ts'
import { type PlayReport, startPlayReport } from '../player/play-report.ts'
import type { SoundFault, Source } from '../player/sound.ts'
import { EndedError, signShared, tellSharedPlay } from './shared-api.ts'

export type ShareStatus = 'idle' | 'loading' | 'playing' | 'paused' | 'stalled' | 'failed'
export type ShareFault = 'ended' | 'line' | 'undecodable'

/** Tries after a fault of the line, before it is said. */
const maxTries = 3
const retryMs = 1_500

/** Plays the tracks of one link by the base sound: state goes one way, to the page. */
export class SharePlayer {
  readonly #token: string
  readonly #tracks: readonly SharedTrack[]
  readonly #sound: MediaElementSound
  #report: PlayReport | null = null
  #tries = 0
  /** Counts what was asked for: an answer that comes after it was given up starts nothing. */
  #asked = 0
  #index = $state(0)
  #status = $state<ShareStatus>('idle')
  #fault = $state<ShareFault | null>(null)
  #seconds = $state(0)
  #waveformUrl = $state.raw<string | null>(null)

  constructor (token: string, tracks: readonly SharedTrack[]) {
    this.#token = token
    this.#tracks = tracks
    this.#sound = new MediaElementSound({
      time: (seconds) => { this.#seconds = seconds; this.#report?.reached(seconds) },
      playing: () => { this.#tries = 0; this.#fault = null; this.#status = 'playing' },
      paused: () => { if (this.#status === 'playing') this.#status = 'paused' },
      waiting: () => { if (this.#status === 'playing') this.#status = 'stalled' },
      joined: () => undefined,
      ended: () => { this.#ended() },
      fault: (fault) => { this.#failed(fault) }
    })
    // The picture of the sound is there before the first press.
    this.#look()
  }

  get index (): number { return this.#index }
  get track (): SharedTrack | undefined { return this.#tracks[this.#index] }
  get status (): ShareStatus { return this.#status }
  get fault (): ShareFault | null { return this.#fault }
  get seconds (): number { return this.#seconds }
  get durationSeconds (): number { return (this.track?.durationMs ?? 0) / 1000 }
  get waveformUrl (): string | null { return this.#waveformUrl }
  get active (): boolean { return this.#status === 'playing' || this.#status === 'loading' || this.#status === 'stalled' }
  get hasNext (): boolean { return this.#index + 1 < this.#tracks.length }
  /** The place this very moment, for the needle. */
  now (): number { return this.#status === 'idle' || this.#status === 'loading' ? this.#seconds : this.#sound.position() }

  async play (index: number, atSeconds = 0): Promise<void> {
    this.#sound.unlock()
    const track = this.#tracks[index]
    if (track === undefined) return
    const again = index === this.#index && this.#report !== null
    if (!again) {
      this.#report?.finish()
      // What sounded before would go on until the answer comes, and tell its own place.
      this.#sound.clear()
      this.#report = startPlayReport(track, (play) => { tellSharedPlay(this.#token, play) })
    }
    this.#index = index
    this.#seconds = atSeconds
    this.#status = 'loading'
    this.#fault = null
    const asked = ++this.#asked
    try {
      const source = await this.#sourceOf(track)
      if (this.#asked !== asked) return
      this.#sound.load(source, atSeconds)
      await this.#sound.play()
    } catch (error) {
      if (this.#asked === asked) this.#refused(error)
    }
  }

  toggle (): void {
    if (this.active) {
      // What isn't there yet is asked for anew at the next press.
      this.#status = this.#status === 'playing' ? 'paused' : 'idle'
      this.#asked += 1
      this.#sound.pause()
    } else if (this.#status === 'paused') this.#sound.play().catch((error: unknown) => { this.#refused(error) })
    else this.play(this.#index, this.#seconds)
  }

  seek (seconds: number): void {
    this.#seconds = Math.min(Math.max(0, seconds), Math.max(0, this.durationSeconds - 0.25))
    if (this.#status !== 'idle' && this.#status !== 'failed') this.#sound.seek(this.#seconds)
  }

  next (): void { if (this.hasNext) { this.#tries = 0; this.play(this.#index + 1) } }
  previous (): void {
    if (this.now() > 3 || this.#index === 0) this.seek(0)
    else this.play(this.#index - 1)
  }

  async #sourceOf (track: SharedTrack): Promise<Source> {
    const stream = await signShared(this.#token, track.id)
    this.#waveformUrl = stream.waveformUrl
    return { stream, gainDb: gainDb(stream.loudness, 'auto', this.#tracks.length > 1), resign: async () => await signShared(this.#token, track.id) }
  }

  async #look (): Promise<void> {
    const [track] = this.#tracks
    if (track === undefined) return
    // Without it the line stays flat; the press on play says what is the matter.
    const stream = await signShared(this.#token, track.id).catch(() => null)
    if (this.#status === 'idle') this.#waveformUrl = stream?.waveformUrl ?? null
  }

  #ended (): void {
    this.#report?.finish()
    this.#report = null
    if (this.hasNext) { this.play(this.#index + 1); return }
    this.#status = 'idle'
    this.#seconds = 0
    this.#index = 0
    this.#look()
  }

  #refused (error: unknown): void {
    // The browser wants a press first: then play is what to press.
    if (error instanceof DOMException && error.name === 'NotAllowedError') this.#status = 'paused'
    else if (error instanceof EndedError) this.#fail('ended')
    else if (!(error instanceof DOMException)) this.#failed('network')
  }

  #failed (fault: SoundFault): void {
    if (!this.active) return
    this.#tries += 1
    if (this.#tries > maxTries) { this.#fail(fault === 'undecodable' ? 'undecodable' : 'line'); return }
    this.#status = 'stalled'
    const [index, at] = [this.#index, this.#seconds]
    setTimeout(() => { if (this.#status === 'stalled' && this.#index === index) this.play(index, at) }, retryMs * this.#tries)
  }

  #fail (fault: ShareFault): void {
    this.#status = 'failed'
    this.#fault = fault
  }
}
