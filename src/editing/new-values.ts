import createError from '@fastify/error'
import { nameKeyOf } from '../processing/identity.ts'
import { cleanLine } from '../processing/processors/clean-text.ts'
import type { TagChanges } from './schemas.ts'
import type { EditedTrack } from './stored-values.ts'
import { type CreditedPerson, creditRoles, inOrder, type TagValues } from './tag-values.ts'

export const EditInvalidError = createError<[string]>('EDIT_INVALID', '%s', 400)

const mostPeople = 30
const mostGenres = 20

/** What a track is to say after the changes; what they don't name stays. */
export function valuesAfter ({ values: now }: EditedTrack, set: TagChanges): TagValues {
  return {
    title: set.title === undefined ? now.title : required(set.title, 'a title'),
    credits: set.artists === undefined && set.artistCredit === undefined ? now.credits : creditsAfter(now, set),
    album: set.albumTitle === undefined && set.albumArtist === undefined ? now.album : albumAfter(now, set),
    label: set.label === undefined ? now.label : optional(set.label),
    discNo: set.discNo ?? now.discNo,
    discTitle: set.discTitle === undefined ? now.discTitle : optional(set.discTitle),
    trackNo: set.trackNo ?? now.trackNo,
    year: set.year === undefined ? now.year : set.year,
    genres: set.genres === undefined ? now.genres : genresOf(set.genres)
  }
}

function required (text: string, what: string): string {
  const clean = cleanLine(text)
  if (clean === undefined) throw new EditInvalidError(`${what} is empty: give it at least one letter`)
  return clean
}

const optional = (text: string | null): string | null => cleanLine(text) ?? null

function creditsAfter (now: TagValues, { artists, artistCredit }: TagChanges): TagValues['credits'] {
  const known = new Map([...now.credits.people, ...now.album.artists].map(({ name, musicBrainzId }) => [nameKeyOf(name), musicBrainzId]))
  const given: CreditedPerson[] = artists === undefined
    ? [...now.credits.people]
    : artists.map(({ name, role }) => ({ name: required(name, 'the name of an artist'), role, musicBrainzId: known.get(nameKeyOf(name)) ?? null }))
  if (!given.some(({ role }) => role === 'main')) throw new EditInvalidError('a track needs one main artist: give somebody the role “main”')
  if (given.length > mostPeople) throw new EditInvalidError(`a track has at most ${mostPeople} artists: leave some out`)
  const people = creditRoles.flatMap((role) => distinct(given.filter((person) => person.role === role)))
  return { people, credit: artistCredit === undefined ? creditOf(people) : required(artistCredit, 'the credit') }
}

function distinct (people: readonly CreditedPerson[]): CreditedPerson[] {
  return [...new Map(people.map((person) => [nameKeyOf(person.name), person])).values()]
}

/** “A, B feat. C” */
function creditOf (people: readonly CreditedPerson[]): string {
  const named = (role: CreditedPerson['role']) => people.filter((person) => person.role === role).map(({ name }) => name).join(', ')
  return [named('main'), named('featured')].filter((names) => names !== '').join(' feat. ')
}

/** A name that changes is no longer the MusicBrainz release's; whoever moves a whole album keeps it: see edit-tags.ts. */
function albumAfter ({ album }: TagValues, { albumTitle, albumArtist }: TagChanges): TagValues['album'] {
  const title = albumTitle === undefined ? album.title : required(albumTitle, 'the title of an album')
  const artistCredit = albumArtist === undefined ? album.artistCredit : required(albumArtist, 'the artist of an album')
  if (title === album.title && artistCredit === album.artistCredit) return album
  const known = album.artists.find(({ name }) => nameKeyOf(name) === nameKeyOf(artistCredit))
  const artists = artistCredit === album.artistCredit ? album.artists : [{ name: artistCredit, musicBrainzId: known?.musicBrainzId ?? null }]
  return { title, artistCredit, artists, musicBrainzId: null }
}

function genresOf (names: readonly string[]): string[] {
  const clean = new Map(names.flatMap((name) => cleanLine(name) ?? []).map((name) => [nameKeyOf(name), name]))
  if (clean.size > mostGenres) throw new EditInvalidError(`a track has at most ${mostGenres} genres: leave some out`)
  return inOrder([...clean.values()])
}
