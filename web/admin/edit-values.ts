import type { EditableTrack, TagChanges } from '../app/api-types.ts'

export const roleFields = ['main', 'featured', 'composer', 'conductor', 'performer', 'remixer'] as const
export const fields = ['title', ...roleFields, 'albumTitle', 'albumArtist', 'label', 'discNo', 'discTitle', 'trackNo', 'year', 'genres'] as const
export type Field = (typeof fields)[number]
/** What stands in the fields of a track, as text; several names are parted by semicolons. */
export type Values = Readonly<Record<Field, string>>

const list = (names: readonly string[]): string => names.join('; ')
export const namesIn = (text: string): string[] => text.split(';').map((name) => name.trim()).filter((name) => name !== '')

export function valuesOf (track: EditableTrack): Values {
  const as = (role: string): string => list(track.artists.filter((person) => person.role === role).map(({ name }) => name))
  return {
    title: track.title,
    main: as('main'),
    featured: as('featured'),
    composer: as('composer'),
    conductor: as('conductor'),
    performer: as('performer'),
    remixer: as('remixer'),
    albumTitle: track.albumTitle,
    albumArtist: track.albumArtist,
    label: track.label ?? '',
    discNo: String(track.discNo),
    discTitle: track.discTitle ?? '',
    trackNo: track.trackNo === 0 ? '' : String(track.trackNo),
    year: track.year === null ? '' : String(track.year),
    genres: list(track.genres)
  }
}

export function changedFields (before: Values, after: Values): Field[] {
  return fields.filter((field) => before[field] !== after[field] && before[field].trim() !== after[field].trim())
}

const text = (value: string): string | null => (value.trim() === '' ? null : value.trim())

/** What to ask of the server for a track that changes so. */
export function changesOf (before: Values, after: Values): TagChanges {
  const changed = new Set(changedFields(before, after))
  const people = roleFields.flatMap((role) => namesIn(after[role]).map((name) => ({ name, role })))
  return {
    ...(changed.has('title') ? { title: after.title.trim() } : {}),
    ...(roleFields.some((role) => changed.has(role)) ? { artists: people } : {}),
    ...(changed.has('albumTitle') ? { albumTitle: after.albumTitle.trim() } : {}),
    ...(changed.has('albumArtist') ? { albumArtist: after.albumArtist.trim() } : {}),
    ...(changed.has('label') ? { label: text(after.label) } : {}),
    ...(changed.has('discNo') ? { discNo: Number(after.discNo) } : {}),
    ...(changed.has('discTitle') ? { discTitle: text(after.discTitle) } : {}),
    ...(changed.has('trackNo') ? { trackNo: Number(after.trackNo) } : {}),
    ...(changed.has('year') ? { year: text(after.year) === null ? null : Number(after.year) } : {}),
    ...(changed.has('genres') ? { genres: namesIn(after.genres) } : {})
  }
}

type Fault = 'edit.fault.empty' | 'edit.fault.number' | 'edit.fault.year'
const needed = { good: /[^\s;]/, fault: 'edit.fault.empty' } as const
const rules: Readonly<Partial<Record<Field, { readonly good: RegExp, readonly fault: Fault }>>> = {
  title: needed,
  main: needed,
  albumTitle: needed,
  albumArtist: needed,
  discNo: { good: /^[1-9]\d{0,2}$/, fault: 'edit.fault.number' },
  trackNo: { good: /^\d{0,4}$/, fault: 'edit.fault.number' },
  year: { good: /^([12]\d{3})?$/, fault: 'edit.fault.year' }
}

/** What is wrong with a value, as the key of a message. */
export function faultIn (field: Field, value: string): Fault | null {
  const rule = rules[field]
  return rule === undefined || rule.good.test(value.trim()) ? null : rule.fault
}

export type Case = 'title' | 'sentence' | 'lower' | 'upper'

/** In the language of the page: Turkish and Dutch have rules of their own. */
export function inCase (value: string, how: Case, locale: string): string {
  if (how === 'lower') return value.toLocaleLowerCase(locale)
  if (how === 'upper') return value.toLocaleUpperCase(locale)
  const lower = value.toLocaleLowerCase(locale)
  const first = how === 'sentence' ? /^\P{L}*\p{L}/u : /(?<=^|[\s([/–—-])\p{L}/gu
  return lower.replace(first, (letters) => letters.toLocaleUpperCase(locale))
}

export const trimmed = (value: string): string => value.replace(/\s+/g, ' ').trim()
