import type { JournalEntry } from './journal.ts'

/** What CloudWatch Logs keeps: one line and its time. */
export interface LogEvent {
  readonly timestamp: number
  readonly message: string
}

const roleUnits = ['freshet-web.service', 'freshet-worker.service']
const ownUnit = 'freshet-logs.service'
/** syslog's. */
const warning = 4

/**
 * The event that an entry becomes, if any. Lines of the service go as they are: they are JSON, and EMF must not be
 * touched. Of other units what matters goes: all of ours, warnings of the rest. The shipper's own words stay here, or
 * each would cause another.
 */
export function toLogEvent ({ unit, priority, message, timestampMs }: JournalEntry): LogEvent | undefined {
  // CloudWatch Logs refuses empty lines.
  if (message.trim() === '' || unit === ownUnit) return undefined
  if (unit !== undefined && roleUnits.includes(unit) && message.startsWith('{')) return { timestamp: timestampMs, message }
  if (priority > warning && unit?.startsWith('freshet-') !== true) return undefined
  const level = priority < warning ? 'error' : priority === warning ? 'warn' : 'info'
  return { timestamp: timestampMs, message: JSON.stringify({ level, time: new Date(timestampMs).toISOString(), unit: unit ?? 'kernel', msg: message }) }
}
