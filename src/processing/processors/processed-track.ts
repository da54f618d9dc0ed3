import type { Ffmpeg } from '../../platform/media/ffmpeg.ts'
import type { MediaReader } from '../../platform/media/media-reader.ts'

/** A file to publish, in a private local folder. */
export interface SourceFile {
  readonly path: string
  /** Name and folder as the curator has them; tags fall back to these. Never reaches a command line. */
  readonly relativePath: string
  readonly sizeBytes: number
}

/** What an upload shows while it is worked on. */
export type Stage = 'read' | 'renditions' | 'artwork'

export interface ProcessingLog {
  warn(facts: Record<string, unknown>, message: string): void
}

export interface ProcessingContext {
  readonly ffmpeg: Ffmpeg
  /** Children that read tags and pictures; one pool a worker, shared by all its tracks. */
  readonly reader: MediaReader
  /** Private, empty folder of this attempt; all artefacts are written here. */
  readonly outDir: string
  readonly signal: AbortSignal
  readonly onStage: (stage: Stage) => void
  readonly log: ProcessingLog
}

export interface ProcessingOptions {
  /** A cover lying in the album's folder, used when the file has none inside. */
  readonly folderArtworkPath?: string
  /** True when artwork made from this very picture by the present recipe is stored: it isn't made again. */
  readonly isArtworkStored?: (sourceSha256: string) => Promise<boolean>
}

/** The original's audio. */
export interface SourceAudio {
  /** mp3, mp4, flac, ogg, wav, aiff, wavpack, adts, matroska, … by content, never by name. */
  readonly container: string
  readonly codec: string
  readonly lossless: boolean
  readonly sampleRate: number
  readonly channels: number
  /** null for lossy codecs. */
  readonly bitDepth: number | null
  readonly bitrateKbps: number | null
  /** SHA-256 over the coded packets: equal in two files that differ in tags only. */
  readonly audioHash: string
}

/** `durationMs` is exact: counted on the decoded samples. */
export type Probe = SourceAudio & { readonly durationMs: number }

export interface CreditedArtist {
  readonly name: string
  readonly musicBrainzId: string | null
}

export interface LyricsTag {
  readonly text: string
  readonly synced: ReadonlyArray<{ readonly atMs: number, readonly text: string }> | null
  readonly language: string | null
}

export interface TrackTags {
  readonly title: string
  /** As shown: "A feat. B". */
  readonly artistCredit: string
  /** At least one: "Unknown artist" where neither tags nor names tell. */
  readonly artists: readonly CreditedArtist[]
  readonly featured: readonly CreditedArtist[]
  readonly composers: readonly string[]
  readonly conductors: readonly string[]
  readonly remixers: readonly string[]
  readonly album: {
    readonly title: string
    readonly artistCredit: string
    readonly artists: readonly CreditedArtist[]
    readonly musicBrainzId: string | null
    readonly compilation: boolean
    readonly label: string | null
  }
  readonly discNo: number
  readonly discTitle: string | null
  /** 0 where neither tags nor the name tell. */
  readonly trackNo: number
  readonly year: number | null
  readonly genres: readonly string[]
  readonly lyrics: LyricsTag | null
  readonly isrc: string | null
  /** Recording id. */
  readonly musicBrainzId: string | null
  readonly replayGainTrackDb: number | null
  readonly replayGainAlbumDb: number | null
}

/** A file made for the store. */
export interface Artefact {
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly mimeType: string
}

export interface RenditionFile extends Artefact {
  readonly name: 'aac-96' | 'aac-160' | 'aac-256' | 'flac'
  readonly codec: 'aac' | 'flac'
  /** Of AAC what was asked for, of FLAC the mean over the file. */
  readonly bitrateKbps: number
  readonly sampleRate: number
  readonly channels: number
  readonly recipeVersion: number
  /** Bytes before the first fragment: ftyp, moov, sidx. */
  readonly initBytes: number
  /** Ticks a second. */
  readonly timescale: number
  readonly fragments: ReadonlyArray<readonly [offset: number, sizeBytes: number, ticks: number]>
  /** Samples to hear, after `encoderDelay` is cut and the padding at the end. */
  readonly sampleCount: number
  /** Samples to drop at the start: AAC 1024, FLAC 0. */
  readonly encoderDelay: number
}

export interface WaveformFile extends Artefact {
  /** One unsigned byte a bar: the highest peak, 255 is full scale. */
  readonly bars: number
  /** For rows of lists, see outlineOf. */
  readonly outline: string
  readonly recipeVersion: number
}

export interface Loudness {
  /** EBU R128 integrated loudness; null for silence and what is too short to measure (under 400 ms). */
  readonly integratedLufs: number | null
  readonly truePeakDbtp: number | null
}

export interface ArtworkImageFile extends Artefact {
  readonly sizePx: number
  readonly format: 'webp' | 'avif'
}

export interface NewArtwork {
  readonly kind: 'new'
  readonly sourceSha256: string
  readonly widthPx: number
  readonly heightPx: number
  readonly blurhash: string
  /** #rrggbb */
  readonly dominantColour: string
  readonly images: readonly ArtworkImageFile[]
  readonly recipeVersion: number
}

/** `stored`: options.isArtworkStored said so; null: no picture, or a broken one (then `warnings` says why). */
export type ProcessedArtwork = NewArtwork | { readonly kind: 'stored', readonly sourceSha256: string } | null

/** What is known before anything is decoded: enough to see that the same audio is here already. */
export interface TrackReading {
  readonly source: SourceFile
  readonly audio: SourceAudio
  readonly tags: TrackTags
  /** As the container announces it; null where it says nothing reliable. */
  readonly announcedMs: number | null
  /** The picture inside the file, taken out. */
  readonly picturePath: string | null
  readonly warnings: readonly string[]
}

export interface ProcessedTrack {
  readonly probe: Probe
  readonly tags: TrackTags
  /** aac-96, aac-160, aac-256, and flac when the source is lossless. */
  readonly renditions: readonly RenditionFile[]
  readonly waveform: WaveformFile
  readonly loudness: Loudness
  readonly artwork: ProcessedArtwork
  /** What was left out, for the curator: a broken cover, unreadable tags, a damaged end. */
  readonly warnings: readonly string[]
}
