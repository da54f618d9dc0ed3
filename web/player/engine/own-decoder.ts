import { lazy } from '../../app/lazy.ts'
import type { DecoderConfig, DecoderListener, FrameDecoder } from './frame-decoder.ts'
import type { Frame } from './frame-reader.ts'

/** Decodes some frames at a time, in their order. */
export interface BatchCodec {
  readonly mostFrames: number
  /** A plane a channel; rejects where it makes nothing of them. `before` are those that came last, none after a jump. */
  decode (frames: readonly Frame[], before: readonly Frame[]): Promise<Float32Array<ArrayBuffer>[]>
}

/** For browsers whose WebCodecs don't decode what they say they do: FLAC by ourselves, AAC as pieces of a file. */
export class OwnDecoder implements FrameDecoder {
  readonly #codec: Promise<BatchCodec>
  readonly #listener: DecoderListener
  #queue: Frame[] = []
  #before: readonly Frame[] = []
  #at = 0
  /** Counts restarts: what belongs to an earlier one is dropped. */
  #turn = 0
  #work: Promise<void> | null = null

  constructor (config: DecoderConfig, listener: DecoderListener) {
    this.#listener = listener
    this.#codec = codecFor(config)
    // The first frame that needs it tells.
    this.#codec.catch(() => undefined)
  }

  get waiting (): number { return this.#queue.length }

  restart (at: number): void {
    this.close()
    this.#at = at
  }

  decode (frame: Frame): void {
    this.#queue.push(frame)
    if (this.#work !== null) return
    const turn = this.#turn
    this.#work = this.#run(turn).catch((error: unknown) => { if (turn === this.#turn) this.#listener.fault(error) })
  }

  async flush (): Promise<void> { await this.#work }

  close (): void {
    this.#turn += 1
    this.#queue = []
    this.#before = []
    this.#work = null
  }

  async #run (turn: number): Promise<void> {
    const codec = await this.#codec
    while (turn === this.#turn && this.#queue.length > 0) {
      const frames = this.#queue.splice(0, codec.mostFrames)
      const planes = await codec.decode(frames, this.#before)
      if (turn !== this.#turn) return
      this.#before = frames
      const at = this.#at
      this.#at += planes[0]?.length ?? 0
      this.#listener.pcm({ at, planes })
    }
    if (turn === this.#turn) this.#work = null
  }
}

async function codecFor (config: DecoderConfig): Promise<BatchCodec> {
  if (config.codec === 'flac') return (await lazy(async () => await import('./flac-codec.ts'))).createFlacCodec(config)
  return (await lazy(async () => await import('./adts-codec.ts'))).createAdtsCodec(config)
}
