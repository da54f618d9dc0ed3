import { Type, type Static } from 'typebox'
import { Id, nullable, Time, Track } from '../catalog/schemas.ts'

export const StreamQuery = Type.Object({
  format: Type.Enum(['aac', 'flac', 'original'], { default: 'aac' }),
  maxBitrateKbps: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'Of aac: the best version up to here, else the smallest.' }))
})
export type StreamQuery = Static<typeof StreamQuery>

export const Stream = Type.Object({
  url: Type.String(),
  mimeType: Type.String(),
  durationMs: Type.Integer(),
  expiresAt: Time,
  rendition: Type.Object({
    name: Type.String(),
    codec: Type.String(),
    bitrateKbps: nullable(Type.Integer()),
    sampleRate: Type.Integer(),
    channels: Type.Integer()
  }),
  index: nullable(Type.Object({
    initBytes: Type.Integer({ description: 'Bytes before the first fragment.' }),
    timescale: Type.Integer({ description: 'Ticks a second.' }),
    fragments: Type.Array(Type.Array(Type.Integer(), { minItems: 3, maxItems: 3 }), { description: 'Offset and size in bytes, duration in ticks.' }),
    sampleCount: Type.Integer({ description: 'Samples to hear.' }),
    encoderDelay: Type.Integer({ description: 'Samples to drop at the start.' })
  }, { description: 'null for the original file.' })),
  waveformUrl: nullable(Type.String()),
  loudness: Type.Object({ trackLufs: nullable(Type.Number()), albumLufs: nullable(Type.Number()), truePeakDbtp: nullable(Type.Number()) })
}, { title: 'Stream' })
export type Stream = Static<typeof Stream>

/** Of index.fragments it has the first one; the others follow the start of the file. */
export interface StreamStart extends Stream {
  /** What of the file follows: so many bytes, of which the first `initBytes` are the file's first, the others those from the first fragment on. */
  readonly head: { readonly initBytes: number, readonly bytes: number }
}
export interface StreamRest { readonly fragments: NonNullable<Stream['index']>['fragments'] }

export const NewPlay = Type.Object({
  id: Type.Unsafe<string>({ ...Id, description: 'Chosen by the client: a play sent twice counts once.' }),
  trackId: Id,
  startedAt: Time,
  playedMs: Type.Integer({ minimum: 0, maximum: 86_400_000 })
})
export type NewPlay = Static<typeof NewPlay>

export const CountedPlay = Type.Object({ counted: Type.Boolean({ description: '30 seconds or half of the track were played.' }) })
export type CountedPlay = Static<typeof CountedPlay>

export const Play = Type.Object({ id: Id, startedAt: Time, playedMs: Type.Integer(), counted: Type.Boolean(), track: Track }, { title: 'Play' })
export type Play = Static<typeof Play>

export const PlayError = Type.Object({
  trackId: Id,
  reason: Type.Enum(['interrupted', 'gave-up', 'undecodable', 'refused'], {
    description: 'interrupted: there was no sound, and a second try was needed. gave-up: it did not come back. undecodable: the bytes came and made no sound. refused: no address was given out, or it was not honoured.'
  })
}, { title: 'PlayError' })
export type PlayError = Static<typeof PlayError>

export const SoundReport = Type.Object({
  started: Type.Boolean({ description: 'The play began to sound just now: this counts it. Once a play; what it tells of later has false.' }),
  start: nullable(Type.Object({
    ms: Type.Integer({ minimum: 0, maximum: 600_000, description: 'From the listener’s request to the first sound.' }),
    sound: Type.Enum(['engine', 'base'], { description: 'engine: our exact player. base: the browser’s own.' }),
    prepared: Type.Boolean({ description: 'The track had been fetched before it was asked for.' })
  }, { description: 'null where nobody waited: the track before it ended and this one followed, or it was paused before it sounded.' })),
  stalls: Type.Integer({ minimum: 0, maximum: 10_000, description: 'Silences that nobody asked for.' }),
  stalledMs: Type.Integer({ minimum: 0, maximum: 86_400_000 })
}, { title: 'SoundReport' })
export type SoundReport = Static<typeof SoundReport>
