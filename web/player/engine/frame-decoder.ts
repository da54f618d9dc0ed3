import type { Frame } from './frame-reader.ts'
import type { Pcm } from './pcm.ts'

export interface DecoderConfig extends AudioDecoderConfig {
  readonly description?: Uint8Array<ArrayBuffer>
}

export interface DecoderListener {
  pcm (pcm: Pcm): void
  fault (error: unknown): void
}

/** Makes samples of frames, in their order. */
export interface FrameDecoder {
  /** Frames that are under way. */
  readonly waiting: number
  /** The next frame's first sample is this one of the track; what is under way is dropped. Call it before the first. */
  restart (at: number): void
  decode (frame: Frame): void
  /** Whatever it holds back comes out before this resolves. */
  flush (): Promise<void>
  close (): void
}
