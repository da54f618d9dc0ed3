const bars = 48
const levels = 15

/**
 * A waveform for a row of a list: 48 bars, a hexadecimal digit each, f for the track's highest peak. Sixteen levels are
 * as many as a row can show.
 * @param peaks one byte a bar, at least one
 */
export function outlineOf (peaks: Uint8Array): string {
  const highest = peaks.reduce((most, peak) => Math.max(most, peak), 1)
  return Array.from({ length: bars }, (_, bar) => {
    const first = Math.floor(bar * peaks.length / bars)
    const end = Math.max(first + 1, Math.floor((bar + 1) * peaks.length / bars))
    const peak = peaks.subarray(first, end).reduce((most, value) => Math.max(most, value), 0)
    return Math.round(peak / highest * levels).toString(16)
  }).join('')
}
