import { Type, type Static } from 'typebox'
import { Id, nullable, PageQuery, Time } from '../catalog/schemas.ts'

/** One line with something in it; Postgres' text has no NUL. */
const line = { minLength: 1, maxLength: 200, pattern: '^[^\\u0000\\r\\n]*[^\\s\\u0000][^\\u0000\\r\\n]*$' } as const
const withoutNul = '^[^\\u0000]*$'
const State = Type.Enum(['open', 'taken', 'done', 'declined'])

export const NewSongRequest = Type.Object({
  title: Type.String(line),
  artist: Type.String({ maxLength: 200, pattern: '^[^\\u0000\\r\\n]*$', description: 'Empty where the asker doesn’t know.' }),
  note: Type.Optional(Type.String({ maxLength: 1_000, pattern: withoutNul }))
}, { additionalProperties: false })
export type NewSongRequest = Static<typeof NewSongRequest>

export const SongRequest = Type.Object({
  id: Id,
  title: Type.String(),
  artist: Type.String(),
  note: Type.String(),
  state: State,
  reason: Type.String({ description: 'Why it was declined.' }),
  track: nullable(Type.Object({ id: Id, title: Type.String(), albumId: Id })),
  votes: Type.Integer({ description: 'How many want it, the asker included.' }),
  voted: Type.Boolean({ description: 'Whether the caller wants it too.' }),
  mine: Type.Boolean(),
  asker: nullable(Type.String({ description: 'For curators; null for others, and where the account is gone.' })),
  handler: nullable(Type.String({ description: 'The curator who looks after it.' })),
  createdAt: Time,
  updatedAt: Time
}, { title: 'SongRequest' })
export type SongRequest = Static<typeof SongRequest>

export const AskedSong = Type.Object({ request: SongRequest, joined: Type.Boolean({ description: 'Somebody had asked for it already: your voice was added.' }) }, { title: 'AskedSong' })
export type AskedSong = Static<typeof AskedSong>

export const SongRequestsQuery = Type.Object({
  ...PageQuery.properties,
  state: Type.Optional(State),
  mine: Type.Boolean({ default: false, description: 'Only those that the caller asked for or wants too.' }),
  sort: Type.Enum(['new', 'votes'], { default: 'new', description: 'newest or most wanted first' })
})
export type SongRequestsQuery = Static<typeof SongRequestsQuery>

export const SongAnswer = Type.Object({
  state: State,
  trackId: Type.Optional(Type.Unsafe<string>({ ...Id, description: 'With done: the song.' })),
  reason: Type.Optional(Type.String({ maxLength: 500, pattern: withoutNul, description: 'With declined.' }))
}, { additionalProperties: false })
export type SongAnswer = Static<typeof SongAnswer>
