import { framesOf, type Pcm } from './pcm.ts'

/** Zero crossings of the kernel on each side: about 90 dB down outside the band. */
const crossings = 32
/** Of Kaiser's window, for that. */
const beta = 9
/** Steps of the kernel's table between two crossings; between steps it is linear, which errs below −100 dB. */
const steps = 512
/** The pass band ends so far below half the rate, so that the slope has ended there. */
const passBand = 0.95

const table = kernel()

/**
 * Converts one track's rate to the output's by a windowed sinc, in one go over all pieces.
 * Algorithm: J. O. Smith, Digital Audio Resampling Home Page (band-limited interpolation).
 */
export class Resampler {
  readonly #ratio: number
  readonly #scale: number
  readonly #reach: number
  #planes: Float32Array<ArrayBuffer>[] = []
  /** Of the first sample kept, and of the next one to make, in samples of the track; null before any. */
  #at: number | null = null
  #position = 0

  constructor (fromRate: number, toRate: number) {
    this.#ratio = fromRate / toRate
    this.#scale = passBand * Math.min(1, toRate / fromRate)
    this.#reach = Math.ceil(crossings / this.#scale)
  }

  reset (): void {
    this.#at = null
    this.#planes = []
  }

  /** What can be made now; the last few samples wait for what follows them. */
  convert (pcm: Pcm): Pcm {
    if (framesOf(pcm) === 0) return { at: pcm.at, planes: pcm.planes.map(() => new Float32Array()) }
    if (this.#at === null) {
      this.#at = pcm.at
      this.#position = pcm.at
    }
    this.#planes = pcm.planes.map((plane, c) => joined(this.#planes[c] ?? new Float32Array(), plane))
    return this.#make(this.#at + this.#length() - this.#reach)
  }

  /** What was waiting, as before silence. */
  finish (): Pcm {
    return this.#make((this.#at ?? 0) + this.#length())
  }

  #length (): number { return this.#planes[0]?.length ?? 0 }

  /** Everything before this sample of the track. */
  #make (end: number): Pcm {
    const base = this.#at ?? 0
    const at = this.#position
    const count = Math.max(0, Math.ceil((end - at) / this.#ratio))
    const planes = this.#planes.map((plane) => Float32Array.from({ length: count }, (_, i) => this.#sample(plane, at + i * this.#ratio - base)))
    this.#position = at + count * this.#ratio
    const stale = Math.max(0, Math.min(this.#length(), Math.floor(this.#position - base) - this.#reach))
    this.#planes = this.#planes.map((plane) => plane.slice(stale))
    this.#at = base + stale
    return { at, planes }
  }

  #sample (plane: Float32Array, place: number): number {
    const first = Math.max(0, Math.ceil(place - this.#reach))
    const last = Math.min(plane.length - 1, Math.floor(place + this.#reach))
    let sum = 0
    for (let i = first; i <= last; i++) {
      const at = Math.abs(place - i) * this.#scale * steps
      const step = Math.floor(at)
      const low = table[step] ?? 0
      sum += (plane[i] ?? 0) * (low + (at - step) * ((table[step + 1] ?? 0) - low))
    }
    return sum * this.#scale
  }
}

/** 16,000 values while the page may still be coming: nothing is worked out twice. */
function kernel (): Float32Array {
  const values = new Float32Array(crossings * steps + 2)
  const middle = bessel(beta)
  values[0] = 1
  for (let i = 1; i < crossings * steps; i++) {
    const x = i / steps
    values[i] = Math.sin(Math.PI * x) / (Math.PI * x) * bessel(beta * Math.sqrt(1 - (x / crossings) ** 2)) / middle
  }
  return values
}

/** The modified Bessel function of the first kind and order 0, by its series. */
function bessel (x: number): number {
  const quarter = x * x / 4
  let sum = 1
  let term = 1
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= quarter / (k * k)
    sum += term
  }
  return sum
}

function joined (a: Float32Array, b: Float32Array): Float32Array<ArrayBuffer> {
  const whole = new Float32Array(a.length + b.length)
  whole.set(a)
  whole.set(b, a.length)
  return whole
}
