/** What an audio worklet has and no type library of ours knows. */
declare class AudioWorkletProcessor { readonly port: MessagePort }
declare function registerProcessor (name: string, processor: new () => AudioWorkletProcessor): void

const framesAMessage = 16_384

/** Sends on what passes, both channels, until it is told to stop. */
class Capture extends AudioWorkletProcessor {
  #planes = [new Float32Array(framesAMessage), new Float32Array(framesAMessage)] as const
  #filled = 0
  #running = true

  constructor () {
    super()
    this.port.onmessage = () => {
      this.#send()
      this.#running = false
      this.port.postMessage(null)
    }
  }

  process ([input]: readonly Float32Array[][]): boolean {
    for (const [channel, plane] of this.#planes.entries()) {
      const heard = input?.[channel] ?? input?.[0]
      if (heard === undefined) plane.fill(0, this.#filled, this.#filled + 128)
      else plane.set(heard, this.#filled)
    }
    this.#filled += 128
    if (this.#filled === framesAMessage) this.#send()
    return this.#running
  }

  #send (): void {
    this.port.postMessage(this.#planes.map((plane) => plane.slice(0, this.#filled)))
    this.#filled = 0
  }
}

registerProcessor('capture', Capture)
