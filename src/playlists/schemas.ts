import { Type, type Static } from 'typebox'
import { Album, Artist, Id, PageQuery, Playlist, Time, Track } from '../catalog/schemas.ts'

/** Postgres' text has no NUL. */
const withoutNul = '^[^\\u0000]*$'
const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$', description: 'Not blank.' })
const Description = Type.String({ maxLength: 2_000, pattern: withoutNul })
const TrackIds = Type.Array(Id, { maxItems: 1_000 })

export const NewPlaylist = Type.Object({
  name: Name,
  description: Type.Optional(Description),
  visibility: Type.Optional(Playlist.properties.visibility),
  trackIds: Type.Optional(TrackIds)
}, { additionalProperties: false })
export type NewPlaylist = Static<typeof NewPlaylist>

export const PlaylistsQuery = Type.Object({
  ...PageQuery.properties,
  mine: Type.Boolean({ default: false, description: 'Without those that others share.' })
})
export type PlaylistsQuery = Static<typeof PlaylistsQuery>

export const PlaylistChange = Type.Object({
  name: Type.Optional(Name),
  description: Type.Optional(Description),
  visibility: Type.Optional(Playlist.properties.visibility)
}, { additionalProperties: false })
export type PlaylistChange = Static<typeof PlaylistChange>

export const PlaylistItem = Type.Object({ id: Id, addedAt: Time, track: Track }, { title: 'PlaylistItem' })
export type PlaylistItem = Static<typeof PlaylistItem>

/** Where items go: behind another one; null is the beginning. */
const After = Type.Unsafe<string | null>({ ...Id, nullable: true, description: 'Item to stand behind; null: the beginning.' })

export const NewItems = Type.Object({ trackIds: Type.Array(Id, { minItems: 1, maxItems: 1_000 }), afterItemId: Type.Optional(After) }, { additionalProperties: false })
export type NewItems = Static<typeof NewItems>

export const AddedItems = Type.Object({ items: Type.Array(PlaylistItem), version: Type.Integer() }, { title: 'AddedItems' })
export type AddedItems = Static<typeof AddedItems>

export const ItemIds = Type.Object({ itemIds: Type.Array(Id, { minItems: 1, maxItems: 1_000 }) }, { additionalProperties: false })
export type ItemIds = Static<typeof ItemIds>

export const HeldTracks = Type.Object({ trackIds: Type.Array(Id, { minItems: 1, maxItems: 1_000 }) }, { additionalProperties: false })
export type HeldTracks = Static<typeof HeldTracks>

export const Holding = Type.Object({
  playlistId: Id,
  trackCount: Type.Integer({ description: 'How many of the tracks are in it.' })
}, { title: 'Holding' })
export type Holding = Static<typeof Holding>

export const Move = Type.Object({ afterItemId: After }, { additionalProperties: false })
export type Move = Static<typeof Move>

export const Version = Type.Object({ version: Type.Integer() })
export type Version = Static<typeof Version>

export const ItemParams = Type.Object({ id: Id, itemId: Id })
export type ItemParams = Static<typeof ItemParams>

const Kind = Type.Enum(['track', 'album', 'artist'])

export const FavouritesQuery = Type.Object({ ...PageQuery.properties, kind: Type.Enum(['track', 'album', 'artist'], { default: 'track' }) })
export type FavouritesQuery = Static<typeof FavouritesQuery>

export const FavouriteParams = Type.Object({ kind: Kind, id: Id })
export type FavouriteParams = Static<typeof FavouriteParams>

/** What the asked-for kind is. */
export const FavouriteItem = Type.Union([Track, Album, Artist])
export type FavouriteItem = Static<typeof FavouriteItem>

export const Stars = Type.Object({ stars: Type.Integer({ minimum: 1, maximum: 5 }) }, { additionalProperties: false })
export type Stars = Static<typeof Stars>
