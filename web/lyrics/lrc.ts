/** A line of a song and when it is sung. */
export interface TimedLine {
  readonly atMs: number
  readonly text: string
}

/** [mm:ss], [mm:ss.xx], [mm:ss.xxx] and [mm:ss:xx]. */
const stamp = /\[(\d{1,3}):([0-5]?\d)(?:[.:](\d{1,3}))?\]/g
const leadingStamps = /^(?:\s*\[\d{1,3}:[0-5]?\d(?:[.:]\d{1,3})?\])+/
/** Of single words in the extended format; the line's own time is enough to follow. */
const wordStamp = /<\d{1,3}:[0-5]?\d(?:[.:]\d{1,3})?>/g
const offsetTag = /^\s*\[offset:\s*([+-]?\d+)\s*\]/im

/**
 * Reads lyrics in the LRC format: several stamps on a line repeat it, a positive offset shows lines earlier, lines
 * without a stamp (names, remarks) are left out.
 * @returns the lines in the order of their times, or null where the text has no stamps
 */
export function parseLrc (text: string): TimedLine[] | null {
  const offsetMs = Number(offsetTag.exec(text)?.[1] ?? 0)
  const lines = text.split(/\r\n?|\n/).flatMap((line) => {
    const stamps = leadingStamps.exec(line)?.[0] ?? ''
    const words = line.slice(stamps.length).replace(wordStamp, '').replace(/\s+/g, ' ').trim()
    return [...stamps.matchAll(stamp)].map(([, minutes, seconds, fraction = '0']) => ({
      atMs: Math.max(0, Number(minutes) * 60_000 + Number(seconds) * 1000 + Number(fraction.padEnd(3, '0')) - offsetMs),
      text: words
    }))
  })
  return lines.length === 0 ? null : lines.sort((a, b) => a.atMs - b.atMs)
}

/** The line that is sung at a moment; -1 before the first. */
export function lineAt (lines: readonly TimedLine[], atMs: number): number {
  let [low, high] = [0, lines.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((lines[middle]?.atMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}
