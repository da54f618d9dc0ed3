/** Transfers below this say more of the round trip than of the line. */
const leastBytes = 16_384
/** Weight of the newest transfer. */
const newestShare = 0.4

let kbps: number | null = null

/** What the line carried lately, in kbit/s; null before anything is known. */
export const throughputKbps = (): number | null => kbps

/**
 * Counts a transfer: its bytes after the first ones came, and the time they took. Times are averaged, not speeds: a line
 * that has become a hundred times slower is known for what it is after one or two transfers, not after ten.
 */
export function countTransfer (bytes: number, ms: number): void {
  if (bytes < leastBytes || ms <= 0) return
  const measured = bytes * 8 / ms
  kbps = kbps === null ? measured : 1 / ((1 - newestShare) / kbps + newestShare / measured)
}

/** Of aac-96, aac-160 and aac-256. */
const ladderKbps = [96, 160, 256] as const
/** A version is kept while the line carries it with this much to spare. */
const enough = 1.2
/** A better one is taken where the line would carry it twice: what it carries goes up and down. */
const plenty = 2
/** With this much in hand a slow moment is no reason to change. */
const safeSeconds = 24

/** The version to fetch next, in kbit/s, from the current one, the line, and the seconds in hand. */
export function nextKbps (currentKbps: number, lineKbps: number | null, bufferedSeconds: number): number {
  if (lineKbps === null) return currentKbps
  const at = ladderKbps.findIndex((rung) => rung >= currentKbps)
  const [better, worse] = [ladderKbps[at + 1], ladderKbps.findLast((rung) => rung * enough <= lineKbps) ?? ladderKbps[0]]
  if (lineKbps < currentKbps * enough && bufferedSeconds < safeSeconds) return Math.min(worse, currentKbps)
  if (better !== undefined && lineKbps >= better * plenty && bufferedSeconds >= safeSeconds / 2) return better
  return currentKbps
}
