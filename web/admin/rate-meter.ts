/** Looks back this far. */
const spanMs = 8_000

/** Bytes a second of the last seconds, from running totals. */
export function createRateMeter (): { add (totalBytes: number, atMs: number): number } {
  const samples: Array<{ readonly bytes: number, readonly atMs: number }> = []
  return {
    add (bytes, atMs) {
      const last = samples.at(-1)
      // A total that shrinks or stood still for long belongs to another run.
      if (last !== undefined && (bytes < last.bytes || atMs - last.atMs > spanMs)) samples.length = 0
      samples.push({ bytes, atMs })
      while (samples[0] !== undefined && atMs - samples[0].atMs > spanMs) samples.shift()
      const first = samples[0]
      if (first === undefined || atMs - first.atMs < 250) return 0
      return (bytes - first.bytes) / (atMs - first.atMs) * 1000
    }
  }
}
