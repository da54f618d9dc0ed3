import { decoders, FfmpegError, runFfmpeg } from '../../platform/media/ffmpeg.ts'
import { isPassingFault } from './passing-fault.ts'
import type { ProcessingContext, SourceAudio, SourceFile } from './processed-track.ts'
import { RejectedError } from './rejected-error.ts'

export interface ProbeResult {
  readonly audio: SourceAudio
  readonly announcedMs: number | null
}

/** Names of ours for ffmpeg's demuxers. */
const containers: ReadonlyArray<readonly [demuxer: string, container: string]> = [
  ['mov,mp4,m4a,3gp,3g2,mj2', 'mp4'], ['matroska,webm', 'matroska'], ['aac', 'adts'], ['wv', 'wavpack'], ['w64', 'wav']
]
const lossless = /^(?:flac|alac|wavpack|pcm_(?!alaw|mulaw).*)$/
/** SHA-256 of nothing. */
const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const mostChannels = 8
const slowestRate = 1000
/** Reading alone, at a tenth of what a slow disk gives. */
const slowestBytesPerMs = 10_000

/**
 * Names the first audio stream and hashes its packets; nothing is decoded.
 * @param path absolute, without an ending, so that the kind of file is found by its content
 * @throws RejectedError
 */
export async function probe (path: string, source: SourceFile, context: ProcessingContext): Promise<ProbeResult> {
  const dump: string[] = []
  let isInput = true
  let output = ''
  try {
    await runFfmpeg(context.ffmpeg, {
      inputPath: path,
      outputArgs: ['-map', '0:a:0', '-c', 'copy', '-f', 'hash', '-hash', 'sha256', 'pipe:1'],
      cwd: context.outDir,
      signal: context.signal,
      limits: { timeoutMs: 30_000 + source.sizeBytes / slowestBytesPerMs, fileBytes: 0, stdoutBytes: 1000 },
      onStdout: (chunk) => { output += chunk.toString('latin1') },
      onStderrLine (line) {
        if (/^(?:Output #|Stream mapping:)/.test(line)) isInput = false
        if (isInput) dump.push(line)
      }
    })
  } catch (error) {
    throw explained(error, dump)
  }
  const audioHash = /^SHA256=([0-9a-f]{64})/.exec(output)?.[1]
  if (audioHash === undefined) throw new Error(`ffmpeg printed no hash but ${JSON.stringify(output.slice(0, 100))}`)
  if (audioHash === emptyHash) throw new RejectedError('EMPTY_AUDIO', 'The file holds no sound at all.')
  return readDump(dump, audioHash)
}

function explained (error: unknown, dump: readonly string[]): unknown {
  if (!(error instanceof FfmpegError) || isPassingFault(error)) return error
  const audio = dump.find((line) => streamLine.test(line))
  if (audio !== undefined) return new RejectedError('UNSUPPORTED_AUDIO', 'The sound in this file can’t be read.', { cause: error })
  if (dump.some((line) => line.startsWith('Input #0'))) return new RejectedError('NO_AUDIO', 'The file has no sound track.', { cause: error })
  return new RejectedError('NOT_AUDIO', 'This is not a sound file, or its start is damaged. Freshet takes MP3, AAC, M4A, ALAC, FLAC, Ogg, Opus, WAV, AIFF and WavPack.', { cause: error })
}

// Tags stand deeper in the dump than its own lines, so no tag can pass for one of these.
const streamLine = /^ {2}Stream #0:\d+\S*: Audio: (.+)$/
const durationLine = /^ {2}Duration: (?:(\d+):(\d\d):(\d\d(?:\.\d+)?)|N\/A)/
const isGuessed = /^\[\w+ @ \w+\] Estimating duration from bitrate/

function readDump (dump: readonly string[], audioHash: string): ProbeResult {
  const demuxer = dump.map((line) => /^Input #0, (\S+), from /.exec(line)?.[1]).find((name) => name !== undefined) ?? ''
  const stream = dump.map((line) => streamLine.exec(line)?.[1]).find((text) => text !== undefined) ?? ''
  const total = dump.map((line) => durationLine.exec(line)).find((match) => match !== null)
  const containerKbps = dump.map((line) => /^ {2}Duration: .* bitrate: (\d+) kb\/s/.exec(line)?.[1]).find((rate) => rate !== undefined)
  const announcedMs = total?.[1] === undefined || dump.some((line) => isGuessed.test(line))
    ? null
    : Math.round(1000 * (Number(total[1]) * 3600 + Number(total[2]) * 60 + Number(total[3])))
  return { audio: { container: containers.find(([name]) => name === demuxer)?.[1] ?? demuxer, ...readStream(stream, containerKbps), audioHash }, announcedMs }
}

/** E.g. "pcm_s24le ([1][0][0][0] / 0x0001), 96000 Hz, stereo, s32 (24 bit), 4608 kb/s". */
function readStream (text: string, containerKbps: string | undefined): Omit<SourceAudio, 'container' | 'audioHash'> {
  const codec = /^\w+/.exec(text)?.[0] ?? 'none'
  const [, rate = '0', layout = '', sampleFormat = '', depth, kbps = containerKbps] =
    /, (\d+) Hz, ([^,]+), (\w+)(?: \((\d+) bit\))?(?:, (\d+) kb\/s)?/.exec(text) ?? []
  const isLossless = lossless.test(codec)
  const audio = {
    codec,
    lossless: isLossless,
    sampleRate: Number(rate),
    channels: channelCount(layout),
    bitDepth: isLossless ? bits(depth, sampleFormat) : null,
    bitrateKbps: kbps === undefined ? null : Number(kbps)
  }
  refuseUnusable(audio)
  return audio
}

function refuseUnusable ({ codec, sampleRate, channels }: { readonly codec: string, readonly sampleRate: number, readonly channels: number }): void {
  if (!decoders.some((name) => name === codec)) {
    throw new RejectedError('UNSUPPORTED_AUDIO', `The sound is coded as ${codec}, which Freshet doesn’t take. Convert it to FLAC first.`)
  }
  if (sampleRate < slowestRate || channels === 0) throw new RejectedError('DAMAGED_AUDIO', 'The file doesn’t say what sound it holds: it is damaged.')
  if (channels > mostChannels) throw new RejectedError('UNSUPPORTED_AUDIO', `The sound has ${channels} channels; Freshet takes up to ${mostChannels}.`)
}

const formatBits: Readonly<Record<string, number>> = { u8: 8, s16: 16, s32: 32, flt: 32, dbl: 64 }
const namedLayouts: Readonly<Record<string, number>> = { mono: 1, stereo: 2, downmix: 2, quad: 4, hexagonal: 6, octagonal: 8, cube: 8 }

/** @param depth as announced; without it all bits of the sample format count */
function bits (depth: string | undefined, sampleFormat: string): number | null {
  return depth === undefined ? formatBits[sampleFormat.replace(/p$/, '')] ?? null : Number(depth)
}

/** "stereo", "5.1(side)", "3 channels", "7.1.2". */
function channelCount (layout: string): number {
  const name = layout.replace(/\(.*$/, '').trim()
  const counted = /^(\d+) channels/.exec(name)?.[1]
  if (counted !== undefined) return Number(counted)
  if (/^\d+(?:\.\d+)+$/.test(name)) return name.split('.').reduce((sum, part) => sum + Number(part), 0)
  return namedLayouts[name] ?? 0
}
