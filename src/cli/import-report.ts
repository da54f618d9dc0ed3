import { open } from 'node:fs/promises'
import type { FileOutcome } from '../uploads/import-outcomes.ts'

export interface ImportReport {
  ended (outcome: FileOutcome): void
  other (kind: string): void
  /** Nothing was rejected and nothing failed. */
  isClean (): boolean
  summary (): string
  close (): Promise<void>
}

/** Named in the summary; all are in the file of `--report`. */
const namedFaults = 1_000

const words = {
  published: 'published',
  duplicate: 'skipped: the library had the same bytes already',
  unchanged: 'unchanged since an earlier run',
  rejected: 'rejected',
  failed: 'failed; the next run tries again'
} as const

/** Counts what became of the files, and writes each to `file`, one JSON object a line. */
export async function openImportReport (file: string | undefined): Promise<ImportReport> {
  const lines = file === undefined ? undefined : (await open(file, 'w')).createWriteStream()
  const counts = { published: 0, duplicate: 0, unchanged: 0, rejected: 0, failed: 0 }
  const others = new Map<string, number>()
  const faults: FileOutcome[] = []
  const faultCount = () => counts.rejected + counts.failed

  return {
    ended (outcome) {
      counts[outcome.outcome]++
      lines?.write(`${JSON.stringify(outcome)}\n`)
      if ((outcome.outcome === 'rejected' || outcome.outcome === 'failed') && faults.length < namedFaults) faults.push(outcome)
    },
    other (kind) {
      others.set(kind, (others.get(kind) ?? 0) + 1)
    },
    isClean: () => faultCount() === 0,
    summary () {
      const counted = Object.entries(words).map(([outcome, meaning]) => `${String(counts[outcome as keyof typeof counts]).padStart(8)}  ${meaning}`)
      const left = faultCount() - faults.length
      return [...faults.map(faultLine), ...(left > 0 ? [`… and ${left} more: see --report FILE`] : []), ...counted, ...otherLines(others)].join('\n')
    },
    close: () => new Promise((resolve, reject) => {
      if (lines === undefined) { resolve(); return }
      lines.once('error', reject).end(resolve)
    })
  }
}

function faultLine ({ outcome, path, reasonCode, reason }: FileOutcome): string {
  return `${outcome}: ${printable(path)}\n          ${reason ?? 'no reason was given'} (${reasonCode ?? 'UNKNOWN'})`
}

/** A name may hold line breaks and codes that a terminal obeys. */
function printable (path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}]/gu, (character) => JSON.stringify(character).slice(1, -1))
}

function otherLines (others: ReadonlyMap<string, number>): string[] {
  if (others.size === 0) return []
  const total = [...others.values()].reduce((sum, count) => sum + count, 0)
  const kinds = [...others].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${count} ${kindName(kind)}`)
  return [`${String(total).padStart(8)}  not music, left alone: ${kinds.slice(0, 20).join(', ')}${kinds.length > 20 ? ' …' : ''}`]
}

function kindName (kind: string): string {
  if (kind === '') return 'without an ending'
  return kind === 'symbolic link' ? 'symbolic links' : `.${printable(kind)}`
}
