import { get, isAbort, request } from '../app/api.ts'
import type { Page, Upload } from '../app/api-types.ts'
import { createCatchUp } from '../app/catch-up.ts'
import { dependOn } from '../app/depend-on.ts'
import { type ChosenFile, isMusic } from './dropped-files.ts'
import { createRateMeter } from './rate-meter.ts'
import { fingerprintOf, sendFile } from './send-file.ts'
import { sendFaultText } from './send-fault-text.ts'
import { askConflicts } from './tag-conflicts.svelte.ts'
import { followUploads, type UploadNews } from './upload-news.ts'

export type RowState = 'queued' | 'sending' | 'waiting-for-line' | 'paused' | 'finishing' | 'received' | 'published' | 'duplicate' | 'rejected' | 'failed' | 'cancelled'
export type LedgerFilter = 'all' | 'running' | 'failed' | 'rejected' | 'done'

/** One file on its way into the library. */
export class LedgerRow {
  readonly key: string
  readonly chosen: ChosenFile
  state = $state<RowState>('queued')
  sentBytes = $state(0)
  stage = $state<string | null>(null)
  reason = $state<string | null>(null)
  trackId = $state<string | null>(null)
  uploadId: string | null = null
  /** It failed on the server, which has the file: trying again sends nothing. */
  onServer = false
  /** Under which filter it stands; kept here, as reading thousands of states for each that changes would take long. */
  filter: LedgerFilter | null = null

  constructor (key: string, chosen: ChosenFile) {
    this.key = key
    this.chosen = chosen
  }
}

const filesAtOnce = 3
/** Progress is drawn no more often. */
const progressEveryMs = 120
/** Uploads read in one call after a line that was lost. */
const resyncPage = 200
const resyncPages = 40

const filterOf: Readonly<Record<RowState, Exclude<LedgerFilter, 'all'> | null>> = {
  queued: 'running', sending: 'running', 'waiting-for-line': 'running', paused: 'running', finishing: 'running', received: 'running', published: 'done', duplicate: 'done', rejected: 'rejected', failed: 'failed', cancelled: null
}
const sendingStates: readonly RowState[] = ['queued', 'sending', 'waiting-for-line', 'finishing']
const endStates: readonly RowState[] = ['published', 'duplicate', 'rejected', 'failed', 'cancelled']
/** Nothing comes after these. A failed file may be tried again, by whomever. */
const lastStates: readonly RowState[] = ['published', 'duplicate', 'rejected', 'cancelled']
export const isSending = (row: LedgerRow): boolean => sendingStates.includes(row.state)
export const isOver = (row: LedgerRow): boolean => endStates.includes(row.state)

// Rows by the thousand: the list is replaced, never watched in depth, and sums are kept rather than reckoned.
let rows = $state.raw<readonly LedgerRow[]>([])
const byKey = new Map<string, LedgerRow>()
const byUpload = new Map<string, LedgerRow>()
const controllers = new Map<string, AbortController>()
const waiting: LedgerRow[] = []
const meter = createRateMeter()
const sums = $state({ all: 0, running: 0, failed: 0, rejected: 0, done: 0, sending: 0, paused: 0, totalBytes: 0, sentBytes: 0, rate: 0 })
/** Grows when a row comes under another filter. */
let regroupings = $state(0)
let underWay = 0
let follows = false

/** Lives beside the page, so that sending goes on while the curator looks at other pages. */
export const ledger = {
  get rows (): readonly LedgerRow[] { return rows },
  get sending () { return sums.sending > 0 },
  get paused () { return sums.paused > 0 },
  get totalBytes () { return sums.totalBytes },
  get sentBytes () { return sums.sentBytes },
  /** Bytes a second, over the last seconds. */
  get rate () { return sums.rate },
  count: (filter: LedgerFilter): number => sums[filter],
  shown (filter: LedgerFilter): readonly LedgerRow[] {
    if (filter === 'all') return rows
    dependOn(regroupings)
    return rows.filter((row) => row.filter === filter)
  },
  /** Whether an upload is a row's. Who asks again when `rows` change knows it for certain. */
  has: (uploadId: string): boolean => byUpload.has(uploadId)
}
// On whatever page the curator is by now: leaving would cut the files off.
addEventListener('beforeunload', (event) => { if (sums.sending > 0) event.preventDefault() })

/** Takes files in; what is there already goes on, what isn't music is left out. Returns how many were left out. */
export function addFiles (files: readonly ChosenFile[]): number {
  const fitting = files.filter(isMusic)
  const fresh: LedgerRow[] = []
  for (const chosen of fitting) {
    const key = fingerprintOf(chosen)
    const known = byKey.get(key)
    if (known === undefined) fresh.push(newRow(key, chosen))
    else if (known.state === 'failed' || known.state === 'cancelled' || known.state === 'paused') resumeRow(known)
  }
  countIn(fresh)
  rows = [...rows, ...fresh]
  if (!follows) followUploads(hear)
  follows = true
  pump()
  return files.length - fitting.length
}

function newRow (key: string, chosen: ChosenFile): LedgerRow {
  const row = new LedgerRow(key, chosen)
  row.filter = filterOf[row.state]
  byKey.set(key, row)
  waiting.push(row)
  return row
}

/** All at once: each sum that is written tells whoever shows it. */
function countIn (fresh: readonly LedgerRow[]): void {
  sums.all += fresh.length
  sums.running += fresh.length
  sums.sending += fresh.length
  sums.totalBytes += fresh.reduce((bytes, { chosen }) => bytes + chosen.file.size, 0)
  regroupings += 1
}

function tally (row: LedgerRow, by: 1 | -1): void {
  const filter = filterOf[row.state]
  if (filter !== null) sums[filter] += by
  if (isSending(row)) sums.sending += by
  if (row.state === 'paused') sums.paused += by
  if (filter === row.filter) return
  row.filter = filter
  regroupings += 1
}

function setState (row: LedgerRow, state: RowState): void {
  if (row.state === state) return
  tally(row, -1)
  row.state = state
  tally(row, 1)
}

function setSent (row: LedgerRow, bytes: number): void {
  sums.sentBytes += bytes - row.sentBytes
  row.sentBytes = bytes
}

export function pauseRow (row: LedgerRow): void {
  setState(row, 'paused')
  controllers.get(row.key)?.abort()
}

export function resumeRow (row: LedgerRow): void {
  row.reason = null
  if (row.onServer) {
    setState(row, 'received')
    request('POST', '/uploads/retry', { body: { ids: [row.uploadId] } }).catch((error: unknown) => { fail(row, error) })
    return
  }
  setState(row, 'queued')
  waiting.push(row)
  pump()
}

export async function cancelRow (row: LedgerRow): Promise<void> {
  setState(row, 'cancelled')
  controllers.get(row.key)?.abort()
  if (row.uploadId !== null) await request('DELETE', `/uploads/${row.uploadId}`)
}

export function pauseAll (): void {
  for (const row of rows) if (row.state !== 'finishing' && isSending(row)) pauseRow(row)
}
export function resumeAll (): void {
  for (const row of rows) if (row.state === 'paused') resumeRow(row)
}
export function retryAllFailed (): void {
  for (const row of rows) if (row.state === 'failed') resumeRow(row)
}
export function clearOver (): void {
  for (const row of rows.filter(isOver)) {
    byKey.delete(row.key)
    if (row.uploadId !== null) byUpload.delete(row.uploadId)
    tally(row, -1)
    sums.all -= 1
    sums.totalBytes -= row.chosen.file.size
    sums.sentBytes -= row.sentBytes
  }
  rows = rows.filter((row) => !isOver(row))
}

function pump (): void {
  while (underWay < filesAtOnce) {
    const row = waiting.shift()
    if (row === undefined) return
    if (row.state === 'queued') send(row)
  }
}

async function send (row: LedgerRow): Promise<void> {
  const controller = new AbortController()
  const { signal } = controller
  controllers.set(row.key, controller)
  underWay += 1
  setState(row, 'sending')
  let drawnAt = 0
  try {
    const upload = await sendFile(row.chosen, signal, {
      opened (id) {
        row.uploadId = id
        byUpload.set(id, row)
      },
      progress (bytes) {
        const now = performance.now()
        if (signal.aborted || (now - drawnAt < progressEveryMs && bytes < row.chosen.file.size)) return
        drawnAt = now
        setSent(row, bytes)
        setState(row, 'sending')
        sums.rate = meter.add(sums.sentBytes, now)
      },
      waiting: () => { if (!signal.aborted) setState(row, 'waiting-for-line') },
      finishing: () => { if (!signal.aborted) setState(row, 'finishing') }
    })
    // The events may have been quicker than the answer.
    if (!isOver(row) && row.stage === null) show(row, newsOf(upload))
  } catch (error) {
    // Its other part is under way still, and would call the file one that is being sent.
    if (!isAbort(error) && !signal.aborted) { controller.abort(); fail(row, error) }
  } finally {
    controllers.delete(row.key)
    underWay -= 1
    pump()
  }
}

function fail (row: LedgerRow, error: unknown): void {
  setState(row, 'failed')
  row.reason = sendFaultText(error)
}

/** What the server says of a file whose bytes are there. */
function show (row: LedgerRow, { state, stage, reason, trackId }: UploadNews): void {
  // A list that was read meanwhile may be older than the news.
  if (lastStates.includes(row.state)) return
  setState(row, state)
  setSent(row, row.chosen.file.size)
  row.stage = stage
  row.reason = reason
  row.trackId = trackId
  // What is in the catalogue may have tags to settle.
  if (trackId !== null) askConflicts([trackId])
  row.onServer = state === 'failed'
}

function newsOf ({ id, state, stage, reason, reasonCode, trackId }: Upload): UploadNews {
  const shown = state === 'open' ? 'received' : state === 'received' && reasonCode !== null ? 'failed' : state
  return { id, state: shown, stage, reason, trackId }
}

const catchUp = createCatchUp(resync)

function hear (news: UploadNews | null): void {
  if (news === null) { catchUp(); return }
  const row = byUpload.get(news.id)
  if (row !== undefined) show(row, news)
}

/** After a line that was lost: what became of those that are not over, from the newest on. */
async function resync (signal: AbortSignal): Promise<void> {
  const open = new Set([...byUpload.values()].filter((row) => row.state === 'received' || row.state === 'finishing'))
  let cursor: string | null = null
  for (let page = 0; page < resyncPages && open.size > 0; page++) {
    const answer: Page<Upload> = await get<Page<Upload>>('/uploads', { query: { limit: resyncPage, cursor }, signal })
    for (const upload of answer.items) {
      const row = byUpload.get(upload.id)
      if (row === undefined || !open.delete(row) || upload.state === 'open') continue
      show(row, newsOf(upload))
    }
    cursor = answer.nextCursor
    if (cursor === null) return
  }
}
