import { factorOf, highestPeakDbtp } from '../loudness.ts'
import type { Source } from '../sound.ts'
import { framesOf, inARow, type Pcm } from './pcm.ts'

/** Down from nothing to silence takes this long, so 6 dB take 5 ms. It is known before, for so much is held back. */
const fallSeconds = 0.01
/** And up again: 6 dB take 100 ms. Both as usual; see docs/decisions/0042. */
const riseSeconds = 0.2
/** Places between two samples where the wave is looked at: four times the rate, as ITU-R BS.1770-5, annex 2, wants it. */
const between = [0.25, 0.5, 0.75]
/** Samples on each side that make the wave: with 12 it is as long as the recommendation's own filter. */
const reach = 6
const kernels = between.map((place) => Float32Array.from({ length: 2 * reach }, (_, tap) => lanczos(tap - reach + 1 - place)))
/** No wave between samples is more than so many times as high as they are: the sum of the kernel's values. */
const mostOver = Math.max(...kernels.map((kernel) => kernel.reduce((sum, value) => sum + Math.abs(value), 0)))

/** How long a track is, and how many of its samples are one frame of the output. */
interface Extent { readonly sampleCount: number, readonly samplesPerFrame: number, readonly outputRate: number }

/** null: this track is not raised so far that its peaks would pass the highest one; then its samples stay as they are. */
export function limiterFor ({ stream: { loudness }, gainDb }: Source, extent: Extent): PeakLimiter | null {
  if (gainDb <= 0 || loudness.truePeakDbtp === null || gainDb + loudness.truePeakDbtp <= highestPeakDbtp) return null
  return new PeakLimiter(factorOf(highestPeakDbtp - gainDb), extent)
}

/**
 * Turns one track down about those peaks that would be too high, and nothing else. It sees them coming, for sound is
 * decoded long before it is heard. Where the track begins and ends it is let go as far as the peaks there allow, so that
 * one recording in two tracks has no step between them.
 */
export class PeakLimiter {
  readonly #ceiling: number
  readonly #extent: Extent
  readonly #ahead: number
  readonly #rise: number
  /** Of what is here, `reach` frames at most have been given out: they make the wave of those that follow. */
  #planes: readonly Float32Array<ArrayBuffer>[] = []
  #factors = new Float64Array()
  #given = 0
  #known = 0
  /** The last frame from which the wave may still be too high; of the first ones nothing is known. */
  #loudTo = reach
  /** Of what follows the last frame that is here, in samples of the track. */
  #endsAt = 0

  /** @param ceiling the highest peak, as a factor of full scale, before the track's gain */
  constructor (ceiling: number, extent: Extent) {
    this.#ceiling = ceiling
    this.#extent = extent
    this.#ahead = Math.ceil(fallSeconds * extent.outputRate)
    this.#rise = 1 / (riseSeconds * extent.outputRate)
  }

  reset (): void {
    this.#planes = []
    this.#factors = new Float64Array()
    this.#given = this.#known = 0
    this.#loudTo = reach
  }

  /** What is final of it; the rest waits for what follows. */
  limit (pcm: Pcm): Pcm {
    const before = this.#length
    this.#planes = before === 0 ? pcm.planes : inARow([this.#planes, pcm.planes])
    const factors = new Float64Array(before + framesOf(pcm))
    factors.set(this.#factors)
    this.#factors = factors
    this.#endsAt = pcm.at + framesOf(pcm) * this.#extent.samplesPerFrame
    this.#find(this.#length - reach)
    return this.#give(this.#known - this.#ahead)
  }

  /** What waited, as before silence. */
  finish (): Pcm {
    this.#find(this.#length)
    return this.#give(this.#length)
  }

  get #length (): number { return this.#factors.length }

  /** Of a frame, in frames of the output from the track's first one. */
  #placeOf (frame: number): number {
    const { samplesPerFrame } = this.#extent
    return this.#endsAt / samplesPerFrame - this.#length + frame
  }

  /** Works out the factors up to this frame: first how each peak lets go after it, then how it comes. */
  #find (end: number): void {
    const from = this.#known
    const frames = this.#extent.sampleCount / this.#extent.samplesPerFrame
    for (let i = from; i < end; i++) {
      const before = this.#factors[i - 1] ?? 1
      const left = Math.max(1, frames - this.#placeOf(i))
      if (this.#isNear(i + reach)) this.#loudTo = i + 2 * reach
      const need = i <= this.#loudTo ? Math.min(1, this.#ceiling / this.#peakAt(i)) : 1
      this.#factors[i] = Math.min(need, before + Math.max(this.#rise, (1 - before) / left))
    }
    this.#known = Math.max(from, end)
    for (let i = end - 2; i >= this.#given; i--) {
      const next = this.#factors[i + 1] ?? 1
      const most = next + Math.max(1 / this.#ahead, (1 - next) / Math.max(1, this.#placeOf(i + 1)))
      if ((this.#factors[i] ?? 1) > most) this.#factors[i] = most
      // What was there before was in order up to here.
      else if (i < from) return
    }
  }

  /** Whether the wave may be too high for this sample. */
  #isNear (frame: number): boolean {
    return this.#planes.some((plane) => Math.abs(plane[frame] ?? 0) * mostOver > this.#ceiling)
  }

  /** The highest that the wave is from this sample to the next, in any channel. */
  #peakAt (frame: number): number {
    let peak = 0
    for (const plane of this.#planes) {
      peak = Math.max(peak, Math.abs(plane[frame] ?? 0))
      for (const kernel of kernels) {
        let sum = 0
        for (let tap = 0; tap < kernel.length; tap++) sum += (plane[frame + tap - reach + 1] ?? 0) * (kernel[tap] ?? 0)
        peak = Math.max(peak, Math.abs(sum))
      }
    }
    return peak
  }

  #give (end: number): Pcm {
    const [from, to] = [this.#given, Math.max(this.#given, end)]
    const at = this.#placeOf(from) * this.#extent.samplesPerFrame
    const planes = this.#planes.map((plane) => plane.slice(from, to))
    for (const plane of planes) for (let i = 0; i < plane.length; i++) plane[i] = (plane[i] ?? 0) * (this.#factors[from + i] ?? 1)
    this.#drop(Math.max(0, to - reach))
    this.#given = Math.min(to, reach)
    return { at, planes }
  }

  #drop (frames: number): void {
    this.#planes = this.#planes.map((plane) => plane.slice(frames))
    this.#factors = this.#factors.slice(frames)
    this.#known -= frames
    this.#loudTo -= frames
  }
}

/** A sinc that ends with its own wider lobe. */
function lanczos (x: number): number {
  return sinc(x) * sinc(x / reach)
}

function sinc (x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}
