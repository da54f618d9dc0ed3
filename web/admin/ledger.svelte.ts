import { isAbort, request } from '../app/api.ts'
import type { Upload } from '../app/api-types.ts'
import { faultText } from '../app/faults.ts'
import { t } from '../messages/studio.ts'
import { type ChosenFile, isMusic } from './dropped-files.ts'
import { fingerprintOf, readUpload, sendFile } from './send-file.ts'
import { StoreRefusedError } from './send-part.ts'
import { createRateMeter } from './rate-meter.ts'

export type RowState = 'queued' | 'sending' | 'waiting-for-line' | 'paused' | 'finishing' | 'received' | 'published' | 'duplicate' | 'rejected' | 'failed' | 'cancelled'

/** One file on its way into the library. */
export interface LedgerRow {
  readonly key: string
  readonly chosen: ChosenFile
  state: RowState
  sentBytes: number
  uploadId: string | null
  stage: string | null
  reason: string | null
  trackId: string | null
}

const filesAtOnce = 3
const pollEveryMs = 1_000

const rows = $state<LedgerRow[]>([])
const controllers = new Map<string, AbortController>()
const meter = createRateMeter()
let rate = $state(0)
let polling: ReturnType<typeof setInterval> | undefined

const sendingStates: readonly RowState[] = ['queued', 'sending', 'waiting-for-line', 'finishing']
const endStates: readonly RowState[] = ['published', 'duplicate', 'rejected', 'failed', 'cancelled']
export const isSending = (row: LedgerRow): boolean => sendingStates.includes(row.state)
export const isOver = (row: LedgerRow): boolean => endStates.includes(row.state)

/** Lives beside the page, so that sending goes on while the curator looks at other pages. */
export const ledger = {
  get rows (): readonly LedgerRow[] { return rows },
  get sending () { return rows.some(isSending) },
  get totalBytes () { return counted().reduce((sum, row) => sum + row.chosen.file.size, 0) },
  get sentBytes () { return counted().reduce((sum, row) => sum + row.sentBytes, 0) },
  /** Bytes a second, over the last seconds. */
  get rate () { return rate }
}
// On whatever page the curator is by now: leaving would cut the files off.
addEventListener('beforeunload', (event) => { if (ledger.sending) event.preventDefault() })

const counted = (): LedgerRow[] => rows.filter((row) => row.state !== 'cancelled')

/** Takes files in; what is there already goes on, what isn't music is left out. Returns how many were left out. */
export function addFiles (files: readonly ChosenFile[]): number {
  const fitting = files.filter(isMusic)
  for (const chosen of fitting) {
    const key = fingerprintOf(chosen)
    const known = rows.find((row) => row.key === key)
    if (known === undefined) rows.push({ key, chosen, state: 'queued', sentBytes: 0, uploadId: null, stage: null, reason: null, trackId: null })
    else if (known.state === 'failed' || known.state === 'cancelled' || known.state === 'paused') known.state = 'queued'
  }
  pump()
  return files.length - fitting.length
}

export function pauseRow (row: LedgerRow): void {
  row.state = 'paused'
  controllers.get(row.key)?.abort()
  pump()
}

export function resumeRow (row: LedgerRow): void {
  row.state = 'queued'
  row.reason = null
  pump()
}

export async function cancelRow (row: LedgerRow): Promise<void> {
  row.state = 'cancelled'
  controllers.get(row.key)?.abort()
  pump()
  if (row.uploadId !== null) await request('DELETE', `/uploads/${row.uploadId}`)
}

export function pauseAll (): void {
  for (const row of rows) if (row.state !== 'finishing' && isSending(row)) pauseRow(row)
}
export function resumeAll (): void {
  for (const row of rows) if (row.state === 'paused') resumeRow(row)
}
export function clearOver (): void {
  for (let i = rows.length - 1; i >= 0; i--) {
    const row = rows[i]
    if (row !== undefined && isOver(row)) rows.splice(i, 1)
  }
}

function pump (): void {
  const busy = rows.filter((row) => isSending(row) && row.state !== 'queued').length
  for (const row of rows.filter(({ state }) => state === 'queued').slice(0, Math.max(0, filesAtOnce - busy))) send(row)
}

async function send (row: LedgerRow): Promise<void> {
  const controller = new AbortController()
  controllers.set(row.key, controller)
  row.state = 'sending'
  const { signal } = controller
  const unlessStopped = (change: () => void): void => { if (!signal.aborted) change() }
  try {
    show(row, await sendFile(row.chosen, signal, {
      opened: (id) => { row.uploadId = id },
      progress: (bytes) => {
        unlessStopped(() => {
          row.sentBytes = bytes
          row.state = 'sending'
          rate = meter.add(ledger.sentBytes, performance.now())
        })
      },
      waiting: () => { unlessStopped(() => { row.state = 'waiting-for-line' }) },
      finishing: () => { unlessStopped(() => { row.state = 'finishing' }) }
    }))
    poll()
  } catch (error) {
    if (!isAbort(error) && !signal.aborted) {
      row.state = 'failed'
      row.reason = error instanceof StoreRefusedError ? t('upload.fault.store', { status: error.status }) : error instanceof DOMException ? t('upload.fault.vanished') : faultText(error)
    }
  }
  pump()
}

/** What the server says of a file whose bytes are there. */
function show (row: LedgerRow, { state, stage, reason, trackId }: Upload): void {
  row.state = state === 'open' ? 'finishing' : state as RowState
  row.sentBytes = row.chosen.file.size
  row.stage = stage
  row.reason = reason
  row.trackId = trackId
}

function poll (): void {
  polling ??= setInterval(() => { readStages() }, pollEveryMs)
}

async function readStages (): Promise<void> {
  const waiting = rows.filter((row) => row.state === 'received' && row.uploadId !== null).slice(0, 20)
  if (waiting.length === 0 && !ledger.sending) {
    clearInterval(polling)
    polling = undefined
  }
  await Promise.all(waiting.map(async (row) => {
    if (row.uploadId === null) return
    // A missed answer is made up for by the next.
    const upload = await readUpload(row.uploadId).catch(() => null)
    if (upload !== null) show(row, upload)
  }))
}
