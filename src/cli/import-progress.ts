import type { ArchiveSize } from '../uploads/measure-archive.ts'
import type { FileOutcome } from '../uploads/import-outcomes.ts'
import { readableBytes, readableTime } from './readable.ts'

export interface ImportProgress {
  ended (outcome: FileOutcome): void
  /** There is work to wait for: from now on progress is shown. */
  working (): void
  waiting (count: number): void
  stop (): void
}

export interface ImportProgressOptions {
  readonly stream: NodeJS.WriteStream
  /** Whether the worker runs in this process; where it does not, there may be none. */
  readonly worksHere: boolean
  readonly measure: () => ArchiveSize
}

const barMs = 200
const lineMs = 5_000
const barWidth = 24
/** With work waiting and none done for so long, somebody has to be told. */
const stalledMs = 30_000

interface State {
  readonly startedAt: number
  files: number
  bytes: number
  waiting: number
  lastEndedAt: number
  size: ArchiveSize | undefined
  saidStalled: boolean
}

/** A bar on a terminal; elsewhere a line every few seconds. */
export function startImportProgress ({ stream, worksHere, measure }: ImportProgressOptions): ImportProgress {
  const state: State = { startedAt: performance.now(), files: 0, bytes: 0, waiting: 0, lastEndedAt: performance.now(), size: undefined, saidStalled: false }
  let timer: NodeJS.Timeout | undefined
  const show = () => {
    const line = progressLine(state)
    stream.write(stream.isTTY ? `\r\u001b[K${line.slice(0, stream.columns - 1)}` : `${line}\n`)
    if (!worksHere && isStalled(state)) {
      state.saidStalled = true
      stream.write(`${stream.isTTY ? '\n' : ''}${state.waiting} files wait and nothing was processed for 30 s: is a worker running? Start Freshet, or use --worker.\n`)
    }
  }
  return {
    ended ({ sizeBytes }) {
      state.files++
      state.bytes += sizeBytes
      state.lastEndedAt = performance.now()
      state.saidStalled = false
    },
    working () {
      if (timer !== undefined) return
      state.size = measure()
      timer = setInterval(show, stream.isTTY ? barMs : lineMs)
    },
    waiting (count) { state.waiting = count },
    stop () {
      clearInterval(timer)
      if (timer !== undefined && stream.isTTY) stream.write('\r\u001b[K')
    }
  }
}

function isStalled ({ saidStalled, waiting, lastEndedAt }: State): boolean {
  return !saidStalled && waiting > 0 && performance.now() - lastEndedAt > stalledMs
}

function progressLine ({ files, bytes, size, startedAt }: State): string {
  const seconds = Math.max(0.001, (performance.now() - startedAt) / 1_000)
  const rate = `${(files / seconds).toFixed(1)} files/s, ${readableBytes(bytes / seconds)}/s`
  if (size === undefined || !size.complete) return `${files} files, ${readableBytes(bytes)} done; counting; ${rate}`
  const share = size.bytes === 0 ? 1 : Math.min(1, bytes / size.bytes)
  const bar = '█'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '░')
  const left = share === 0 ? '' : `, ${readableTime(seconds / share - seconds)} left`
  return `${bar} ${Math.floor(share * 100)} %  ${files} of ${size.files} files, ${readableBytes(bytes)} of ${readableBytes(size.bytes)}, ${rate}${left}`
}
