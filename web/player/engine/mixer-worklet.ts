import { Mixer } from './mixer.ts'
import type { MixerCommand } from './mixer-messages.ts'

declare const currentTime: number
declare const sampleRate: number
declare class AudioWorkletProcessor { readonly port: MessagePort }
declare function registerProcessor (name: string, processor: new () => AudioWorkletProcessor): void

/** Blocks between two reports of the place: 46 ms at 44.1 kHz. */
const reportEvery = 16

class MixerProcessor extends AudioWorkletProcessor {
  readonly #mixer = new Mixer((report) => { this.port.postMessage(report) })
  #blocks = 0

  constructor () {
    super()
    this.port.onmessage = ({ data }: MessageEvent<MixerCommand>) => { this.#mixer.command(data) }
  }

  process (_inputs: unknown, [out = []]: readonly Float32Array[][]): boolean {
    this.#mixer.render(out)
    this.#blocks += 1
    if (this.#blocks % reportEvery === 0) this.#mixer.report(currentTime + (out[0]?.length ?? 0) / sampleRate)
    return true
  }
}

registerProcessor('freshet-mixer', MixerProcessor)
