import { BitReader } from './bit-reader.ts'
import { readSubframe } from './flac-subframe.ts'

/** What a frame leaves to the description of its stream. */
export interface FlacStream { readonly bitsPerSample: number }

/** Of the description: the marker, the head of the first metadata block, and STREAMINFO's sizes and rate. */
const bitsFieldByte = 4 + 4 + 12
const syncCode = 0b111_1111_1111_1100
/** RFC 9639, section 9.1.4; 0: as STREAMINFO says, undefined: reserved, or more than we hold exactly. */
const sampleSizes = [0, 8, 12, undefined, 16, 20, 24, undefined] as const
const mostBitsPerSample = 24
/** Pairs of which one channel is told by the difference from the other; section 9.1.3. */
const pairs = { leftSide: 8, sideRight: 9, midSide: 10 } as const

/** @param description as WebCodecs takes it: the stream's marker and its metadata. @throws RangeError for anything else */
export function readFlacStream (description: Uint8Array): FlacStream {
  if (description.byteLength < bitsFieldByte + 2) throw new RangeError('the description of the FLAC stream is too short')
  const [high = 0, low = 0] = description.subarray(bitsFieldByte)
  return { bitsPerSample: ((high & 1) << 4 | low >> 4) + 1 }
}

/**
 * Decodes one frame, a plane a channel, from −1 to 1. Its checksums aren't looked at: the line has its own.
 * Format: RFC 9639, Free Lossless Audio Codec.
 * @throws RangeError where it is no frame, or one of more than 24 bits
 */
export function decodeFlacFrame (bytes: Uint8Array, stream: FlacStream): Float32Array<ArrayBuffer>[] {
  const bits = new BitReader(bytes)
  const { size, assignment, bitsPerSample } = readHeader(bits, stream)
  const channels = assignment < pairs.leftSide ? assignment + 1 : 2
  // The difference has a bit more.
  const side = assignment < pairs.leftSide ? -1 : assignment === pairs.sideRight ? 0 : 1
  const planes = Array.from({ length: channels }, (_, channel) => readSubframe(bits, size, bitsPerSample + (channel === side ? 1 : 0)))
  const [first, second] = planes
  if (side >= 0 && first !== undefined && second !== undefined) unpair(first, second, assignment)
  const scale = 2 ** (1 - bitsPerSample)
  return planes.map((samples) => {
    const plane = new Float32Array(size)
    for (let i = 0; i < size; i++) plane[i] = (samples[i] ?? 0) * scale
    return plane
  })
}

interface Header { readonly size: number, readonly assignment: number, readonly bitsPerSample: number }

function readHeader (bits: BitReader, stream: FlacStream): Header {
  if (bits.unsigned(15) !== syncCode) throw new RangeError('not a FLAC frame')
  bits.unsigned(1)
  const [sizeCode, rateCode, assignment, sampleCode] = [bits.unsigned(4), bits.unsigned(4), bits.unsigned(4), bits.unsigned(3)]
  bits.unsigned(1)
  skipNumber(bits)
  const size = readSize(bits, sizeCode)
  // 12 to 14 tell the rate here, which the file has told.
  if (rateCode >= 12) bits.unsigned(rateCode === 12 ? 8 : 16)
  // The header's checksum.
  bits.unsigned(8)
  const bitsPerSample = sampleSizes[sampleCode] === 0 ? stream.bitsPerSample : sampleSizes[sampleCode]
  if (bitsPerSample === undefined || bitsPerSample > mostBitsPerSample || assignment > pairs.midSide || size === 0) throw new RangeError('a FLAC frame of a kind that is not ours')
  return { size, assignment, bitsPerSample }
}

/** The frame's number, in the manner of UTF-8. */
function skipNumber (bits: BitReader): void {
  const ones = Math.clz32(~(bits.unsigned(8) << 24))
  for (let i = 1; i < ones; i++) bits.unsigned(8)
}

/** Section 9.1.1. */
function readSize (bits: BitReader, code: number): number {
  if (code === 6) return bits.unsigned(8) + 1
  if (code === 7) return bits.unsigned(16) + 1
  if (code === 1) return 192
  return code >= 8 ? 256 << (code - 8) : code === 0 ? 0 : 576 << (code - 2)
}

function unpair (first: Int32Array, second: Int32Array, assignment: number): void {
  for (let i = 0; i < first.length; i++) {
    const [a, b] = [first[i] ?? 0, second[i] ?? 0]
    if (assignment === pairs.leftSide) second[i] = a - b
    else if (assignment === pairs.sideRight) first[i] = a + b
    else {
      // The lowest bit of the sum was left out, for the difference has the same.
      const sum = a * 2 + (b & 1)
      first[i] = (sum + b) / 2
      second[i] = (sum - b) / 2
    }
  }
}
