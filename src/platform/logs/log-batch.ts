import type { LogEvent } from './log-event.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
export const batchLimits = { bytes: 1_048_576, overheadBytes: 26, events: 10_000, spanMs: 24 * 3_600_000 } as const

/** A line is cut where it would be longer; journald cuts far earlier. */
const messageBytes = 262_144 - batchLimits.overheadBytes

/** Events that one call may take, in the order that it wants. */
export interface LogBatch {
  /** False when the event doesn't fit: the batch is to be sent first. */
  add (event: LogEvent): boolean
  readonly size: number
  /** Oldest first, those of the same time as they came. */
  events (): readonly LogEvent[]
}

export function createLogBatch (): LogBatch {
  const events: LogEvent[] = []
  let bytes = 0
  let oldest = Infinity
  let newest = -Infinity
  return {
    add (event) {
      const fitted = fit(event)
      const eventBytes = Buffer.byteLength(fitted.message) + batchLimits.overheadBytes
      const from = Math.min(oldest, event.timestamp)
      const to = Math.max(newest, event.timestamp)
      if (events.length > 0 && (events.length >= batchLimits.events || bytes + eventBytes > batchLimits.bytes || to - from >= batchLimits.spanMs)) return false
      events.push(fitted)
      bytes += eventBytes
      oldest = from
      newest = to
      return true
    },
    get size () { return events.length },
    events: () => events.toSorted((a, b) => a.timestamp - b.timestamp)
  }
}

function fit (event: LogEvent): LogEvent {
  if (Buffer.byteLength(event.message) <= messageBytes) return event
  // A character cut in half becomes a replacement character of three bytes.
  return { ...event, message: Buffer.from(event.message).subarray(0, messageBytes - 3).toString() }
}
