import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import createError from '@fastify/error'
import { confinement, MediaHelperError } from './confinement.ts'
import type { ChildAnswer, ChildRequest } from './media-child.ts'
import type { FileTags } from './read-tags.ts'
import type { ArtworkRequest, RenderedArtwork } from './render-artwork.ts'

/** Reads tags and pictures of hostile files in children that are killed when they take too long or too much. */
export interface MediaReader {
  /**
   * @param path absolute, without an ending
   * @param picturePath where the cover goes, if there is one
   * @throws MediaReadError; MediaReadSlowError; MediaHelperError when no child can be started; the signal's reason when aborted
   */
  readTags(path: string, picturePath: string, signal: AbortSignal): Promise<FileTags>
  /** @throws as readTags */
  renderArtwork(request: ArtworkRequest, signal: AbortSignal): Promise<RenderedArtwork>
  /** Kills the children. */
  close(): Promise<void>
}

/** The machine, not the file, took too long: another attempt may do. */
export const MediaReadSlowError = createError<[number]>('MEDIA_READ_SLOW', 'reading the file took more than %d s, though little of a processor: this machine is too busy', 503)

/** `unreadable`: the child said what is wrong with the file. The others: it had to be, or was, killed. */
export class MediaReadError extends Error {
  readonly kind: 'unreadable' | 'timeout' | 'crash'
  constructor (kind: MediaReadError['kind'], message: string) {
    super(message)
    this.name = 'MediaReadError'
    this.kind = kind
  }
}

export interface MediaReaderOptions {
  /** Children at most; they are started when needed and kept. */
  readonly children: number
  readonly limits?: ReadLimits
}

/** For one file. */
export interface ReadLimits {
  /** Of a processor, all threads together: what needs more is the file's fault, however busy the machine is. */
  readonly processorMs: number
  /** By the clock: children give way to everything else, and a file whose turn doesn't come is not to blame. */
  readonly clockMs: number
}

/** The largest picture that is taken, of 64 megapixels, needs 2.3 s of a processor. */
const defaultLimits: ReadLimits = { processorMs: 20_000, clockMs: 180_000 }
/** Or sooner, where less is allowed. */
const lookEveryMs = 250
/** Of a child; a busy machine starts slowly. */
const startWithinMs = 60_000
const heapMegabytes = 192
/** Decoded pictures live outside the heap. */
const dataBytes = 2 ** 30
const fileBytes = 64 * 2 ** 20

// Beside us is media-child.ts in the source and media-child.js in the build.
const childEntry = fileURLToPath(import.meta.url).replace(/media-reader(\.[jt]s)$/, 'media-child$1')

export function createMediaReader ({ children, limits = defaultLimits }: MediaReaderOptions): MediaReader {
  const idle: ChildProcess[] = []
  const all = new Set<ChildProcess>()
  const waiting: Array<() => void> = []
  let busy = 0

  /** A place for one request at a time and child. */
  async function place<T> (work: () => Promise<T>): Promise<T> {
    if (busy >= children) await new Promise<void>((resolve) => waiting.push(resolve))
    else busy++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) busy--
      else next()
    }
  }

  async function child (): Promise<ChildProcess> {
    const kept = idle.pop()
    if (kept !== undefined) return kept
    const started = await startChild()
    all.add(started)
    started.once('exit', () => {
      all.delete(started)
      const at = idle.indexOf(started)
      if (at >= 0) idle.splice(at, 1)
    })
    await ready(started)
    return started
  }

  async function ask (request: ChildRequest, signal: AbortSignal): Promise<unknown> {
    return place(async () => {
      signal.throwIfAborted()
      const worker = await child()
      const answer = await exchange(worker, request, { limits, signal })
      idle.push(worker)
      if (!answer.ok) throw new MediaReadError('unreadable', answer.fault)
      return answer.value
    })
  }

  return {
    // What comes back was made by our own child: these are its return types.
    readTags: async (path, picturePath, signal) => await ask({ kind: 'tags', path, picturePath }, signal) as FileTags,
    renderArtwork: async (request, signal) => await ask({ kind: 'artwork', ...request }, signal) as RenderedArtwork,
    async close () {
      await Promise.all([...all].map(kill))
    }
  }
}

async function startChild (): Promise<ChildProcess> {
  const [command, ...words] = await confinement({ memory: { kind: 'data', bytes: dataBytes }, fileBytes })
  const child = fork(childEntry, {
    execPath: command,
    execArgv: [...words, process.execPath, `--max-old-space-size=${heapMegabytes}`, '--disable-warning=ExperimentalWarning'],
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced'
  })
  return child
}

/** The child says so before it is given a file: what ends it earlier is no fault of one. */
async function ready (child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const failed = (end: unknown) => reject(new MediaHelperError(`the tag reader ended before it began (${String(end)})`))
  const exited = (code: number | null, signal: NodeJS.Signals | null) => failed(signal ?? `exit code ${String(code)}`)
  const timer = setTimeout(() => failed(`not ready after ${startWithinMs} ms`), startWithinMs)
  child.once('message', () => resolve()).once('exit', exited).once('error', failed)
  try {
    await promise
  } catch (error) {
    await kill(child)
    throw error
  } finally {
    clearTimeout(timer)
    child.off('exit', exited).off('error', failed)
    // An idle child doesn't keep a worker alive that is done.
    child.unref()
    child.channel?.unref()
  }
}

/** One request, one answer; a child that doesn't answer is killed. */
async function exchange (child: ChildProcess, request: ChildRequest, { limits: { processorMs, clockMs }, signal }: { limits: ReadLimits, signal: AbortSignal }): Promise<ChildAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ChildAnswer>()
  const crashed = () => reject(new MediaReadError('crash', 'reading the file ended the process that did it'))
  const aborted = () => reject(signal.reason)
  const timer = setTimeout(() => reject(new MediaReadSlowError(clockMs / 1_000)), clockMs)
  let usedBefore: number | undefined
  const look = () => {
    try {
      const used = processorMsOf(child)
      usedBefore ??= used
      if (used - usedBefore > processorMs) reject(new MediaReadError('timeout', `reading the file took more than ${processorMs} ms of a processor`))
    } catch (error) {
      reject(error)
    }
  }
  const looks = setInterval(look, Math.min(lookEveryMs, processorMs))
  child.once('message', resolve)
  child.once('exit', crashed)
  child.once('error', crashed)
  signal.addEventListener('abort', aborted)
  child.channel?.ref()
  if (signal.aborted) aborted()
  try {
    look()
    child.send(request)
    return await promise
  } catch (error) {
    await kill(child)
    throw error
  } finally {
    clearTimeout(timer)
    clearInterval(looks)
    signal.removeEventListener('abort', aborted)
    child.off('message', resolve).off('exit', crashed).off('error', crashed)
    child.channel?.unref()
  }
}

/** What Linux counts in: USER_HZ is 100 on every architecture that Node runs on. */
const tickMs = 10

/** What a process and its threads have used so far; 0 off Linux, where only the clock limits them, and once it has ended. */
function processorMsOf ({ pid }: ChildProcess): number {
  if (process.platform !== 'linux') return 0
  // proc_pid_stat(5): utime and stime are the 14th and 15th field; the second, the name, may hold spaces.
  const text = statusOf(pid)
  const [utime = '0', stime = '0'] = text.slice(text.lastIndexOf(')') + 2).split(' ').slice(11, 13)
  return (Number(utime) + Number(stime)) * tickMs
}

function statusOf (pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch (error) {
    // It has ended, and says so itself.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return ''
    throw error
  }
}

async function kill (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', resolve)
  child.ref()
  child.kill('SIGKILL')
  await promise
}
