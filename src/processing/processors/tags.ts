import type { FileTags } from '../../platform/media/read-tags.ts'
import { cleanLine, cleanLines } from './clean-text.ts'
import { creditArtists } from './credit-artists.ts'
import { type NamesFromPath, namesFromPath } from './names-from-path.ts'
import type { LyricsTag, TrackTags } from './processed-track.ts'

const mostGenres = 20
const mostPeople = 30
const longestLyrics = 50_000
const mostLyricsLines = 2000
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const untagged: FileTags = {
  title: null,
  artist: null,
  artists: [],
  albumArtist: null,
  albumArtists: [],
  album: null,
  discNo: null,
  discTitle: null,
  trackNo: null,
  year: null,
  genres: [],
  composers: [],
  conductors: [],
  remixers: [],
  label: null,
  compilation: false,
  isrc: null,
  recordingId: null,
  releaseId: null,
  artistIds: [],
  albumArtistIds: [],
  replayGainTrackDb: null,
  replayGainAlbumDb: null,
  lyrics: null,
  hasPicture: false
}

/**
 * What the catalogue is told of a track: the tags, made clean, and the file's name and folders where they are silent.
 * @param tags null when they couldn't be read
 */
export function describeTrack (tags: FileTags | null, relativePath: string): TrackTags {
  const file = tags ?? untagged
  const path = namesFromPath(relativePath)
  const title = cleanLine(file.title)
  const artists = creditArtists({
    credit: cleanLine(file.artist),
    names: lines(file.artists),
    ids: ids(file.artistIds),
    title: title ?? '',
    // A name of "Artist - Title" is meant as such only where the tags don't give the title.
    fallback: title === undefined ? path.artist : path.albumArtist
  })
  return {
    title: title ?? path.title,
    ...artists,
    ...people(file),
    album: describeAlbum(file, path, artists),
    ...position(file, path),
    discTitle: cleanLine(file.discTitle) ?? null,
    genres: genres(file.genres),
    lyrics: lyrics(file.lyrics),
    isrc: isrc(file.isrc),
    musicBrainzId: id(file.recordingId),
    replayGainTrackDb: decibels(file.replayGainTrackDb),
    replayGainAlbumDb: decibels(file.replayGainAlbumDb)
  }
}

function people (file: FileTags): Pick<TrackTags, 'composers' | 'conductors' | 'remixers'> {
  const listed = (names: readonly string[]) => lines(names).slice(0, mostPeople)
  return { composers: listed(file.composers), conductors: listed(file.conductors), remixers: listed(file.remixers) }
}

function position (file: FileTags, path: NamesFromPath): Pick<TrackTags, 'discNo' | 'trackNo' | 'year'> {
  return {
    discNo: whole(file.discNo, 1, 999) ?? path.discNo ?? 1,
    trackNo: whole(file.trackNo, 0, 9999) ?? path.trackNo ?? 0,
    year: whole(file.year, 1000, 2999) ?? path.year ?? null
  }
}

const variousArtists = 'Various Artists'

function describeAlbum (file: FileTags, path: NamesFromPath, track: Pick<TrackTags, 'artists'>): TrackTags['album'] {
  return {
    title: cleanLine(file.album) ?? path.album ?? 'Unknown album',
    ...albumArtists(file, track),
    musicBrainzId: id(file.releaseId),
    compilation: file.compilation,
    label: cleanLine(file.label) ?? null
  }
}

function albumArtists (file: FileTags, track: Pick<TrackTags, 'artists'>): Pick<TrackTags['album'], 'artistCredit' | 'artists'> {
  const credit = cleanLine(file.albumArtist)
  if (credit === undefined && file.compilation) return { artistCredit: variousArtists, artists: [{ name: variousArtists, musicBrainzId: null }] }
  if (credit === undefined) return { artistCredit: track.artists.map(({ name }) => name).join(', '), artists: track.artists }
  const { artists, featured } = creditArtists({ credit, names: lines(file.albumArtists), ids: ids(file.albumArtistIds), title: '', fallback: undefined })
  return { artistCredit: credit, artists: [...artists, ...featured] }
}

function lines (texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => cleanLine(text) ?? []))]
}

/** MusicBrainz ids; some taggers put several into one value. */
function ids (texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.toLowerCase().split(/[\s;/,]+/)).filter((text) => uuid.test(text))
}

function id (text: string | null): string | null {
  return ids([text ?? ''])[0] ?? null
}

function whole (value: number | null, least: number, most: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most ? value : undefined
}

function genres (texts: readonly string[]): string[] {
  return lines(texts.flatMap((text) => text.split(';'))).slice(0, mostGenres)
}

function isrc (text: string | null): string | null {
  const code = text?.toUpperCase().replace(/[^A-Z0-9]/g, '') ?? ''
  return /^[A-Z]{2}[A-Z0-9]{3}\d{7}$/.test(code) ? code : null
}

function decibels (value: number | null): number | null {
  return typeof value === 'number' && Math.abs(value) <= 100 ? Math.round(value * 100) / 100 : null
}

function lyrics (tag: FileTags['lyrics']): LyricsTag | null {
  const text = cleanLines(tag?.text, longestLyrics)
  if (tag === null || text === undefined) return null
  const synced = tag.synced.slice(0, mostLyricsLines)
    .filter(({ atMs }) => Number.isFinite(atMs) && atMs >= 0)
    .map(({ atMs, text: line }) => ({ atMs: Math.round(atMs), text: cleanLine(line) ?? '' }))
    .sort((a, b) => a.atMs - b.atMs)
  return { text, synced: synced.length > 0 ? synced : null, language: cleanLine(tag.language, 20) ?? null }
}
