import { type Static, Type } from 'typebox'
import { nullable, Time } from '../catalog/schemas.ts'

export const HealthFigure = Type.Object({
  id: Type.String(),
  group: Type.Enum(['play', 'queue', 'cost', 'errors', 'machine']),
  unit: Type.Enum(['count', 'percent', 'ms', 'seconds', 'bytes']),
  now: nullable(Type.Number({ description: 'Of the last five minutes.' })),
  threshold: nullable(Type.Number({ description: 'From there on an alarm goes off.' })),
  over: Type.Boolean({ description: 'Now at or over the threshold.' }),
  points: Type.Array(nullable(Type.Number()), { description: 'Of each step, the oldest first; null: nothing to tell.' })
}, { title: 'HealthFigure' })
export type HealthFigure = Static<typeof HealthFigure>

export const HealthSeries = Type.Object({
  from: Time,
  stepSeconds: Type.Integer(),
  figures: Type.Array(HealthFigure),
  storage: Type.Object({
    kind: Type.Enum(['disk', 's3']),
    disk: nullable(Type.Object({ usedBytes: Type.Integer(), totalBytes: Type.Integer() })),
    cost: nullable(Type.Object({
      perMonth: Type.Number({ description: 'For what is stored, by the list price.' }),
      currency: Type.String(),
      priceAsOf: Type.String()
    }))
  })
}, { title: 'HealthSeries' })
export type HealthSeries = Static<typeof HealthSeries>

export const SeriesQuery = Type.Object({ hours: Type.Integer({ minimum: 1, maximum: 24, default: 24 }) })
