import { cleanLine } from './clean-text.ts'

/** What a file's name and folders tell; undefined where they don't. */
export interface NamesFromPath {
  readonly title: string
  readonly artist: string | undefined
  readonly album: string | undefined
  readonly albumArtist: string | undefined
  readonly discNo: number | undefined
  readonly trackNo: number | undefined
  readonly year: number | undefined
}

/** "CD1", "Disc 2", "disk 02 - Live". */
const discFolder = /^(?:cd|dis[ck])[ _.-]*(\d{1,2})\b/i
/** "1-02 Title", "02. Title", "02 - Title", "02_Title", "02 Title"; a lone figure needs a separator ("7 Years" is a title). */
const numbered = /^(?:(\d{1,2})[-.])?(?:(\d{1,3})(?: ?[-._)] ?| - )|(\d{2,3}) )(?=\S)(.+)$/
/** "Artist - Album - 02 Title", as shops name their files. */
const shopName = /^(.+?) - (.+?) - (\d{2,3})(?: -)? (.+)$/
const artistAndTitle = /^(.+?) - (.+)$/
/** "1997 - Album", "[1997] Album", "Album (1997)". */
const yearBefore = /^[[(]?((?:19|20)\d\d)[\])]?(?: - | )(.+)$/
const yearAfter = /^(.+?) [[(]((?:19|20)\d\d)[\])]$/

interface FileName { title: string, artist?: string, album?: string, discNo?: number, trackNo?: number }
interface Folders { album?: string | undefined, albumArtist?: string | undefined, discNo?: number, year?: number }

/**
 * Reads `Artist/Album/CD1/01 - Title.ext` and its many cousins.
 * @param relativePath as the curator has it, with either kind of slash
 */
export function namesFromPath (relativePath: string): NamesFromPath {
  const parts = relativePath.split(/[\\/]/).flatMap((part) => cleanLine(part) ?? []).filter((part) => part !== '.' && part !== '..')
  const file = readFileName(spaced((parts.pop() ?? '').replace(/\.[a-z0-9]{1,5}$/i, '')))
  const folders = readFolders(parts.map(spaced))
  return {
    title: file.title === '' ? 'Untitled' : file.title,
    artist: file.artist ?? folders.albumArtist,
    album: file.album ?? folders.album,
    albumArtist: folders.albumArtist,
    discNo: file.discNo ?? folders.discNo,
    trackNo: file.trackNo,
    year: folders.year
  }
}

/** Names made for the command line have underscores for blanks. */
function spaced (name: string): string {
  return name.includes(' ') ? name : name.replaceAll('_', ' ').trim()
}

function readFileName (name: string): FileName {
  const shop = shopName.exec(name)
  if (shop !== null) {
    const [, artist = '', album = '', trackNo, title = ''] = shop
    return { artist, album, trackNo: Number(trackNo), title }
  }
  const match = numbered.exec(name)
  if (match === null) return readTitle(name)
  const [, disc, separated, plain, rest = ''] = match
  return { ...readTitle(rest), trackNo: Number(separated ?? plain), ...(disc === undefined ? {} : { discNo: Number(disc) }) }
}

function readTitle (name: string): FileName {
  const match = artistAndTitle.exec(name)
  return match === null ? { title: name } : { artist: match[1] ?? '', title: match[2] ?? '' }
}

function readFolders (names: string[]): Folders {
  const disc = discFolder.exec(names.at(-1) ?? '')?.[1]
  const albums = disc === undefined ? names : names.slice(0, -1)
  const [albumFolder, artistFolder] = [albums.at(-1), albums.at(-2)]
  return { ...readAlbum(albumFolder, artistFolder), ...(disc === undefined ? {} : { discNo: Number(disc) }) }
}

function readAlbum (folder: string | undefined, parent: string | undefined): Folders {
  if (folder === undefined) return {}
  const [title, year] = withoutYear(folder)
  const dated = year === undefined ? {} : { year }
  const match = artistAndTitle.exec(title)
  if (match === null) return { album: title, albumArtist: parent, ...dated }
  const [album, inner] = withoutYear(match[2] ?? title)
  return { album, albumArtist: match[1], ...dated, ...(inner === undefined ? {} : { year: inner }) }
}

function withoutYear (folder: string): [title: string, year?: number] {
  const before = yearBefore.exec(folder)
  if (before !== null) return [before[2] ?? folder, Number(before[1])]
  const after = yearAfter.exec(folder)
  return after === null ? [folder] : [after[1] ?? folder, Number(after[2])]
}
