import type { ProcessedTrack, ProcessingContext, ProcessingOptions, SourceFile, TrackReading } from './processed-track.ts'

/**
 * Names the audio and reads the tags; nothing is decoded.
 * @throws RejectedError when the file can't become a track
 */
export async function readTrack (source: SourceFile, context: ProcessingContext): Promise<TrackReading> {
  throw new Error(`not built yet: ${source.path} ${context.outDir}`)
}

/**
 * Makes the artefacts of a track that was read.
 * @throws RejectedError when too little of it can be decoded
 */
export async function renderTrack (reading: TrackReading, context: ProcessingContext, options: ProcessingOptions = {}): Promise<ProcessedTrack> {
  throw new Error(`not built yet: ${reading.source.path} ${context.outDir} ${String(options.folderArtworkPath)}`)
}

/** `readTrack`, then `renderTrack`. */
export async function processTrack (source: SourceFile, context: ProcessingContext, options: ProcessingOptions = {}): Promise<ProcessedTrack> {
  return renderTrack(await readTrack(source, context), context, options)
}
