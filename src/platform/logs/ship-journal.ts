import { setTimeout as sleep } from 'node:timers/promises'
import { type JournalOptions, readJournal } from './journal.ts'
import { readCursor, writeCursor } from './journal-cursor.ts'
import { createLogBatch } from './log-batch.ts'
import { toLogEvent } from './log-event.ts'
import type { LogStream } from './log-stream.ts'

export interface ShipOptions {
  readonly stream: Pick<LogStream, 'put'>
  readonly cursorFile: string
  /** What was taken is sent after so long at the latest. */
  readonly flushMs: number
  /** When aborted: what the journal has by then is still sent, within `lastWordsMs`. */
  readonly signal: AbortSignal
  readonly lastWordsMs: number
  readonly onRefused: (count: number) => void
  readonly journal?: JournalOptions['command']
}

/**
 * Sends the journal on until aborted. The cursor moves only over what CloudWatch Logs has taken: after a crash a batch
 * may come twice, none is lost while journald still has it.
 * @throws what journalctl says
 */
export async function shipJournal (options: ShipOptions): Promise<void> {
  const { signal, lastWordsMs } = options
  await ship(options, { follow: true, signal, giveUp: afterwards(signal, lastWordsMs) })
  const giveUp = AbortSignal.timeout(lastWordsMs)
  await ship(options, { follow: false, signal: giveUp, giveUp })
}

/** Aborted so long after `signal`. */
function afterwards (signal: AbortSignal, ms: number): AbortSignal {
  const late = new AbortController()
  const later = () => { setTimeout(() => late.abort(new Error('no time left')), ms).unref() }
  if (signal.aborted) later()
  else signal.addEventListener('abort', later, { once: true })
  return late.signal
}

async function ship ({ stream, cursorFile, flushMs, onRefused, journal }: ShipOptions, { follow, signal, giveUp }: { follow: boolean, signal: AbortSignal, giveUp: AbortSignal }): Promise<void> {
  const entries = readJournal({ cursor: await readCursor(cursorFile), follow, signal, ...journal === undefined ? {} : { command: journal } })
  let batch = createLogBatch()
  let cursor: string | undefined
  let dueAt = Infinity
  const flush = async () => {
    if (batch.size > 0) {
      const refused = await stream.put(batch.events(), giveUp)
      if (refused > 0) onRefused(refused)
    }
    if (cursor !== undefined) await writeCursor(cursorFile, cursor)
    batch = createLogBatch()
    cursor = undefined
    dueAt = Infinity
  }
  try {
    let next = entries.next()
    for (;;) {
      const waiting = cursor === undefined ? next : Promise.race([next, sleep(Math.max(0, dueAt - performance.now()), undefined, { ref: false })])
      const result = await waiting
      if (result === undefined) { await flush(); continue }
      if (result.done === true) break
      next = entries.next()
      const event = toLogEvent(result.value)
      if (event !== undefined && !batch.add(event)) {
        await flush()
        batch.add(event)
      }
      // Entries that aren't sent move the cursor too, but nothing is written for them alone.
      cursor = event === undefined && cursor === undefined ? undefined : result.value.cursor
      if (dueAt === Infinity && cursor !== undefined) dueAt = performance.now() + flushMs
    }
    await flush()
  } finally {
    await entries.return(undefined)
  }
}
