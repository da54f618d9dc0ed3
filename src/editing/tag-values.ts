import type { CreditedArtist, TrackTags } from '../processing/processors/processed-track.ts'

export const creditRoles = ['main', 'featured', 'composer', 'conductor', 'performer', 'remixer'] as const
export type CreditRole = (typeof creditRoles)[number]

export interface CreditedPerson extends CreditedArtist {
  readonly role: CreditRole
}

/** What a curator may change of a track, by field: each is kept, undone and compared as a whole. */
export interface TagValues {
  readonly title: string
  readonly credits: { readonly credit: string, readonly people: readonly CreditedPerson[] }
  readonly album: { readonly title: string, readonly artistCredit: string, readonly artists: readonly CreditedArtist[], readonly musicBrainzId: string | null }
  readonly label: string | null
  readonly discNo: number
  readonly discTitle: string | null
  readonly trackNo: number
  readonly year: number | null
  /** In the order of their names. */
  readonly genres: readonly string[]
}

export type TagField = keyof TagValues
export const tagFields = ['title', 'credits', 'album', 'label', 'discNo', 'discTitle', 'trackNo', 'year', 'genres'] as const satisfies readonly TagField[]

/** What the tags of a file say, field by field. */
export function valuesOfTags (tags: TrackTags): TagValues {
  const { title, artistCredit, album, discNo, discTitle, trackNo, year } = tags
  const as = (role: CreditRole, people: ReadonlyArray<CreditedArtist | string>): CreditedPerson[] =>
    people.map((person) => typeof person === 'string' ? { name: person, musicBrainzId: null, role } : { name: person.name, musicBrainzId: person.musicBrainzId, role })
  const people = [...as('main', tags.artists), ...as('featured', tags.featured), ...as('composer', tags.composers), ...as('conductor', tags.conductors), ...as('remixer', tags.remixers)]
  return {
    title,
    credits: { credit: artistCredit, people },
    album: { title: album.title, artistCredit: album.artistCredit, artists: album.artists, musicBrainzId: album.musicBrainzId },
    label: album.label,
    discNo,
    discTitle,
    trackNo,
    year,
    genres: inOrder(tags.genres)
  }
}

/** The tags of a file with a curator's values in the place of its own. */
export function tagsWith (tags: TrackTags, edits: Partial<TagValues>): TrackTags {
  const values: TagValues = { ...valuesOfTags(tags), ...edits }
  const { title, credits: { credit, people }, album, label, discNo, discTitle, trackNo, year } = values
  const having = (role: CreditRole) => people.filter((person) => person.role === role).map(({ name, musicBrainzId }) => ({ name, musicBrainzId }))
  const named = (role: CreditRole) => having(role).map(({ name }) => name)
  return {
    ...tags,
    title,
    artistCredit: credit,
    artists: having('main'),
    featured: having('featured'),
    composers: named('composer'),
    conductors: named('conductor'),
    remixers: named('remixer'),
    album: { ...tags.album, ...album, label },
    discNo,
    discTitle,
    trackNo,
    year,
    genres: values.genres
  }
}

/** Whether two values of one field say the same; the keys' order doesn't count, jsonb has its own. */
export function sameValue (a: unknown, b: unknown): boolean {
  return JSON.stringify(a, ordered) === JSON.stringify(b, ordered)
}

function ordered (_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function inOrder (names: readonly string[]): string[] {
  return [...names].sort((a, b) => (a < b ? -1 : 1))
}
