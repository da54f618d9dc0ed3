interface Chunk { readonly at: number, readonly planes: ReadonlyArray<Float32Array>, read: number }

/** A track's samples on their way out. */
export class Voice {
  readonly id: number
  readonly samplesPerFrame: number
  readonly #chunks: Chunk[] = []
  gain: number
  ended = false
  queuedFrames = 0
  /** Of the next sample, in the track. */
  at = 0

  constructor (id: number, gain: number, samplesPerFrame: number) {
    this.id = id
    this.gain = gain
    this.samplesPerFrame = samplesPerFrame
  }

  add (at: number, planes: ReadonlyArray<Float32Array>): void {
    if (this.#chunks.length === 0) this.at = at
    this.#chunks.push({ at, planes, read: 0 })
    this.queuedFrames += planes[0]?.length ?? 0
  }

  empty (): void {
    this.#chunks.length = 0
    this.queuedFrames = 0
    this.ended = false
  }

  /** Adds up to `count` frames from `start` on, each by `level`; returns how many there were. */
  mix (out: readonly Float32Array[], start: number, count: number, level: (frame: number) => number): number {
    let done = 0
    while (done < count) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) break
      const length = chunk.planes[0]?.length ?? 0
      const frames = Math.min(count - done, length - chunk.read)
      for (const [channel, samples] of out.entries()) {
        const plane = chunk.planes[Math.min(channel, chunk.planes.length - 1)]
        if (plane === undefined) continue
        for (let i = 0; i < frames; i++) samples[start + done + i] = (samples[start + done + i] ?? 0) + (plane[chunk.read + i] ?? 0) * level(done + i)
      }
      chunk.read += frames
      done += frames
      this.at = chunk.at + chunk.read * this.samplesPerFrame
      if (chunk.read >= length) this.#chunks.shift()
    }
    this.queuedFrames -= done
    return done
  }
}
