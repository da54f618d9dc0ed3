import type { Fragment } from './timeline.ts'

/** moof and the head of mdat: 4 bytes a frame, of 172 frames at most, and what stands before them. */
export const tableBytes = 2_048
/** A place nearer to its fragment's start than this comes as fast by the plain way. */
export const leastSavedBytes = 8_192
/** Ticks of an AAC frame: what is decoded before the place that is wanted. */
const aacFrameTicks = 1_024

/** AAC frames reach into the next one, so decoding begins before the first sample that is wanted. FLAC's don't. */
export const prerollFrames = (codec: string): number => (codec === 'flac' ? 0 : 2)

/** How far, in parts of a fragment, its bytes lag behind an even spread; see docs/measurements.md. */
const lag = (codec: string): number => (codec === 'flac' ? 0.1 : 0.04)

/** The byte of the file from which on this tick, and what must be decoded before it, most probably lies. */
export function guessEntry ({ offset, sizeBytes, atTicks, ticks }: Fragment, tick: number, codec: string): number {
  const share = (tick - atTicks - (prerollFrames(codec) + 1) * aacFrameTicks) / ticks - lag(codec)
  return offset + Math.max(0, Math.floor(share * sizeBytes))
}

/** Hands on what comes after so many bytes. */
export function after (bytes: number, take: (part: Uint8Array) => void): (part: Uint8Array) => void {
  let left = bytes
  return (part) => {
    const dropped = Math.min(left, part.byteLength)
    left -= dropped
    if (dropped < part.byteLength) take(part.subarray(dropped))
  }
}
