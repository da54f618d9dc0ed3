declare class AudioWorkletProcessor { readonly port: MessagePort }
declare function registerProcessor (name: string, processor: new () => AudioWorkletProcessor): void

/** Tells the first sound, and keeps the first channel from there on, so that a test can count samples. Any message ends it. */
class Recorder extends AudioWorkletProcessor {
  #blocks: Float32Array[] = []
  #heard = false

  constructor () {
    super()
    this.port.onmessage = () => {
      this.port.postMessage(this.#blocks)
      this.#blocks = []
      this.#heard = false
    }
  }

  process (inputs: readonly Float32Array[][]): boolean {
    const left = inputs[0]?.[0]
    if (left !== undefined && !this.#heard && left.some((sample) => Math.abs(sample) > 1e-3)) {
      this.#heard = true
      this.port.postMessage('heard')
    }
    if (this.#heard) this.#blocks.push(left === undefined ? new Float32Array(128) : left.slice())
    return true
  }
}

registerProcessor('recorder', Recorder)
