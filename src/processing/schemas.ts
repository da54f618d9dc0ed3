import { type Static, Type } from 'typebox'
import { Id, nullable, PageQuery, Time } from '../catalog/schemas.ts'

export const JobState = Type.Union([Type.Literal('waiting'), Type.Literal('running'), Type.Literal('done'), Type.Literal('failed')])
export type JobState = Static<typeof JobState>

export const Job = Type.Object({
  id: Id,
  kind: Type.String({ description: 'process-upload or backfill-track' }),
  state: JobState,
  stage: nullable(Type.String({ description: 'What the worker is doing now: fetch, read, renditions, artwork, publish.' })),
  attempts: Type.Integer(),
  maxAttempts: Type.Integer(),
  errorCode: nullable(Type.String()),
  lastError: nullable(Type.String({ description: 'What the last attempt failed of.' })),
  subject: Type.String({ description: 'The path of the uploaded file, or the title of the track.' }),
  uploadId: nullable(Id),
  createdAt: Time,
  startedAt: nullable(Time),
  finishedAt: nullable(Time)
}, { title: 'Job' })
export type Job = Static<typeof Job>

export const JobsQuery = Type.Object({ ...PageQuery.properties, state: Type.Optional(JobState) })
export type JobsQuery = Static<typeof JobsQuery>

export const JobSummary = Type.Object({
  waiting: Type.Integer(),
  running: Type.Integer(),
  failed: Type.Integer(),
  done24h: Type.Integer({ description: 'Finished in the last 24 hours.' }),
  oldestWaitingSeconds: Type.Integer({ description: '0 when nothing waits.' })
}, { title: 'JobSummary' })
export type JobSummary = Static<typeof JobSummary>

export const Retried = Type.Object({ retried: Type.Integer({ description: 'How many failed jobs are tried again.' }) })
export type Retried = Static<typeof Retried>
