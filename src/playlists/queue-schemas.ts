import { type Static, Type } from 'typebox'
import { Id, nullable, Time, Track } from '../catalog/schemas.ts'
import type { QueueDocument, QueueOperation } from './queue-operations.ts'

const Key = Type.String({ minLength: 1, maxLength: 24, pattern: '^[A-Za-z0-9_-]+$' })
const Keys = Type.Array(Key, { maxItems: 10_000 })
const After = Type.String({ minLength: 1, maxLength: 24, pattern: '^[A-Za-z0-9_-]+$', description: 'Key to stand behind, “start” or “end”.' })
const Repeat = Type.Enum(['off', 'all', 'one'])
const Seed = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })

/** jsonb takes neither NUL nor half of a surrogate pair. */
const kept = '^[^\\u0000\\ud800-\\udfff]*$'
const From = nullable(Type.Object({
  kind: Type.Enum(['album', 'playlist', 'artist', 'genre', 'search', 'favourites', 'tracks']),
  id: Type.String({ maxLength: 100, pattern: kept }),
  name: Type.String({ maxLength: 300, pattern: kept })
}, { additionalProperties: false }))
const NewEntry = Type.Object({ key: Key, trackId: Id, from: Type.Optional(From) }, { additionalProperties: false })
const Entry = Type.Object({ ...NewEntry.properties, ordinal: Type.Integer({ minimum: -1, maximum: 1_000_000 }) }, { additionalProperties: false, title: 'QueueEntry' })

const id = Type.String({ minLength: 8, maxLength: 40, pattern: '^[A-Za-z0-9_-]+$', description: 'Chosen by you, at random; sent twice it is done once.' })
const strict = { additionalProperties: false }
const Operation = Type.Union([
  Type.Object({ id, kind: Type.Literal('insert'), after: After, entries: Type.Array(NewEntry, { maxItems: 2_000 }) }, strict),
  Type.Object({ id, kind: Type.Literal('remove'), keys: Keys }, strict),
  Type.Object({ id, kind: Type.Literal('move'), key: Key, after: After }, strict),
  Type.Object({ id, kind: Type.Literal('current'), key: Key }, strict),
  Type.Object({ id, kind: Type.Literal('repeat'), repeat: Repeat }, strict),
  Type.Object({ id, kind: Type.Literal('shuffle'), seed: Seed, keys: Keys }, strict),
  Type.Object({ id, kind: Type.Literal('unshuffle') }, strict),
  Type.Object({ id, kind: Type.Literal('replace'), entries: Type.Array(Entry, { maxItems: 2_000 }), current: nullable(Key), seed: nullable(Seed) }, strict)
])

export const Operations = Type.Object({ operations: Type.Array(Operation, { minItems: 1, maxItems: 200 }) }, { additionalProperties: false })

const Document = Type.Object({ entries: Type.Array(Entry), current: nullable(Key), repeat: Repeat, seed: nullable(Seed) }, { title: 'Queue' })

export const Applied = Type.Object({
  before: Type.Integer({ description: 'The version that the operations met; if it isn’t the one you know, read what you missed.' }),
  version: Type.Integer()
})

export const QueueQuery = Type.Object({ after: Type.Integer({ minimum: -1, default: -1, description: 'The version you have; −1: none.' }) })

export const QueueChanges = Type.Object({
  version: Type.Integer(),
  operations: nullable(Type.Array(Type.Unsafe<QueueOperation>({ type: 'object', additionalProperties: true }), { description: 'What was done since; null where that isn’t known any more.' })),
  document: nullable(Type.Unsafe<QueueDocument>(Document))
}, { title: 'QueueChanges' })

export const Lookup = Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 500 }) }, { additionalProperties: false })
export const FoundTracks = Type.Object({ items: Type.Array(Track, { description: 'Those that are in the library.' }) })

export const DeviceReport = Type.Object({
  playing: Type.Boolean(),
  key: nullable(Key),
  positionMs: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
  claim: Type.Boolean({ description: 'Whether this browser is to be the one that plays. A report of another changes no place.' })
}, { additionalProperties: false })
export type DeviceReport = Static<typeof DeviceReport>

export const Place = Type.Object({
  key: nullable(Key),
  positionMs: Type.Integer({ description: 'Where it is by now; where the device fell silent without a word, where it was last.' }),
  playing: Type.Boolean(),
  deviceId: nullable(Id)
}, { title: 'QueuePlace' })
export type Place = Static<typeof Place>

export const Devices = Type.Object({
  items: Type.Array(Type.Object({ id: Id, userAgent: Type.String(), here: Type.Boolean(), plays: Type.Boolean(), seenAt: Time }, { title: 'Device' })),
  place: Place
}, { title: 'Devices' })
export type Devices = Static<typeof Devices>

export const DeviceCommand = Type.Object({ command: Type.Enum(['pause', 'resume', 'next', 'previous']) }, { additionalProperties: false })
export type DeviceCommand = Static<typeof DeviceCommand>
