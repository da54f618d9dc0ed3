/** So many places of the writer are kept for a replica that hasn't got there; beyond them the lag is known less finely. */
const maxWaiting = 200

export interface ReplicaLag {
  /** The writer had flushed its log up to here. */
  writerAt(lsn: bigint, atMs: number): void
  /** The replica shows everything up to here. */
  replicaAt(lsn: bigint): void
  /** How old what the replica shows is, at most; undefined until it has passed a known place of the writer. */
  lagMs(nowMs: number): number | undefined
  /** Of a replica that hasn't passed any: how long it has had the time to. */
  waitingMs(nowMs: number): number
}

/**
 * How far a replica is behind, by our clock alone: since when it has been past the last known place of the writer. The
 * times in the log would compare two clocks, and stand still with a writer that has nothing to do.
 */
export function createReplicaLag (): ReplicaLag {
  const waiting: Array<{ readonly lsn: bigint, readonly atMs: number }> = []
  let passedAtMs: number | undefined
  return {
    writerAt (lsn, atMs) {
      if (waiting.length < maxWaiting) waiting.push({ lsn, atMs })
    },
    replicaAt (lsn) {
      while (waiting[0] !== undefined && waiting[0].lsn <= lsn) passedAtMs = waiting.shift()?.atMs
    },
    lagMs: (nowMs) => passedAtMs === undefined ? undefined : nowMs - passedAtMs,
    waitingMs: (nowMs) => nowMs - (waiting[0]?.atMs ?? nowMs)
  }
}
