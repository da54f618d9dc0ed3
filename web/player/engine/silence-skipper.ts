import { framesOf, type Pcm } from './pcm.ts'

/** −60 dB of full scale: below this nobody hears anything in a room. */
const quiet = 0.001
/** A rest in the music stays; so much of a longer silence does too. */
const keptSeconds = 0.5

/** Takes silences out: of each it lets half a second through, and nothing more until there is sound again. */
export class SilenceSkipper {
  readonly #keptFrames: number
  #quietFrames = 0

  constructor (rate: number) {
    this.#keptFrames = Math.round(keptSeconds * rate)
  }

  reset (): void { this.#quietFrames = 0 }

  /** What is left of it; perhaps nothing. */
  keep (pcm: Pcm): Pcm {
    const kept: number[] = []
    for (let i = 0; i < framesOf(pcm); i++) {
      const isQuiet = pcm.planes.every((plane) => Math.abs(plane[i] ?? 0) < quiet)
      this.#quietFrames = isQuiet ? this.#quietFrames + 1 : 0
      if (this.#quietFrames <= this.#keptFrames) kept.push(i)
    }
    if (kept.length === framesOf(pcm)) return pcm
    return { at: pcm.at + (kept[0] ?? framesOf(pcm)), planes: pcm.planes.map((plane) => Float32Array.from(kept, (i) => plane[i] ?? 0)) }
  }
}
