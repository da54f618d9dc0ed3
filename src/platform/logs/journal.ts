import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** One entry of systemd's journal. */
export interface JournalEntry {
  /** Where to go on reading after this entry. */
  readonly cursor: string
  /** Since 1970. */
  readonly timestampMs: number
  readonly unit: string | undefined
  /** As syslog counts: 0 emergency to 7 debug. */
  readonly priority: number
  readonly message: string
}

export interface JournalOptions {
  /** After this entry; from the beginning where undefined. */
  readonly cursor: string | undefined
  /** Goes on for ever, or ends with the last entry there is. */
  readonly follow: boolean
  readonly signal: AbortSignal
  /** Default: systemd's journalctl. */
  readonly command?: readonly [program: string, ...args: string[]]
}

/**
 * Reads the journal as fast as entries are taken; what isn't taken yet stays with journald. Ends when aborted.
 * @throws Error when journalctl ends with one
 */
export async function * readJournal ({ cursor, follow, signal, command = ['journalctl'] }: JournalOptions): AsyncGenerator<JournalEntry> {
  if (signal.aborted) return
  const [program, ...first] = command
  // --all: without it long fields, such as lines of metrics, come as null. --merge: without it --follow means this boot alone.

  const args = [...first, '--output=json', '--all', '--merge', '--no-pager', '--quiet', '--lines=all', ...follow ? ['--follow'] : [], ...cursor === undefined ? [] : [`--after-cursor=${cursor}`]]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  // Whoever stops taking entries doesn't wait for this.
  ended.catch(() => {})
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-1_000) })
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const entry = toEntry(line)
      if (entry !== undefined) yield entry
      if (signal.aborted) return
    }
    const code = await ended
    if (!signal.aborted && code !== 0) throw new Error(`${program} ended with ${code}: ${said.trim()}`)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** journalctl writes text fields as strings, others as lists of bytes. */
function toEntry (line: string): JournalEntry | undefined {
  const fields: unknown = JSON.parse(line)
  if (typeof fields !== 'object' || fields === null) return undefined
  const { __CURSOR: cursor, __REALTIME_TIMESTAMP: microseconds, _SYSTEMD_UNIT: unit, PRIORITY: priority, MESSAGE: message } = fields as Record<string, unknown>
  const text = Array.isArray(message) ? Buffer.from(message).toString() : message
  if (typeof cursor !== 'string' || typeof text !== 'string') return undefined
  return {
    cursor,
    timestampMs: Math.floor(Number(microseconds) / 1000),
    unit: typeof unit === 'string' ? unit : undefined,
    priority: priority === undefined ? 6 : Number(priority),
    message: text
  }
}
