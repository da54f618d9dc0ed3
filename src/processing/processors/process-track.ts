import { rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MediaReadError } from '../../platform/media/media-reader.ts'
import type { FileTags } from '../../platform/media/read-tags.ts'
import { makeArtwork } from './artwork.ts'
import { decodeOnce, longestMs } from './decode-pass.ts'
import { loudnessTap } from './loudness.ts'
import { probe } from './probe.ts'
import type { ProcessedTrack, ProcessingContext, ProcessingOptions, SourceFile, TrackReading } from './processed-track.ts'
import { refuseForeignFile } from './refuse-foreign-file.ts'
import { RejectedError } from './rejected-error.ts'
import { checkRenditions, renditionsTap } from './renditions.ts'
import { describeTrack } from './tags.ts'
import { waveformTap } from './waveform.ts'

/** How much of the announced length must decode. */
const leastReadable = 0.95

/**
 * Names the audio and reads the tags; nothing is decoded, so this costs little whatever the length.
 * @throws RejectedError when the file can't become a track
 */
export async function readTrack (source: SourceFile, context: ProcessingContext): Promise<TrackReading> {
  context.onStage('read')
  await refuseForeignFile(source.path)
  const path = await namelessPath(source, context)
  const { audio, announcedMs } = await probe(path, source, context)
  if (announcedMs !== null && announcedMs > longestMs) throw tooLong()
  const picturePath = join(context.outDir, 'picture')
  const { tags, warnings } = await fileTags(path, picturePath, context)
  return {
    source,
    audio,
    announcedMs,
    tags: describeTrack(tags, source.relativePath),
    picturePath: tags?.hasPicture === true ? picturePath : null,
    warnings
  }
}

/**
 * Makes the artefacts of a track that was read.
 * @throws RejectedError when too little of it can be decoded
 */
export async function renderTrack (reading: TrackReading, context: ProcessingContext, options: ProcessingOptions = {}): Promise<ProcessedTrack> {
  context.onStage('renditions')
  const taps = {
    loudness: loudnessTap(),
    renditions: renditionsTap(reading.audio, context.outDir),
    waveform: waveformTap(context.outDir)
  }
  await decodeOnce(await namelessPath(reading.source, context), reading, Object.values(taps), context)
  const [loudness, renditions, waveform] = await Promise.all([taps.loudness.finish(), taps.renditions.finish(), taps.waveform.finish()])
  const damage = judgeLength(waveform.durationMs, reading.announcedMs)
  checkRenditions(renditions, { durationMs: waveform.durationMs, truePeakDbtp: loudness.truePeakDbtp })

  context.onStage('artwork')
  const pictures = [reading.picturePath, options.folderArtworkPath].filter((path) => path !== null && path !== undefined)
  const { artwork, warnings } = await makeArtwork(pictures, context, options)
  return {
    probe: { ...reading.audio, durationMs: exactMs(renditions) },
    tags: reading.tags,
    renditions,
    waveform: waveform.file,
    loudness,
    artwork,
    warnings: [...reading.warnings, ...damage, ...warnings]
  }
}

/** `readTrack`, then `renderTrack`. */
export async function processTrack (source: SourceFile, context: ProcessingContext, options: ProcessingOptions = {}): Promise<ProcessedTrack> {
  return renderTrack(await readTrack(source, context), context, options)
}

/** A name without an ending for the same bytes: neither reader may judge a file by its name. */
async function namelessPath (source: SourceFile, { outDir }: ProcessingContext): Promise<string> {
  const path = join(outDir, 'source')
  await rm(path, { force: true })
  await symlink(resolve(source.path), path)
  return path
}

async function fileTags (path: string, picturePath: string, { reader, signal, log }: ProcessingContext): Promise<{ readonly tags: FileTags | null, readonly warnings: readonly string[] }> {
  try {
    return { tags: await reader.readTags(path, picturePath, signal), warnings: [] }
  } catch (error) {
    if (!(error instanceof MediaReadError)) throw error
    log.warn({ err: error }, 'tags left out')
    return { tags: null, warnings: ['The tags could not be read; names come from the file and its folders.'] }
  }
}

function tooLong (): RejectedError {
  return new RejectedError('TOO_LONG', `The recording is longer than ${longestMs / 3_600_000} hours. Cut it into parts.`)
}

/**
 * Decides whether enough could be decoded.
 * @returns a warning when a little is missing
 */
function judgeLength (decodedMs: number, announcedMs: number | null): string[] {
  if (decodedMs === 0) throw new RejectedError('EMPTY_AUDIO', 'The file holds no sound at all.')
  if (decodedMs > longestMs) throw tooLong()
  if (announcedMs === null || announcedMs - decodedMs < 1000) return []
  const lengths = `${clock(decodedMs)} of ${clock(announcedMs)}`
  if (decodedMs < leastReadable * announcedMs) throw new RejectedError('DAMAGED_AUDIO', `Only ${lengths} could be read: the file is damaged or incomplete.`)
  return [`A little is missing: ${lengths} could be read.`]
}

function clock (ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function exactMs (renditions: ProcessedTrack['renditions']): number {
  const [first] = renditions
  return first === undefined ? 0 : Math.round(first.sampleCount / first.timescale * 1000)
}
