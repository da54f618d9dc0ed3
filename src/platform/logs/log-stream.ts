import { CloudWatchLogsClient, CreateLogStreamCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogEvent } from './log-event.ts'

export interface LogPlace {
  readonly region: string
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined
  readonly group: string
  readonly stream: string
}

export interface LogStream {
  /**
   * Returns when the events are kept, however long that takes: a fault that may pass is tried again.
   * @returns how many CloudWatch Logs refused for good
   * @throws the signal's reason
   */
  put (events: readonly LogEvent[], signal: AbortSignal): Promise<number>
  close (): void
}

export interface LogStreamOptions extends LogPlace {
  readonly onRetry: (error: Error, waitMs: number) => void
  readonly firstWaitMs?: number
}

const firstWait = 500
const longestWaitMs = 30_000
const connectTimeoutMs = 3_000
const answerTimeoutMs = 15_000
/** Events themselves are wrong: trying again changes nothing. */
const final = ['InvalidParameterException', 'DataAlreadyAcceptedException']

/** A stream of CloudWatch Logs; its group exists already, the stream is made on the first use. */
export function openLogStream ({ region, endpoint, group, stream, onRetry, firstWaitMs = firstWait }: LogStreamOptions): LogStream {
  const client = new CloudWatchLogsClient({
    region,
    maxAttempts: 1,
    requestHandler: { connectionTimeout: connectTimeoutMs, requestTimeout: answerTimeoutMs, throwOnRequestTimeout: true },
    ...(endpoint === undefined ? {} : { endpoint })
  })
  const place = { logGroupName: group, logStreamName: stream }

  const send = async (events: readonly LogEvent[], abortSignal: AbortSignal): Promise<number> => {
    const { rejectedLogEventsInfo: rejected } = await client.send(new PutLogEventsCommand({ ...place, logEvents: [...events] }), { abortSignal })
    // Too old or too far in the future: the first so many, and those from an index on.
    return Math.max(rejected?.tooOldLogEventEndIndex ?? 0, rejected?.expiredLogEventEndIndex ?? 0) +
      (rejected?.tooNewLogEventStartIndex === undefined ? 0 : events.length - rejected.tooNewLogEventStartIndex)
  }
  const createStream = async (abortSignal: AbortSignal) => {
    await client.send(new CreateLogStreamCommand(place), { abortSignal }).catch((error: Error) => {
      if (error.name !== 'ResourceAlreadyExistsException') throw error
    })
  }
  /** Halves what is refused as a whole until the culprit is alone, and leaves that out. */
  const sendOrSplit = async (events: readonly LogEvent[], signal: AbortSignal): Promise<number> => {
    try {
      return await send(events, signal)
    } catch (error) {
      const name = nameOf(error)
      if (name === 'ResourceNotFoundException') {
        await createStream(signal)
        return await send(events, signal)
      }
      if (!final.includes(name)) throw error
      if (events.length === 1 || name === 'DataAlreadyAcceptedException') return name === 'DataAlreadyAcceptedException' ? 0 : 1
      const half = Math.ceil(events.length / 2)
      return await sendOrSplit(events.slice(0, half), signal) + await sendOrSplit(events.slice(half), signal)
    }
  }
  return {
    async put (events, signal) {
      for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
        try {
          return await sendOrSplit(events, signal)
        } catch (error) {
          signal.throwIfAborted()
          // Between half and the whole, so that a fleet doesn't come back as one.
          const jitteredMs = Math.round(waitMs * (0.5 + Math.random() / 2))
          onRetry(error instanceof Error ? error : new Error(String(error)), jitteredMs)
          await sleep(jitteredMs, undefined, { signal })
        }
      }
    },
    close: () => client.destroy()
  }
}

function nameOf (error: unknown): string {
  return error instanceof Error ? error.name : ''
}
