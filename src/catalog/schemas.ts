import { Type, type Static, type TSchema } from 'typebox'

/** In the words of the serialiser, for which this is quicker than a union; openapi.ts puts it in those of JSON Schema. */
export function nullable<T extends TSchema> (schema: T) {
  return Type.Unsafe<Static<T> | null>({ ...schema, nullable: true })
}

/** The pattern is stricter than the format, which admits urn:uuid: where Postgres doesn't. */
export const Id = Type.String({ format: 'uuid', pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
export type Id = Static<typeof Id>

export const Time = Type.String({ format: 'date-time' })
export type Time = Static<typeof Time>

export const IdParams = Type.Object({ id: Id })
export type IdParams = Static<typeof IdParams>

/** Query of every list that goes on by cursor. */
export const PageQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Most items to answer with.' }),
  cursor: Type.Optional(Type.String({ maxLength: 2_048, description: 'nextCursor of the page before.' }))
})
export type PageQuery = Static<typeof PageQuery>

export function pageOf<T extends TSchema> (item: T) {
  return Type.Object({ items: Type.Array(item), nextCursor: nullable(Type.String({ description: 'null on the last page.' })) })
}
export interface Page<T> {
  items: T[]
  nextCursor: string | null
}

export const ArtistRef = Type.Object({ id: Id, name: Type.String() }, { title: 'ArtistRef' })
export type ArtistRef = Static<typeof ArtistRef>

export const ArtworkRef = nullable(Type.Object({
  id: Id,
  blurhash: Type.String(),
  dominantColour: Type.String({ description: '#rrggbb' }),
  path: Type.String({ description: 'Address: me.media.baseUrl + "/" + path + size + ".webp" (or ".avif") + "?" + me.media.artworkQuery' }),
  sizes: Type.Array(Type.Integer(), { description: 'Edges in pixels, ascending.' })
}, { title: 'ArtworkRef' }))
export type ArtworkRef = Static<typeof ArtworkRef>

export const AlbumRef = Type.Object({ id: Id, title: Type.String(), artwork: ArtworkRef, year: nullable(Type.Integer()) }, { title: 'AlbumRef' })
export type AlbumRef = Static<typeof AlbumRef>

export const Track = Type.Object({
  id: Id,
  title: Type.String(),
  artists: Type.Array(ArtistRef),
  artistCredit: Type.String({ description: 'The artists as the sleeve names them.' }),
  album: AlbumRef,
  discNo: Type.Integer(),
  trackNo: Type.Integer({ description: '0 where the tags have none.' }),
  durationMs: Type.Integer(),
  year: nullable(Type.Integer()),
  genres: Type.Array(Type.String()),
  favourite: Type.Boolean(),
  rating: nullable(Type.Integer({ description: '1 to 5 stars, given by the caller.' })),
  playCount: Type.Integer()
}, { title: 'Track' })
export type Track = Static<typeof Track>

export const Album = Type.Object({
  id: Id,
  title: Type.String(),
  artists: Type.Array(ArtistRef),
  artistCredit: Type.String(),
  year: nullable(Type.Integer()),
  artwork: ArtworkRef,
  trackCount: Type.Integer(),
  durationMs: Type.Integer(),
  addedAt: Time,
  favourite: Type.Boolean()
}, { title: 'Album' })
export type Album = Static<typeof Album>

export const AlbumTrack = Type.Object({
  ...Track.properties,
  outline: nullable(Type.String({ description: 'The waveform in 48 bars, a hexadecimal digit each, f for the highest; null until it is made.' }))
}, { title: 'AlbumTrack' })

export const Disc = Type.Object({ discNo: Type.Integer(), title: nullable(Type.String()), tracks: Type.Array(AlbumTrack) }, { title: 'Disc' })
export type Disc = Static<typeof Disc>

export const AlbumDetail = Type.Object({
  ...Album.properties,
  label: nullable(Type.String()),
  loudnessLufs: nullable(Type.Number()),
  discs: Type.Array(Disc)
}, { title: 'AlbumDetail' })
export type AlbumDetail = Static<typeof AlbumDetail>

export const Artist = Type.Object({
  id: Id,
  name: Type.String(),
  artwork: ArtworkRef,
  albumCount: Type.Integer(),
  trackCount: Type.Integer(),
  favourite: Type.Boolean()
}, { title: 'Artist' })
export type Artist = Static<typeof Artist>

export const ArtistDetail = Type.Object({
  ...Artist.properties,
  topTracks: Type.Array(Track, { description: 'Most played first, at most 5.' }),
  albums: Type.Array(Album, { description: 'Newest first, at most 50; the rest by /artists/:id/albums.' }),
  appearsOn: Type.Array(Album, { description: 'Albums of others with tracks of this artist, at most 50.' })
}, { title: 'ArtistDetail' })
export type ArtistDetail = Static<typeof ArtistDetail>

export const Lyrics = nullable(Type.Object({
  text: Type.String(),
  synced: nullable(Type.Array(Type.Object({ atMs: Type.Integer(), text: Type.String() })))
}, { title: 'Lyrics' }))
export type Lyrics = Static<typeof Lyrics>

export const TrackDetail = Type.Object({
  ...Track.properties,
  isrc: nullable(Type.String()),
  musicBrainzId: nullable(Type.String()),
  lyrics: Lyrics,
  original: Type.Object({
    container: Type.String(),
    codec: Type.String(),
    sampleRate: Type.Integer(),
    channels: Type.Integer(),
    bitDepth: nullable(Type.Integer()),
    bitrateKbps: nullable(Type.Integer()),
    lossless: Type.Boolean(),
    fileName: Type.String()
  }),
  loudnessLufs: nullable(Type.Number()),
  truePeakDbtp: nullable(Type.Number()),
  renditions: Type.Array(Type.String(), { description: 'Names such as aac-160 and flac.' })
}, { title: 'TrackDetail' })
export type TrackDetail = Static<typeof TrackDetail>

export const Genre = Type.Object({ id: Id, name: Type.String(), trackCount: Type.Integer() }, { title: 'Genre' })
export type Genre = Static<typeof Genre>

export const Home = Type.Object({
  lastHeard: nullable(Type.Object({
    album: Album,
    trackId: Id,
    trackNo: Type.Integer({ description: '0 where the tags have none.' })
  }, { description: 'The album that was heard last, and the track to go on from.' })),
  heardAlbums: Type.Array(Album, { description: 'Albums of the last plays, the last heard first.' }),
  recentlyAdded: Type.Array(Album),
  favourites: Type.Array(Track),
  recentlyPlayed: Type.Array(Track),
  mostPlayed: Type.Array(Track, { description: 'Of the last 30 days, the most played first.' }),
  totals: Type.Object({ tracks: Type.Integer(), albums: Type.Integer(), artists: Type.Integer() })
}, { title: 'Home' })
export type Home = Static<typeof Home>

/** A place in a list A–Z. */
const From = Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000]*$', description: 'Begins the first page at this letter or beginning of a name; for lists A–Z.' }))

export const ArtistsQuery = Type.Object({ ...PageQuery.properties, from: From })
export type ArtistsQuery = Static<typeof ArtistsQuery>

export const Letters = Type.Object({ items: Type.Array(Type.String(), { description: 'First letters of names as they are ordered, at most 100.' }) })
export type Letters = Static<typeof Letters>

export const AlbumsQuery = Type.Object({
  ...PageQuery.properties,
  from: From,
  sort: Type.Enum(['title', 'added', 'year'], { default: 'title', description: 'title A–Z; added and year newest first' })
})
export type AlbumsQuery = Static<typeof AlbumsQuery>

export const TracksQuery = Type.Object({
  ...PageQuery.properties,
  sort: Type.Enum(['title', 'added'], { default: 'title', description: 'title A–Z; added newest first' }),
  genre: Type.Optional(Id),
  artist: Type.Optional(Id)
})
export type TracksQuery = Static<typeof TracksQuery>

export const SearchQuery = Type.Object({
  q: Type.String({ description: 'Words of title, artist and album in any order; the first 200 characters count.' }),
  limit: Type.Integer({ minimum: 1, maximum: 50, default: 20, description: 'Most hits of each kind.' })
})
export type SearchQuery = Static<typeof SearchQuery>

/** A list of the listener's own or a shared one. */
export const Playlist = Type.Object({
  id: Id,
  name: Type.String(),
  description: Type.String(),
  visibility: Type.Enum(['private', 'shared']),
  owner: Type.Object({ id: Id, displayName: Type.String() }),
  mine: Type.Boolean(),
  version: Type.Integer({ description: 'Grows with each change.' }),
  trackCount: Type.Integer(),
  durationMs: Type.Integer(),
  updatedAt: Time
}, { title: 'Playlist' })
export type Playlist = Static<typeof Playlist>

export const SearchResult = Type.Object({
  tracks: Type.Array(Track),
  albums: Type.Array(Album),
  artists: Type.Array(Artist),
  playlists: Type.Array(Playlist),
  meant: nullable(Type.String({ description: 'What was searched for in place of the query, when nothing matched as it was typed.' }))
}, { title: 'SearchResult' })
export type SearchResult = Static<typeof SearchResult>

/** Documents a route's error answers; the shape is the error handler's. */
export const ErrorAnswer = Type.Object({ error: Type.Object({ code: Type.String(), message: Type.String() }) }, { title: 'Error' })
export type ErrorAnswer = Static<typeof ErrorAnswer>
