/** The audio files that the pipeline takes, by ending; what is inside is for the worker to find out. */
const audioTypes: Readonly<Record<string, string>> = {
  aac: 'audio/aac',
  aif: 'audio/aiff',
  aifc: 'audio/aiff',
  aiff: 'audio/aiff',
  alac: 'audio/mp4',
  flac: 'audio/flac',
  m4a: 'audio/mp4',
  m4b: 'audio/mp4',
  mp3: 'audio/mpeg',
  mp4: 'audio/mp4',
  oga: 'audio/ogg',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  wave: 'audio/wav',
  wv: 'audio/x-wavpack'
}

const pictureTypes: Readonly<Record<string, string>> = { jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' }

/** Names that players and rippers give to the picture of a folder, the most telling first. */
const folderArtworkNames = ['cover', 'folder', 'front', 'albumart']

/** The endings, for messages. */
export const audioExtensions: readonly string[] = Object.keys(audioTypes)

/** The media type of an audio file, or undefined where the ending is not one that the pipeline takes. */
export function audioTypeOf (fileName: string): string | undefined {
  return audioTypes[extensionOf(fileName)]
}

export function pictureTypeOf (fileName: string): string | undefined {
  return pictureTypes[extensionOf(fileName)]
}

/** How well a file's name says that it is the picture of its folder: 0 is best, undefined means that it is not. */
export function folderArtworkRank (fileName: string): number | undefined {
  if (pictureTypeOf(fileName) === undefined) return undefined
  const rank = folderArtworkNames.indexOf(fileName.slice(0, fileName.lastIndexOf('.')).toLowerCase())
  return rank === -1 ? undefined : rank
}

/** What follows the last full stop, in lower case; empty where there is none. */
export function extensionOf (fileName: string): string {
  const dot = fileName.lastIndexOf('.')
  return dot < 1 ? '' : fileName.slice(dot + 1).toLowerCase()
}
