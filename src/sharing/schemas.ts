import { Type, type Static } from 'typebox'
import { Id, nullable, PageQuery, Time } from '../catalog/schemas.ts'
import { Stream } from '../streaming/schemas.ts'

/** Postgres' text has no NUL. */
const withoutNul = '^[^\\u0000]*$'
const SharedKind = Type.Enum(['track', 'album', 'playlist'])
const Note = Type.String({ maxLength: 500, pattern: withoutNul, description: 'Shown on the page.' })

export const NewShare = Type.Object({
  kind: SharedKind,
  itemId: Id,
  note: Type.Optional(Note),
  days: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650, description: 'How long the link is good; without it until it is ended.' }))
}, { additionalProperties: false })
export type NewShare = Static<typeof NewShare>

export const Share = Type.Object({
  id: Id,
  kind: SharedKind,
  itemId: Id,
  title: nullable(Type.String({ description: 'null where what it shares is gone.' })),
  note: Type.String(),
  createdAt: Time,
  expiresAt: nullable(Time),
  playCount: Type.Integer({ description: 'Plays of 30 seconds or half of the track.' })
}, { title: 'Share' })
export type Share = Static<typeof Share>

export const CreatedShare = Type.Object({ ...Share.properties, url: Type.String({ description: 'The link, shown this once: only its hash is kept.' }) }, { title: 'CreatedShare' })
export type CreatedShare = Static<typeof CreatedShare>

export const SharesQuery = Type.Object({ ...PageQuery.properties, kind: Type.Optional(SharedKind), itemId: Type.Optional(Id) })
export type SharesQuery = Static<typeof SharesQuery>

/** 32 bytes in base64url. Anything else is answered as a link that has ended. */
const Token = Type.String({ minLength: 1, maxLength: 200 })
export const TokenParams = Type.Object({ token: Token })
export const SharedTrackParams = Type.Object({ token: Token, id: Id })

const SharedTrack = Type.Object({
  id: Id,
  title: Type.String(),
  artistCredit: Type.String(),
  albumTitle: Type.String(),
  discNo: Type.Integer(),
  trackNo: Type.Integer({ description: '0 where the tags have none.' }),
  durationMs: Type.Integer()
}, { title: 'SharedTrack' })
export type SharedTrack = Static<typeof SharedTrack>

export const SharedPage = Type.Object({
  kind: SharedKind,
  title: Type.String(),
  artistCredit: nullable(Type.String({ description: 'null for a playlist.' })),
  albumTitle: nullable(Type.String({ description: 'Of a track.' })),
  year: nullable(Type.Integer()),
  label: nullable(Type.String()),
  description: Type.String({ description: 'Of a playlist.' }),
  note: Type.String(),
  sharedBy: Type.String(),
  organisation: Type.String(),
  expiresAt: nullable(Time),
  cover: nullable(Type.Object({ url: Type.String(), sizePx: Type.Integer(), colour: Type.String() })),
  durationMs: Type.Integer(),
  trackCount: Type.Integer({ description: 'Of which at most 500 are listed.' }),
  tracks: Type.Array(SharedTrack)
}, { title: 'SharedPage' })
export type SharedPage = Static<typeof SharedPage>

export const SharedStream = Type.Object({
  url: Type.String(),
  mimeType: Type.String(),
  durationMs: Type.Integer(),
  expiresAt: Time,
  rendition: Stream.properties.rendition,
  waveformUrl: nullable(Type.String()),
  loudness: Stream.properties.loudness
}, { title: 'SharedStream' })
export type SharedStream = Static<typeof SharedStream>

export const NewSharePlay = Type.Object({
  id: Type.Unsafe<string>({ ...Id, description: 'Chosen by the page: a play sent twice counts once.' }),
  trackId: Id,
  playedMs: Type.Integer({ minimum: 0, maximum: 86_400_000 })
}, { additionalProperties: false })
export type NewSharePlay = Static<typeof NewSharePlay>
