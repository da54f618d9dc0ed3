/** Long enough that a browser takes it for music, which gets the system's controls, and not for a signal. */
const seconds = 10
const rate = 8_000
const headerBytes = 44

/**
 * An element that plays nothing, in a loop, beside the engine: browsers show the system's controls, keep a page awake
 * and route a headset's buttons for media elements only.
 */
export class SilentElement {
  readonly #element = document.createElement('audio')
  #wanted = false

  constructor (pausedBySystem: () => void) {
    this.#element.src = URL.createObjectURL(new Blob([silence()], { type: 'audio/wav' }))
    this.#element.loop = true
    this.#element.hidden = true
    document.body.append(this.#element)
    this.#element.addEventListener('pause', () => {
      // Of a pause of ours that was taken back at once, the event comes when it plays again.
      if (!this.#wanted || !this.#element.paused) return
      this.#wanted = false
      pausedBySystem()
    })
  }

  /** Rejects with a NotAllowedError where the browser wants a click first. */
  async play (): Promise<void> {
    this.#wanted = true
    await this.#element.play()
  }

  pause (): void {
    this.#wanted = false
    this.#element.pause()
  }
}

/** A WAV file of 8-bit silence. */
function silence (): ArrayBuffer {
  const frames = seconds * rate
  const view = new DataView(new ArrayBuffer(headerBytes + frames))
  const text = (at: number, word: string): void => { for (const [i, letter] of [...word].entries()) view.setUint8(at + i, letter.charCodeAt(0)) }
  text(0, 'RIFF')
  view.setUint32(4, view.byteLength - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate, true)
  view.setUint16(32, 1, true)
  view.setUint16(34, 8, true)
  text(36, 'data')
  view.setUint32(40, frames, true)
  new Uint8Array(view.buffer, headerBytes).fill(128)
  return view.buffer
}
