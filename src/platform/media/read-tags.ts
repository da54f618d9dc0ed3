import { writeFile } from 'node:fs/promises'
import { type IAudioMetadata, type ILyricsTag, parseFile, selectCover } from 'music-metadata'

/** What a file says of itself, in its own words; only the amount is bounded. Read in a child process. */
export interface FileTags {
  readonly title: string | null
  readonly artist: string | null
  readonly artists: readonly string[]
  readonly albumArtist: string | null
  readonly albumArtists: readonly string[]
  readonly album: string | null
  readonly discNo: number | null
  readonly discTitle: string | null
  readonly trackNo: number | null
  readonly year: number | null
  readonly genres: readonly string[]
  readonly composers: readonly string[]
  readonly conductors: readonly string[]
  readonly remixers: readonly string[]
  readonly label: string | null
  readonly compilation: boolean
  readonly isrc: string | null
  readonly recordingId: string | null
  readonly releaseId: string | null
  readonly artistIds: readonly string[]
  readonly albumArtistIds: readonly string[]
  readonly replayGainTrackDb: number | null
  readonly replayGainAlbumDb: number | null
  readonly lyrics: { readonly text: string, readonly synced: ReadonlyArray<{ readonly atMs: number, readonly text: string }>, readonly language: string | null } | null
  /** Whether a picture was written to `picturePath`. */
  readonly hasPicture: boolean
}

/** Longest text taken over; tags of megabytes exist to do harm. */
const longestText = 2000
const longestLyrics = 100_000
const mostValues = 64
const mostLyricsLines = 5000
const largestPictureBytes = 32 * 2 ** 20

/**
 * Reads the tags; the front cover, or else the first picture, is written to `picturePath`.
 * @param path must have no ending, so that the kind of file is found by its content
 * @throws Error when the file is of no known kind
 */
export async function readTags (path: string, picturePath: string): Promise<FileTags> {
  const metadata = await parseFile(path, { duration: false })
  const picture = selectCover(metadata.common.picture)
  const hasPicture = picture !== null && picture.data.length > 0 && picture.data.length <= largestPictureBytes
  if (hasPicture) await writeFile(picturePath, picture.data)
  return { ...names(metadata), ...numbers(metadata), lyrics: lyrics(metadata.common.lyrics), hasPicture }
}

function names ({ common }: IAudioMetadata) {
  return {
    title: text(common.title),
    artist: text(common.artist),
    artists: texts(common.artists),
    albumArtist: text(common.albumartist),
    albumArtists: texts(common.albumartists),
    album: text(common.album),
    discTitle: text(common.discsubtitle),
    genres: texts(common.genre),
    composers: texts(common.composer),
    conductors: texts(common.conductor),
    remixers: texts(common.remixer),
    label: text(common.label?.[0]),
    isrc: text(common.isrc?.[0]),
    recordingId: text(common.musicbrainz_recordingid),
    releaseId: text(common.musicbrainz_albumid),
    artistIds: texts(common.musicbrainz_artistid),
    albumArtistIds: texts(common.musicbrainz_albumartistid)
  }
}

function numbers ({ common }: IAudioMetadata) {
  return {
    discNo: common.disk.no,
    trackNo: common.track.no,
    year: common.year ?? null,
    compilation: common.compilation === true,
    replayGainTrackDb: common.replaygain_track_gain?.dB ?? null,
    replayGainAlbumDb: common.replaygain_album_gain?.dB ?? null
  }
}

function lyrics (tags: readonly ILyricsTag[] | undefined): FileTags['lyrics'] {
  const tag = tags?.find(({ syncText }) => syncText.length > 0) ?? tags?.[0]
  if (tag === undefined) return null
  const synced = tag.syncText.slice(0, mostLyricsLines).flatMap(({ timestamp, text: line }) =>
    timestamp === undefined ? [] : [{ atMs: timestamp, text: line.slice(0, longestText) }])
  const plain = tag.text ?? synced.map((line) => line.text).join('\n')
  return { text: plain.slice(0, longestLyrics), synced, language: text(tag.language) }
}

// The parser hands on whatever a file holds, so its types are promises only.
function text (value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? mended(value.slice(0, longestText)) : null
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** UTF-8 that was taken for Latin-1, as in most WAV files; no other text happens to be valid UTF-8. */
function mended (value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value
  try {
    return utf8.decode(Buffer.from(value, 'latin1'))
  } catch {
    return value
  }
}

function texts (values: unknown): string[] {
  return Array.isArray(values) ? values.slice(0, mostValues).flatMap((value) => text(value) ?? []) : []
}
