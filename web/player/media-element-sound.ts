import { factorOf } from './loudness.ts'
import type { Sound, SoundListener, Source } from './sound.ts'

/** Two media elements: one plays, the other holds what follows. Works in every browser and survives a locked phone. */
export class MediaElementSound implements Sound {
  readonly #listener: SoundListener
  #active: Deck
  #spare: Deck
  #unlocked = false
  #level = 1
  #muted = false
  #speed = 1

  constructor (listener: SoundListener) {
    this.#listener = listener
    this.#active = this.#deck()
    this.#spare = this.#deck()
  }

  unlock (): void {
    if (this.#unlocked) return
    this.#unlocked = true
    for (const { element, source } of [this.#active, this.#spare]) if (source === null) element.load()
  }

  load (source: Source, atSeconds: number): void {
    if (atSeconds === 0 && this.#spare.source?.stream === source.stream && this.#spare.element.error === null) {
      this.#take()
      return
    }
    if (this.#spare.source !== null) empty(this.#spare)
    this.#fill(this.#active, source)
    if (atSeconds > 0) this.#active.element.currentTime = atSeconds
  }

  prepare (source: Source | null): void {
    if (source === null) empty(this.#spare)
    else this.#fill(this.#spare, source)
  }

  async play (): Promise<void> { await this.#active.element.play() }
  pause (): void { this.#active.element.pause() }
  seek (seconds: number): void { this.#active.element.currentTime = seconds }
  position (): number { return this.#active.element.currentTime }

  setVolume (level: number, muted: boolean): void {
    this.#level = level
    this.#muted = muted
    for (const deck of [this.#active, this.#spare]) this.#adjust(deck)
  }

  setSpeed (rate: number): void {
    this.#speed = rate
    for (const deck of [this.#active, this.#spare]) this.#adjust(deck)
  }

  /** An element can neither fade into another one to the moment nor hear what is silent. */
  setTransition (): void {}

  clear (): void {
    empty(this.#active)
    empty(this.#spare)
  }

  #take (): void {
    this.#active.element.pause()
    ;[this.#active, this.#spare] = [this.#spare, this.#active]
    empty(this.#spare)
  }

  #fill (deck: Deck, source: Source): void {
    deck.source = source
    deck.element.src = source.stream.url
    this.#adjust(deck)
  }

  /** An element only becomes quieter than its file: of what loudness asks for it gives what goes down. */
  #adjust ({ element, source }: Deck): void {
    element.volume = Math.min(1, this.#level * factorOf(source?.gainDb ?? 0))
    element.muted = this.#muted
    // A new source sets the rate back to the default one.
    element.defaultPlaybackRate = this.#speed
    element.playbackRate = this.#speed
  }

  #deck (): Deck {
    const element = document.createElement('audio')
    element.preload = 'auto'
    element.hidden = true
    document.body.append(element)
    const listener = this.#listener
    const when = (name: string, tell: () => void): void => {
      element.addEventListener(name, () => { if (this.#active.element === element && this.#active.source !== null) tell() })
    }
    when('timeupdate', () => { listener.time(element.currentTime) })
    when('playing', () => { listener.playing() })
    when('pause', () => { if (element.paused && !element.ended) listener.paused() })
    when('waiting', () => { listener.waiting() })
    when('ended', () => { this.#ended() })
    when('error', () => { listener.fault(element.error?.code === MediaError.MEDIA_ERR_DECODE ? 'undecodable' : 'network') })
    return { element, source: null }
  }

  #ended (): void {
    if (this.#spare.source === null || this.#spare.element.error !== null) {
      this.#listener.ended()
      return
    }
    this.#take()
    this.#listener.joined()
    this.play().catch(() => { this.#listener.fault('network') })
  }
}

interface Deck { readonly element: HTMLAudioElement, source: Source | null }

function empty (deck: Deck): void {
  deck.source = null
  deck.element.removeAttribute('src')
  deck.element.load()
}
