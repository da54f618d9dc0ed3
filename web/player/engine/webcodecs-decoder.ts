import type { DecoderConfig, DecoderListener, FrameDecoder } from './frame-decoder.ts'
import type { Frame } from './frame-reader.ts'

/** Decodes frames by WebCodecs and counts samples itself: decoders round or shift the timestamps they are given. */
export class WebCodecsDecoder implements FrameDecoder {
  readonly #config: DecoderConfig
  readonly #listener: DecoderListener
  #decoder: AudioDecoder | null = null
  #at = 0

  constructor (config: DecoderConfig, listener: DecoderListener) {
    this.#config = config
    this.#listener = listener
  }

  get waiting (): number { return this.#decoder?.decodeQueueSize ?? 0 }

  restart (at: number): void {
    this.close()
    this.#decoder = this.#open()
    this.#at = at
  }

  decode ({ data, atTicks, ticks }: Frame): void {
    const microseconds = (count: number): number => Math.round(count * 1e6 / this.#config.sampleRate)
    this.#decoder?.decode(new EncodedAudioChunk({ type: 'key', timestamp: microseconds(atTicks), duration: microseconds(ticks), data }))
  }

  /** Rejects where it is closed meanwhile. */
  async flush (): Promise<void> { await this.#decoder?.flush() }

  close (): void {
    if (this.#decoder !== null && this.#decoder.state !== 'closed') this.#decoder.close()
    this.#decoder = null
  }

  #open (): AudioDecoder {
    const decoder = new AudioDecoder({
      output: (data) => {
        // Closing doesn't call back what was posted already.
        if (this.#decoder === decoder) this.#tell(data)
        data.close()
      },
      error: (error) => { if (this.#decoder === decoder) this.#listener.fault(error) }
    })
    decoder.configure(this.#config)
    return decoder
  }

  #tell (data: AudioData): void {
    const planes = Array.from({ length: data.numberOfChannels }, (_, planeIndex) => {
      const plane = new Float32Array(data.numberOfFrames)
      data.copyTo(plane, { planeIndex, format: 'f32-planar' })
      return plane
    })
    const at = this.#at
    this.#at += data.numberOfFrames
    this.#listener.pcm({ at, planes })
  }
}
