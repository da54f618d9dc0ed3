import { ApiError, isAbort } from '../app/api.ts'
import { t } from '../messages/messages.ts'
import { createMediaElementSound, type Sound, type SoundFault } from './media-element-sound.ts'
import { type PlayReport, startPlayReport } from './play-report.ts'
import type { QueueEntry } from './queue.ts'
import { waitOrOnline } from './retry-wait.ts'
import { isFresh, type SignedStream, signStream } from './stream.ts'

export type PlaybackStatus = 'idle' | 'loading' | 'playing' | 'paused' | 'stalled' | 'failed'

export interface PlaybackState {
  readonly status: PlaybackStatus
  readonly positionSeconds: number
  /** What a listener should know, in words. */
  readonly message: string | null
  readonly waveformUrl: string | null
}

export interface PlaybackHooks {
  changed (state: PlaybackState): void
  /** What will follow, to prepare it. */
  next (): QueueEntry | undefined
  ended (): void
  /** The place, every few seconds, to keep it. */
  place (seconds: number): void
}

export const silence: PlaybackState = { status: 'idle', positionSeconds: 0, message: null, waveformUrl: null }

/** The next track is fetched this long before the end. */
const prepareAheadSeconds = 20
/** Waits between tries, ms; a line that comes back ends the wait at once. */
const retryMs = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000]
/** A stall longer than this asks for a new address. */
const stallMs = 12_000
const keepPlaceEverySeconds = 5

/** Plays one entry at a time, whatever happens to the line or the address, and says what happens. */
export class Playback {
  readonly #hooks: PlaybackHooks
  readonly #sound: Sound
  #state = silence
  #entry: QueueEntry | undefined
  #stream: SignedStream | null = null
  #prepared: { readonly key: number, readonly stream: SignedStream } | null = null
  #preparing: number | null = null
  #report: PlayReport | null = null
  /** Whether the listener wants sound now, whatever the element does. */
  #wanted = false
  #tries = 0
  #keptAt = 0
  #controller = new AbortController()
  #stall: ReturnType<typeof setTimeout> | undefined

  constructor (hooks: PlaybackHooks) {
    this.#hooks = hooks
    this.#sound = createMediaElementSound({
      time: (seconds) => { this.#reached(seconds) },
      playing: () => { this.#isPlaying() },
      paused: () => { this.#wasPaused() },
      waiting: () => { this.#isWaiting() },
      ended: () => { this.#hasEnded() },
      fault: (fault) => { this.#hasFault(fault) }
    })
  }

  /** Plays the entry from a place, as a new play. */
  async start (entry: QueueEntry, atSeconds: number): Promise<void> {
    this.#sound.unlock()
    const prepared = this.#prepared
    this.#become(entry)
    this.#wanted = true
    this.#report = startPlayReport(entry.track)
    const ready = atSeconds === 0 && prepared?.key === entry.key && isFresh(prepared.stream, Date.now()) ? prepared.stream : null
    this.#update({ status: 'loading', positionSeconds: atSeconds, message: null, waveformUrl: ready?.waveformUrl ?? null })
    if (ready === null) {
      this.#sound.pause()
      await this.#begin(entry, atSeconds)
      return
    }
    this.#stream = ready
    this.#sound.takePrepared()
    // What was prepared may have failed meanwhile: then sign anew.
    await this.#sound.play().catch(async () => { if (this.#entry === entry) await this.#begin(entry, 0) })
  }

  /** Makes the entry current without a sound. */
  restore (entry: QueueEntry, atSeconds: number): void {
    this.#become(entry)
    this.#sound.clear()
    this.#update({ ...silence, status: 'paused', positionSeconds: atSeconds })
    const { signal } = this.#controller
    // Only the picture of the sound is wanted yet; without it the line stays flat.
    signStream(entry.track.id, signal).then(({ waveformUrl }) => { if (!signal.aborted) this.#update({ waveformUrl }) }, () => undefined)
  }

  async resume (): Promise<void> {
    const entry = this.#entry
    if (entry === undefined) return
    if (this.#stream === null || !isFresh(this.#stream, Date.now()) || this.#state.status === 'failed') {
      await this.start(entry, this.#state.positionSeconds)
      return
    }
    this.#wanted = true
    await this.#sound.play().catch(() => { this.#hasFault('network') })
  }

  pause (): void {
    const connecting = this.#state.status === 'loading' || this.#state.message !== null
    if (connecting) { this.#renewController(); this.#stream = null }
    this.#wanted = false
    clearTimeout(this.#stall)
    this.#sound.pause()
    this.#hooks.place(this.#state.positionSeconds)
    this.#update({ status: 'paused', message: null })
  }

  seek (seconds: number): void {
    this.#update({ positionSeconds: seconds })
    this.#hooks.place(seconds)
    if (this.#stream === null || this.#entry === undefined) return
    if (isFresh(this.#stream, Date.now())) this.#sound.seek(seconds)
    else if (this.#wanted) this.start(this.#entry, seconds)
    else this.#stream = null
  }

  /** Back to the start of what is current, silent. */
  rest (): void {
    this.#wanted = false
    this.#sound.pause()
    this.#sound.seek(0)
    this.#update({ status: this.#entry === undefined ? 'idle' : 'paused', positionSeconds: 0 })
  }

  stop (): void {
    this.#become(undefined)
    this.#sound.clear()
    this.#update(silence)
  }

  /** Seconds, this very moment. */
  position (): number {
    return this.#stream === null || this.#state.status === 'loading' ? this.#state.positionSeconds : this.#sound.position()
  }

  setVolume (level: number, muted: boolean): void {
    this.#sound.setVolume(level, muted)
  }

  #update (change: Partial<PlaybackState>): void {
    this.#state = { ...this.#state, ...change }
    this.#hooks.changed(this.#state)
  }

  #become (entry: QueueEntry | undefined): void {
    this.#renewController()
    clearTimeout(this.#stall)
    this.#report?.finish()
    this.#report = null
    this.#entry = entry
    this.#stream = null
    this.#prepared = null
    this.#preparing = null
    this.#wanted = false
    this.#tries = 0
    this.#keptAt = 0
  }

  #renewController (): void {
    this.#controller.abort()
    this.#controller = new AbortController()
  }

  /** Signs and plays; every fault on the way goes to a retry. */
  async #begin (entry: QueueEntry, atSeconds: number): Promise<void> {
    const { signal } = this.#controller
    try {
      const stream = await signStream(entry.track.id, signal)
      this.#update({ waveformUrl: stream.waveformUrl })
      this.#sound.load(stream.url, atSeconds)
      this.#stream = stream
      await this.#sound.play()
    } catch (error) {
      if (signal.aborted || isAbort(error)) return
      if (error instanceof DOMException) this.#isSilenced(error)
      else if (error instanceof ApiError && error.status < 500 && error.status !== 429) this.#fail(refusal(error))
      else await this.#retry(entry, atSeconds)
    }
  }

  /** play() was refused. The element's own error event tells of what it could not load. */
  #isSilenced (error: DOMException): void {
    if (error.name !== 'NotAllowedError') return
    this.#wanted = false
    this.#update({ status: 'paused' })
  }

  async #retry (entry: QueueEntry, atSeconds: number): Promise<void> {
    const wait = retryMs[this.#tries]
    if (wait === undefined) { this.#fail(t('player.gave-up')); return }
    this.#tries += 1
    if (this.#tries > 1) this.#update({ status: 'stalled', message: t(navigator.onLine ? 'player.reconnecting' : 'player.offline') })
    const { signal } = this.#controller
    await waitOrOnline(wait, signal)
    if (!signal.aborted) await this.#begin(entry, atSeconds)
  }

  #fail (message: string): void {
    this.#wanted = false
    this.#update({ status: 'failed', message })
  }

  async #prepareNext (): Promise<void> {
    const next = this.#hooks.next()
    if (next === undefined || next.key === this.#entry?.key || next.key === this.#preparing) return
    this.#preparing = next.key
    const { signal } = this.#controller
    try {
      const stream = await signStream(next.track.id, signal)
      this.#prepared = { key: next.key, stream }
      this.#sound.prepare(stream.url)
    } catch (error) {
      // Preparing is a kindness: the real start tries again, and says what is wrong.
      if (!isAbort(error)) this.#prepared = null
    }
  }

  #reached (seconds: number): void {
    if (this.#stream === null || this.#entry === undefined || this.#state.status === 'loading') return
    if (this.#wanted) this.#report?.reached(seconds)
    clearTimeout(this.#stall)
    this.#update({ positionSeconds: seconds })
    if (Math.abs(seconds - this.#keptAt) > keepPlaceEverySeconds) {
      this.#keptAt = seconds
      this.#hooks.place(seconds)
    }
    if (this.#entry.track.durationMs / 1000 - seconds < prepareAheadSeconds) this.#prepareNext()
  }

  #isPlaying (): void {
    this.#tries = 0
    clearTimeout(this.#stall)
    this.#update({ status: 'playing', message: null })
  }

  /** The element paused by itself: a headset's button, another app, the system. */
  #wasPaused (): void {
    if (this.#state.status !== 'playing') return
    this.#wanted = false
    this.#hooks.place(this.#sound.position())
    this.#update({ status: 'paused' })
  }

  #isWaiting (): void {
    if (!this.#wanted) return
    if (this.#state.status !== 'loading') this.#update({ status: 'stalled' })
    clearTimeout(this.#stall)
    this.#stall = setTimeout(() => { this.#hasFault('network') }, stallMs)
  }

  #hasEnded (): void {
    this.#report?.finish()
    this.#report = null
    this.#hooks.ended()
  }

  #hasFault (fault: SoundFault): void {
    if (!this.#wanted || this.#entry === undefined) return
    clearTimeout(this.#stall)
    if (fault === 'undecodable' && this.#tries > 1) this.#fail(t('player.undecodable'))
    else this.#retry(this.#entry, this.#state.positionSeconds)
  }
}

function refusal (error: ApiError): string {
  if (error.code === 'TRACK_NOT_READY') return t('player.not-ready')
  if (error.status === 404) return t('player.gone')
  return error.status === 401 ? t('fault.signed-out') : t('player.refused')
}
