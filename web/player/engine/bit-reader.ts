/** Reads past this many bits take two looks. */
const mostAtOnce = 25

/** Reads bits, the highest first, as FLAC has them. Past the end there are zeros. */
export class BitReader {
  readonly #view: DataView
  /** In bits. */
  #at = 0

  constructor (bytes: Uint8Array) {
    // Room for a look of 32 bits at the last one.
    const padded = new Uint8Array(bytes.byteLength + 8)
    padded.set(bytes)
    this.#view = new DataView(padded.buffer)
  }

  /** @throws RangeError far past the end */
  unsigned (bits: number): number {
    if (bits === 0) return 0
    if (bits > mostAtOnce) return this.unsigned(bits - 16) * 65_536 + this.unsigned(16)
    const word = this.#view.getUint32(this.#at >>> 3) << (this.#at & 7)
    this.#at += bits
    return word >>> (32 - bits)
  }

  /** Two's complement. */
  signed (bits: number): number {
    const value = this.unsigned(bits)
    return bits > 0 && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
  }

  /** Zeros before the next one, which is passed too. @throws RangeError where there is none */
  zeros (): number {
    let count = 0
    for (;;) {
      const word = this.#view.getUint32(this.#at >>> 3) << (this.#at & 7)
      const found = Math.clz32(word)
      if (found < mostAtOnce) {
        this.#at += found + 1
        return count + found
      }
      this.#at += mostAtOnce
      count += mostAtOnce
    }
  }

  /** A number in Rice's code, folded so that small ones of both signs are short. */
  rice (parameter: number): number {
    const high = this.zeros()
    const folded = high * 2 ** parameter + this.unsigned(parameter)
    return (folded & 1) === 0 ? folded / 2 : -(folded + 1) / 2
  }

  toNextByte (): void { this.#at = (this.#at + 7) & ~7 }
}
