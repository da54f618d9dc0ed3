/** Why the sound stopped: the line or the address's life, or a file that this browser can't decode. */
export type SoundFault = 'network' | 'undecodable'

export interface SoundListener {
  time (seconds: number): void
  playing (): void
  paused (): void
  waiting (): void
  ended (): void
  fault (fault: SoundFault): void
}

/** What makes the sound. Knows addresses and seconds; nothing of tracks, queues or pages. */
export interface Sound {
  /** Call inside a click or key press, so that browsers let both elements play later. */
  unlock (): void
  /** Replaces what plays by this address, from `atSeconds`. */
  load (url: string, atSeconds: number): void
  /** Fetches what will follow. */
  prepare (url: string): void
  /** Makes what was prepared the current sound. */
  takePrepared (): void
  play (): Promise<void>
  pause (): void
  seek (seconds: number): void
  position (): number
  setVolume (volume: number, muted: boolean): void
  clear (): void
}

/** Two media elements: one plays, the other holds what follows. Works in every browser and survives a locked phone. */
export function createMediaElementSound (listener: SoundListener): Sound {
  let active = document.createElement('audio')
  let spare = document.createElement('audio')
  let unlocked = false
  for (const element of [active, spare]) {
    element.preload = 'auto'
    element.hidden = true
    document.body.append(element)
    connect(element, listener, () => element === active)
  }

  return {
    unlock () {
      if (unlocked) return
      unlocked = true
      for (const element of [active, spare]) element.load()
    },
    load (url, atSeconds) {
      active.src = url
      if (atSeconds > 0) active.currentTime = atSeconds
    },
    prepare (url) { spare.src = url },
    takePrepared () {
      active.pause()
      ;[active, spare] = [spare, active]
      active.volume = spare.volume
      active.muted = spare.muted
      empty(spare)
    },
    async play () { await active.play() },
    pause () { active.pause() },
    seek (seconds) { active.currentTime = seconds },
    position: () => active.currentTime,
    setVolume (volume, muted) {
      for (const element of [active, spare]) {
        element.volume = volume
        element.muted = muted
      }
    },
    clear () {
      empty(active)
      empty(spare)
    }
  }
}

function empty (element: HTMLAudioElement): void {
  element.removeAttribute('src')
  element.load()
}

function connect (element: HTMLAudioElement, listener: SoundListener, isActive: () => boolean): void {
  const when = (name: string, tell: () => void): void => {
    element.addEventListener(name, () => { if (isActive() && element.src !== '') tell() })
  }
  when('timeupdate', () => { listener.time(element.currentTime) })
  when('playing', () => { listener.playing() })
  when('pause', () => { if (!element.ended) listener.paused() })
  when('waiting', () => { listener.waiting() })
  when('ended', () => { listener.ended() })
  when('error', () => { listener.fault(element.error?.code === MediaError.MEDIA_ERR_DECODE ? 'undecodable' : 'network') })
}
