import { type Static, Type } from 'typebox'
import { Id, nullable, PageQuery, Time } from '../catalog/schemas.ts'

/** Tracks of one edit. */
export const mostEditedTracks = 5_000

const Line = (description: string) => Type.String({ minLength: 1, maxLength: 500, description })
const Role = Type.Enum(['main', 'featured', 'composer', 'conductor', 'performer', 'remixer'])

export const TagChanges = Type.Object({
  title: Type.Optional(Line('Of the track.')),
  artists: Type.Optional(Type.Array(Type.Object({ name: Line('As it is to be shown.'), role: Role }), { minItems: 1, maxItems: 30 })),
  artistCredit: Type.Optional(Line('As the sleeve names them; without it made of the artists.')),
  albumTitle: Type.Optional(Line('All tracks of an album together rename it; some of them move to the album of that name.')),
  albumArtist: Type.Optional(Line('“Various Artists” for a compilation.')),
  label: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
  discNo: Type.Optional(Type.Integer({ minimum: 1, maximum: 999 })),
  discTitle: Type.Optional(nullable(Type.String({ maxLength: 500 }))),
  trackNo: Type.Optional(Type.Integer({ minimum: 0, maximum: 9_999, description: '0: none.' })),
  year: Type.Optional(nullable(Type.Integer({ minimum: 1_000, maximum: 2_999 }))),
  genres: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 20 }))
}, { minProperties: 1, title: 'TagChanges' })
export type TagChanges = Static<typeof TagChanges>

export const TracksEdit = Type.Object({
  groups: Type.Array(Type.Object({
    tracks: Type.Optional(Type.Array(Type.Object({ id: Id, version: Type.Optional(Type.Integer({ description: 'As it was read: refused when somebody changed the track since.' })) }), { minItems: 1, maxItems: mostEditedTracks })),
    albumId: Type.Optional(Type.String({ ...Id, description: 'In place of tracks: all of an album.' })),
    set: TagChanges
  }), { minItems: 1, maxItems: mostEditedTracks, description: 'Tracks that are changed alike.' })
}, { title: 'TracksEdit' })
export type TracksEdit = Static<typeof TracksEdit>

export const ChangeSet = Type.Object({
  id: Id,
  kind: Type.Enum(['tags', 'artwork']),
  subject: Type.String({ description: 'What it was about: a title or a name.' }),
  fields: Type.Array(Type.String()),
  itemCount: Type.Integer(),
  by: nullable(Type.Object({ id: Id, displayName: Type.String() })),
  createdAt: Time,
  undoneAt: nullable(Time)
}, { title: 'ChangeSet' })
export type ChangeSet = Static<typeof ChangeSet>

export const EditResult = Type.Object({ changeSet: nullable(ChangeSet) }, { description: 'null when nothing differed.' })

export const ChangesQuery = Type.Object({ ...PageQuery.properties })
export type ChangesQuery = Static<typeof ChangesQuery>

export const EditableQuery = Type.Object({
  trackIds: Type.Optional(Type.Array(Id, { maxItems: mostEditedTracks })),
  albumIds: Type.Optional(Type.Array(Id, { maxItems: 500 }))
}, { minProperties: 1 })
export type EditableQuery = Static<typeof EditableQuery>

export const EditableTrack = Type.Object({
  id: Id,
  version: Type.Integer(),
  albumId: Id,
  durationMs: Type.Integer(),
  fileName: Type.String(),
  title: Type.String(),
  artists: Type.Array(Type.Object({ name: Type.String(), role: Role })),
  artistCredit: Type.String(),
  albumTitle: Type.String(),
  albumArtist: Type.String(),
  label: nullable(Type.String()),
  discNo: Type.Integer(),
  discTitle: nullable(Type.String()),
  trackNo: Type.Integer(),
  year: nullable(Type.Integer()),
  genres: Type.Array(Type.String()),
  edited: Type.Array(Type.String(), { description: 'Fields that a curator has set: files don’t change them.' })
}, { title: 'EditableTrack' })
export type EditableTrack = Static<typeof EditableTrack>

export const EditableTracks = Type.Object({ items: Type.Array(EditableTrack) }, { title: 'EditableTracks' })

export const NewPicture = Type.Object({
  fileName: Type.String({ minLength: 1, maxLength: 500 }),
  sizeBytes: Type.Integer({ minimum: 1 })
}, { title: 'NewPicture' })
export type NewPicture = Static<typeof NewPicture>

export const Undoing = Type.Object({}, { description: 'Nothing more is asked.' })

export const ConflictsQuery = Type.Object({ trackIds: Type.Array(Id, { minItems: 1, maxItems: 1_000 }) })

export const TagConflict = Type.Object({ trackId: Id, kinds: Type.Array(Type.Enum(['no-artist', 'no-number', 'same-number'])) }, { title: 'TagConflict' })
export type TagConflict = Static<typeof TagConflict>
export const TagConflicts = Type.Object({ items: Type.Array(TagConflict) }, { title: 'TagConflicts' })
