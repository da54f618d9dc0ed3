import type { BitReader } from './bit-reader.ts'

/** RFC 9639, section 9.2.1. */
const types = { constant: 0, verbatim: 1, fixed: 8, linear: 32 } as const
/** Section 9.2.5. */
const fixedPredictors: ReadonlyArray<readonly number[]> = [[], [1], [2, -1], [3, -3, 1], [4, -6, 4, -1]]

/** One channel of a frame. @throws RangeError where it breaks the format */
export function readSubframe (bits: BitReader, size: number, bitsPerSample: number): Int32Array {
  bits.unsigned(1)
  const type = bits.unsigned(6)
  // Low bits that are zero in all samples are left out.
  const wasted = bits.unsigned(1) === 0 ? 0 : bits.zeros() + 1
  const width = bitsPerSample - wasted
  const samples = new Int32Array(size)
  if (type === types.constant) samples.fill(bits.signed(width))
  else if (type === types.verbatim) readPlain(bits, samples, { count: size, width })
  else readPredicted(bits, samples, { type, width })
  if (wasted > 0) for (let i = 0; i < size; i++) samples[i] = (samples[i] ?? 0) << wasted
  return samples
}

function readPlain (bits: BitReader, samples: Int32Array, { count, width }: { readonly count: number, readonly width: number }): void {
  for (let i = 0; i < count; i++) samples[i] = bits.signed(width)
}

function readPredicted (bits: BitReader, samples: Int32Array, { type, width }: { readonly type: number, readonly width: number }): void {
  const isLinear = type >= types.linear
  const order = isLinear ? type - types.linear + 1 : type - types.fixed
  const fixed = fixedPredictors[order]
  if (order > samples.length || (!isLinear && fixed === undefined)) throw new RangeError('a FLAC subframe of a reserved kind')
  readPlain(bits, samples, { count: order, width })
  let coefficients = fixed ?? []
  let shift = 0
  if (isLinear) {
    const precision = bits.unsigned(4) + 1
    shift = bits.signed(5)
    coefficients = Array.from({ length: order }, () => bits.signed(precision))
  }
  readResidual(bits, samples, order)
  predict(samples, Float64Array.from(coefficients), shift)
}

/** Section 9.2.7: what the prediction missed by, in parts of which each has its own parameter. */
function readResidual (bits: BitReader, samples: Int32Array, order: number): void {
  const parameterBits = bits.unsigned(2) === 0 ? 4 : 5
  const escape = 2 ** parameterBits - 1
  const partitions = 2 ** bits.unsigned(4)
  const partitionSize = samples.length / partitions
  if (!Number.isInteger(partitionSize) || partitionSize < order) throw new RangeError('a FLAC residual of a wrong size')
  let at = order
  for (let end = partitionSize; end <= samples.length; end += partitionSize) {
    const parameter = bits.unsigned(parameterBits)
    const width = parameter === escape ? bits.unsigned(5) : -1
    for (; at < end; at++) samples[at] = width < 0 ? bits.rice(parameter) : bits.signed(width)
  }
}

/** Adds to each what its forerunners foretell. Sums pass 32 bits, and are exact in 53. */
function predict (samples: Int32Array, coefficients: Float64Array, shift: number): void {
  const order = coefficients.length
  const scale = 2 ** -shift
  for (let i = order; i < samples.length; i++) {
    let sum = 0
    for (let j = 0; j < order; j++) sum += (coefficients[j] ?? 0) * (samples[i - 1 - j] ?? 0)
    samples[i] = (samples[i] ?? 0) + Math.floor(sum * scale)
  }
}
