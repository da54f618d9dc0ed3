import type { CreditedArtist, TrackTags } from './processed-track.ts'

export interface CreditSource {
  /** The credit in one line, as tagged. */
  readonly credit: string | undefined
  /** The same in several values, where the tags have them. */
  readonly names: readonly string[]
  /** MusicBrainz ids, in the order of the credit. */
  readonly ids: readonly string[]
  readonly title: string
  /** From file and folder names. */
  readonly fallback: string | undefined
}

const unknownArtist = 'Unknown artist'
const mostArtists = 30
/** "A feat. B", "A (ft. B)", "A [featuring B]". */
const featuring = /^(.*?)\s*[([]?\s*\b(?:feat\.?|ft\.|featuring)\s+([^)\]]+)[)\]]?\s*$/i
const titleFeaturing = /[([]\s*(?:feat\.?|ft\.|featuring)\s+([^)\]]+)[)\]]/i
const separators = /\s*(?:[,;/&]|\s(?:and|x|vs\.?|with)\s)\s*/i

/**
 * Who is credited. One value stays one artist ("Earth, Wind & Fire") unless there are as many MusicBrainz ids
 * as its parts; what follows "feat." is a featured artist.
 */
export function creditArtists (source: CreditSource): Pick<TrackTags, 'artistCredit' | 'artists' | 'featured'> {
  const single = source.credit ?? source.fallback ?? unknownArtist
  const given = source.names.length > 0 ? source.names : [single]
  const parts = given.map(apartFromGuests)
  const main = parts.flatMap(({ name }) => name ?? [])
  const featured = parts.flatMap(({ guests }) => guests)
  featured.push(...listed(titleFeaturing.exec(source.title)?.[1] ?? ''))
  // Nobody but guests: then they are who plays.
  const artists = main.length === 0 ? featured.splice(0) : main
  return { artistCredit: source.credit === undefined ? given.join(', ') : source.credit, ...identified(artists, featured, source.ids) }
}

function apartFromGuests (credit: string): { readonly name: string | undefined, readonly guests: string[] } {
  const match = featuring.exec(credit)
  if (match === null) return { name: credit, guests: [] }
  return { name: match[1] === '' ? undefined : match[1], guests: listed(match[2] ?? '') }
}

/** Guests are listed with commas; "&" may be part of a name. */
function listed (names: string): string[] {
  return names.split(/\s*[,;]\s*/).map((name) => name.trim()).filter((name) => name !== '')
}

/** Gives each name its id where both can be matched: as they stand, or after taking apart what is joined. */
function identified (main: readonly string[], featured: readonly string[], ids: readonly string[]): Pick<TrackTags, 'artists' | 'featured'> {
  const [mainApart, featuredApart] = [main.flatMap(apart), featured.flatMap(apart)]
  const fits = (...lists: ReadonlyArray<readonly string[]>) => ids.length > 0 && lists.flat().length === ids.length
  const isApart = !fits(main, featured) && !fits(main) && fits(mainApart, featuredApart)
  const [artists, guests] = isApart ? [mainApart, featuredApart] : [main, featured]
  const matched = fits(artists, guests) || fits(artists)
  const credited = (name: string, position: number): CreditedArtist => ({ name, musicBrainzId: matched ? ids[position] ?? null : null })
  const all = distinct([...artists, ...guests].map(credited))
  const names = new Set(artists.map((name) => name.toLowerCase()))
  const isMain = ({ name }: CreditedArtist) => names.has(name.toLowerCase())
  return { artists: all.filter(isMain), featured: all.filter((artist) => !isMain(artist)) }
}

function apart (name: string): string[] {
  return name.split(separators).filter((part) => part !== '')
}

function distinct (artists: CreditedArtist[]): CreditedArtist[] {
  const seen = new Set<string>()
  return artists.filter(({ name }) => {
    const key = name.toLowerCase()
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }).slice(0, mostArtists)
}
