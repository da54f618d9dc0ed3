import { FfmpegError, runFfmpeg } from '../../platform/media/ffmpeg.ts'
import { isPassingFault } from './passing-fault.ts'
import type { ProcessingContext, TrackReading } from './processed-track.ts'
import { RejectedError } from './rejected-error.ts'

/** For a branch whose filter says all that's wanted. */
export const noOutput = ['-c:a', 'pcm_s16le', '-f', 'null', '-']

/** One branch of the decoded sound: filtered, then encoded to a file, to us, or to nowhere. */
export interface DecodeBranch {
  /** `source`: as decoded. `playable`: as every browser plays it, see `playableFormat`. */
  readonly feed: 'source' | 'playable'
  readonly filter: string
  /** Options and path of the output. */
  readonly output: readonly string[]
}

/** What a processor hangs on the one decoding of a track, so that each further one costs no further decoding. */
export interface DecodeTap<Result> {
  readonly branches: readonly DecodeBranch[]
  /** At most one tap may write to `pipe:1`. */
  readonly onStdout?: (chunk: Buffer) => void
  readonly onStderrLine?: (line: string) => void
  /** Called after the pass ended well. */
  readonly finish: () => Promise<Result>
}

/** Longest recording taken. What claims to be longer, or unpacks to more, is an attack or a mistake. */
export const longestMs = 12 * 3600 * 1000
/** Below any music: what a file must hold so that its length can't be longer than its size says. */
const fewestBytesPerMs = 16
/** Encoding runs at some twenty times real time on one core; slower than real time it hangs. */
const leastTimeoutMs = 60_000
const largestFileBytes = 4 * 2 ** 30
/** Peaks take 16 bytes a millisecond. */
const stdoutBytes = 2 * 16 * longestMs

/**
 * 44.1 kHz for the family of 11,025 Hz, otherwise 48 kHz; mono or stereo. Rates below 32 kHz are raised too:
 * decoders disagree whether low-rate AAC hides a doubled rate (implicit SBR).
 */
export function playableFormat ({ sampleRate, channels }: { readonly sampleRate: number, readonly channels: number }): { readonly sampleRate: number, readonly channels: number } {
  return { sampleRate: sampleRate % 11025 === 0 ? 44100 : 48000, channels: Math.min(2, channels) }
}

/**
 * Decodes the track once, feeding every branch.
 * @throws RejectedError when the sound can't be decoded
 */
export async function decodeOnce (path: string, reading: TrackReading, taps: ReadonlyArray<DecodeTap<unknown>>, context: ProcessingContext): Promise<void> {
  const branches = taps.flatMap((tap) => tap.branches)
  const expectedMs = Math.min(longestMs, Math.max(reading.announcedMs ?? 0, reading.source.sizeBytes / fewestBytesPerMs))
  try {
    await runFfmpeg(context.ffmpeg, {
      inputPath: path,
      inputArgs: ['-t', String(longestMs / 1000 + 1)],
      outputArgs: ['-filter_complex', filterGraph(branches, playableFormat(reading.audio)), ...outputArgs(branches)],
      cwd: context.outDir,
      signal: context.signal,
      limits: { timeoutMs: leastTimeoutMs + expectedMs, fileBytes: largestFileBytes, stdoutBytes },
      onStdout: (chunk) => { for (const tap of taps) tap.onStdout?.(chunk) },
      onStderrLine: (line) => { for (const tap of taps) tap.onStderrLine?.(line) }
    })
  } catch (error) {
    if (!(error instanceof FfmpegError) || isPassingFault(error)) throw error
    throw new RejectedError('DAMAGED_AUDIO', 'The sound in this file can’t be decoded: it is damaged.', { cause: error })
  }
}

function filterGraph (branches: readonly DecodeBranch[], playable: { readonly sampleRate: number, readonly channels: number }): string {
  const layout = playable.channels === 1 ? 'mono' : 'stereo'
  const feeds = (feed: DecodeBranch['feed']) => branches.flatMap((branch, i) => branch.feed === feed ? [`[in${i}]`] : [])
  const [source, played] = [feeds('source'), feeds('playable')]
  return [
    // Counted anew, so that gaps in a damaged file's time stamps don't stretch what is written.
    `[0:a:0]asettb=1/sr,asetpts=N,asplit=${source.length + 1}${source.join('')}[decoded]`,
    `[decoded]aresample=${playable.sampleRate},aformat=sample_fmts=fltp:channel_layouts=${layout},asplit=${played.length}${played.join('')}`,
    // A resampler in front keeps what a branch asks for from reaching back through the split to the others.
    ...branches.map(({ filter }, i) => `[in${i}]aresample,${filter}[out${i}]`)
  ].join(';')
}

function outputArgs (branches: readonly DecodeBranch[]): string[] {
  return branches.flatMap(({ output }, i) =>
    ['-map', `[out${i}]`, '-map_metadata', '-1', '-map_chapters', '-1', '-fflags', '+bitexact', '-flags:a', '+bitexact', '-threads', '1', ...output])
}
