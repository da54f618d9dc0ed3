import { ApiError, isAbort } from '../app/api.ts'
import { t } from '../messages/playback.ts'
import type { PlayErrorReason } from './error-report.ts'
import { FollowingTrack } from './following-track.ts'
import { Intent } from './intent.ts'
import { gainDb } from './loudness.ts'
import { PlayReports } from './play-reports.ts'
import { type PlaybackHooks, type PlaybackSettings, type PlaybackState, shownOf, silence } from './playback-state.ts'
import type { QueueEntry } from './queue.ts'
import { refusal } from './refusal.ts'
import { retryMs, waitOrOnline } from './retry-wait.ts'
import { SilenceWatch } from './silence-watch.ts'
import type { SoundFault, Source } from './sound.ts'
import { SoundSwitch } from './sound-switch.ts'
import { faultOf, isFresh, type SignedStream, signStream, startStream, versionsFor } from './stream.ts'

/** The next track is fetched this long before the end. */
const prepareAheadSeconds = 20
const keepPlaceEverySeconds = 5

/** Plays one entry at a time, whatever happens to the line or the address, and says what happens. */
export class Playback {
  readonly #hooks: PlaybackHooks
  readonly #sound: SoundSwitch
  readonly #following: FollowingTrack
  readonly #intent: Intent
  readonly #reports: PlayReports
  readonly #watch = new SilenceWatch({
    explain: () => { this.#update({ message: t('playback.waiting') }) },
    stalled: () => { this.#hasFault('network') }
  })

  #settings: PlaybackSettings = { quality: 'auto', loudness: 'auto', crossfadeSeconds: 0, skipSilence: false }
  #state = silence
  #entry: QueueEntry | undefined
  #stream: SignedStream | null = null
  /** Whether the listener wants sound now, whatever the sound does. */
  #wanted = false
  #tries = 0
  #retrying = false
  /** Whether an address is on its way, maybe while the version before still sounds. */
  #asking = false
  /** Which of the versions is tried. */
  #version = 0
  #keptAt = 0
  #controller = new AbortController()
  #speed = 1

  constructor (hooks: PlaybackHooks) {
    this.#hooks = hooks
    this.#reports = new PlayReports((play) => { hooks.heard(play) })
    this.#sound = new SoundSwitch({
      time: (seconds) => { this.#reached(seconds) },
      playing: () => { this.#isPlaying() },
      paused: () => { this.#wasPaused() },
      waiting: () => { this.#isWaiting() },
      joined: () => { this.#hasJoined() },
      ended: () => { this.#hasEnded() },
      fault: (fault) => { this.#hasFault(fault) }
    })
    this.#intent = new Intent((trackId, signal) => startStream(trackId, versionsFor(this.#settings.quality, this.#sound.takesHead)[0], signal), (id) => this.#sound.takesHead && !(this.#wanted && this.#entry?.track.id === id))
    this.#following = new FollowingTrack({
      next: () => this.#hooks.next(),
      source: async (entry, signal) => this.#sourceOf(entry, await this.#sign(entry, 0, signal)),
      prepare: (source) => { this.#sound.prepare(source) }
    })
  }

  /** Fetches the exact engine, so that it is there before it is wanted. */
  async fetchEngine (load: Parameters<SoundSwitch['fetchEngine']>[0]): Promise<void> { await this.#sound.fetchEngine(load) }

  /** Call inside a click or key press, where the sound comes later. */
  unlock (): void { this.#sound.unlock() }

  /** Plays the entry from a place, as a new play. */
  async start (entry: QueueEntry, atSeconds: number): Promise<void> {
    const atMs = performance.now()
    this.#sound.unlock()
    const prepared = atSeconds === 0 ? this.#following.take(entry) : null
    this.#become(entry)
    this.#wanted = true
    this.#reports.begin(entry, { atMs, prepared: prepared !== null })
    this.#update({ status: 'loading', positionSeconds: atSeconds, message: null, waveformUrl: prepared?.stream.waveformUrl ?? null })
    if (prepared === null) {
      // What was still being fetched of the track before would take its share of the line.
      this.#sound.clear()
      await this.#begin(entry)
    } else await this.#sounds(prepared, 0)
  }

  /** Makes the entry current without a sound. */
  restore (entry: QueueEntry, atSeconds: number): void {
    this.#become(entry)
    this.#sound.clear()
    this.#update({ ...silence, status: 'paused', positionSeconds: atSeconds })
    const { signal } = this.#controller
    // Only the picture of the sound is wanted yet; without it the line stays flat.
    this.#sign(entry, 0, signal).then(({ waveformUrl }) => { if (!signal.aborted) this.#update({ waveformUrl }) }, () => undefined)
  }

  async resume (): Promise<void> {
    const entry = this.#entry
    if (entry === undefined) return
    this.#sound.unlock()
    this.#wanted = true
    if (this.#stream !== null && isFresh(this.#stream, Date.now()) && this.#state.status !== 'failed') {
      this.#update({ message: null })
      await this.#sound.play().catch((error: unknown) => { this.#isSilenced(error) })
      return
    }
    if (!this.#reports.open) this.#reports.begin(entry, { atMs: performance.now(), prepared: false })
    this.#tries = this.#version = 0
    this.#update({ status: 'loading', message: null })
    await this.#begin(entry)
  }

  /** @param reason what the listener should know, where it wasn't their wish */
  pause (reason: string | null = null): void {
    if (this.#asking || this.#state.status === 'loading' || this.#state.message !== null) { this.#renewController(); this.#stream = null }
    this.#wanted = false
    this.#watch.end()
    this.#reports.rests()
    this.#sound.pause()
    this.#hooks.place(this.#state.positionSeconds)
    this.#update({ status: this.#entry === undefined ? 'idle' : 'paused', message: reason })
  }

  seek (seconds: number): void {
    this.#update({ positionSeconds: seconds })
    this.#hooks.place(seconds)
    this.#reports.rests()
    if (this.#stream === null || this.#entry === undefined) return
    // A place that isn't fetched yet is a silence as any other.
    if (this.#wanted) this.#watch.begin()
    if (isFresh(this.#stream, Date.now())) this.#sound.seek(seconds)
    // As after a long pause: while it loads, what still sounds doesn't take the needle back.
    else if (this.#wanted) this.resume()
    else this.#stream = null
  }

  /** Back to the start of what is current, silent. */
  rest (): void {
    this.#wanted = false
    this.#watch.end()
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

  setVolume (level: number, muted: boolean): void { this.#sound.setVolume(level, muted) }

  setSpeed (rate: number): void { this.#speed = rate; this.#sound.setSpeed(rate) }

  /** Another quality or loudness is heard at once, from the same place. */
  setSettings (settings: PlaybackSettings): void {
    const before = this.#settings
    this.#settings = settings
    this.#sound.setTransition(settings)
    if (settings.quality === before.quality && settings.loudness === before.loudness) return
    this.#following.forget()
    this.#version = 0
    if (this.#entry !== undefined && this.#stream !== null && this.#wanted) this.#begin(this.#entry)
    else this.#stream = null
  }

  #update (change: Partial<PlaybackState>): void {
    this.#state = { ...this.#state, ...change }
    this.#hooks.changed(this.#state)
  }

  #become (entry: QueueEntry | undefined): void {
    this.#renewController()
    this.#following.forget()
    this.#reports.finish()
    this.#watch.end()
    this.#entry = entry
    this.#stream = null
    this.#wanted = this.#retrying = false
    this.#tries = this.#version = this.#keptAt = 0
  }

  #renewController (): AbortSignal {
    this.#controller.abort()
    this.#controller = new AbortController()
    this.#asking = false
    return this.#controller.signal
  }

  /** An answer that is long in coming is a silence as any other. */
  #expectSound (): void { if (this.#wanted && this.#state.message === null) this.#watch.begin() }

  async #sign ({ track }: QueueEntry, version: number, signal: AbortSignal, { limitKbps, head = false }: { readonly limitKbps?: number | undefined, readonly head?: boolean } = {}): Promise<SignedStream> {
    const versions = versionsFor(this.#settings.quality, this.#sound.takesHead, limitKbps)
    return await ((head && version === 0 ? this.#intent.take(track.id) : null) ?? (head ? startStream : signStream)(track.id, versions[version] ?? versions[0], signal))
  }

  #sourceOf (entry: QueueEntry, stream: SignedStream): Source {
    const version = entry === this.#entry ? this.#version : 0
    return {
      stream,
      gainDb: gainDb(stream.loudness, this.#settings.loudness, this.#hooks.isInRow(entry)),
      resign: (limitKbps) => this.#sign(entry, version, new AbortController().signal, { limitKbps })
    }
  }

  /** Signs and plays from where the needle stands when the address has come; every fault on the way goes to a retry. */
  async #begin (entry: QueueEntry): Promise<void> {
    const signal = this.#renewController()
    this.#asking = true
    this.#expectSound()
    try {
      const stream = await this.#sign(entry, this.#version, signal, { head: this.#state.positionSeconds === 0 && this.#sound.takesHead })
      const fault = this.#tries > 0 ? await faultOf(stream, signal) : null
      if (signal.aborted) return
      this.#asking = false
      if (fault === null) await this.#sounds(this.#sourceOf(entry, stream), this.#state.positionSeconds)
      else if (fault === 'missing') await this.#tryAnother(entry, t('playback.missing'))
      else await this.#retry(entry)
    } catch (error) {
      if (signal.aborted || isAbort(error)) return
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) this.#refused(error)
      else await this.#retry(entry)
    }
  }

  async #sounds (source: Source, atSeconds: number): Promise<void> {
    const { stream } = source
    this.#sound.load(source, atSeconds)
    this.#stream = stream
    this.#watch.begin()
    // The page is drawn anew after the first frames went to the decoder.
    setTimeout(() => { if (this.#stream === stream) this.#update(shownOf(source)) })
    await this.#sound.play().catch((error: unknown) => { this.#isSilenced(error) })
  }

  /** play() was refused. The sound's own fault tells of what it could not load. */
  #isSilenced (error: unknown): void {
    if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return
    this.#wanted = false
    this.#watch.end()
    this.#update({ status: 'paused', message: t('playback.press-play') })
  }

  async #retry (entry: QueueEntry): Promise<void> {
    const wait = retryMs[this.#tries]
    if (wait === undefined) { this.#fail(t('player.gave-up'), 'gave-up'); return }
    this.#tries += 1
    this.#watch.end()
    if (this.#tries > 1) {
      this.#reports.failed('interrupted')
      this.#update({ status: 'stalled', message: t(navigator.onLine ? 'player.reconnecting' : 'player.offline') })
    }
    const signal = this.#renewController()
    this.#retrying = true
    await waitOrOnline(wait, signal)
    // What was in hand may have played on meanwhile.
    if (!signal.aborted) await this.#begin(entry)
  }

  /** Another version of the track, where this one makes no sound. */
  async #tryAnother (entry: QueueEntry, reason: string): Promise<void> {
    this.#version += 1
    this.#reports.failed('undecodable')
    if (versionsFor(this.#settings.quality, this.#sound.takesHead)[this.#version] !== undefined) await this.#begin(entry)
    else this.#giveUpTrack(reason)
  }

  #giveUpTrack (reason: string): void {
    this.#fail(reason, 'undecodable')
    this.#hooks.unplayable(reason)
  }

  #refused (error: ApiError): void {
    // Of this track there is no such version: the one before was the last.
    if (error.code === 'RENDITION_UNAVAILABLE' && this.#version > 0) this.#giveUpTrack(t('playback.missing'))
    else if (error.status === 404) {
      this.#fail(t('player.gone'), 'refused')
      this.#hooks.unplayable(t('player.gone'))
    } else this.#fail(refusal(error), 'refused')
  }

  #fail (message: string, reason: PlayErrorReason): void {
    this.#wanted = false
    this.#watch.end()
    this.#sound.pause()
    this.#reports.failed(reason)
    this.#update({ status: 'failed', message })
  }

  #reached (seconds: number): void {
    if (this.#stream === null || this.#entry === undefined || this.#state.status === 'loading') return
    this.#watch.end()
    if (this.#wanted) this.#reports.reached(seconds)
    this.#update({ positionSeconds: seconds })
    if (Math.abs(seconds - this.#keptAt) > keepPlaceEverySeconds) { this.#keptAt = seconds; this.#hooks.place(seconds) }
    if (this.#entry.track.durationMs / 1000 - seconds < (prepareAheadSeconds + this.#settings.crossfadeSeconds) * this.#speed) this.#following.keepReady()
  }

  #isPlaying (): void {
    // It came back by itself: a try that waits would only play a piece again.
    if (this.#retrying) this.#renewController()
    this.#retrying = false
    this.#tries = 0
    this.#watch.end()
    this.#reports.sounds(this.#sound.kind)
    this.#update({ status: 'playing', message: null })
  }

  /** It paused by itself: a headset's button, another app, the system. */
  #wasPaused (): void {
    if (this.#state.status !== 'playing') return
    this.#wanted = false
    this.#reports.rests()
    this.#hooks.place(this.#sound.position())
    this.#update({ status: 'paused' })
  }

  #isWaiting (): void {
    if (!this.#wanted) return
    if (this.#state.status !== 'loading') {
      this.#reports.stalls()
      this.#update({ status: 'stalled' })
    }
    this.#watch.begin()
  }

  #hasEnded (): void {
    this.#reports.finish()
    this.#hooks.ended()
  }

  /** What was prepared plays already. */
  #hasJoined (): void {
    const joined = this.#following.joined()
    if (joined === null) { this.#hasEnded(); return }
    this.#become(joined.entry)
    this.#wanted = true
    this.#stream = joined.source.stream
    this.#reports.follows(joined.entry, this.#sound.kind)
    this.#update({ status: 'playing', positionSeconds: 0, message: null, ...shownOf(joined.source) })
    this.#hooks.joined(joined.entry)
  }

  #hasFault (fault: SoundFault): void {
    const entry = this.#entry
    if (!this.#wanted || entry === undefined) { this.#stream = null; return }
    this.#watch.end()
    this.#reports.stalls()
    if (fault === 'undecodable') this.#tryAnother(entry, t('player.undecodable'))
    else this.#retry(entry)
  }
}
