import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams, pageOf } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import type { Database } from '../platform/database/database.ts'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { listJobs, summariseJobs } from './list-jobs.ts'
import { retryFailedJobs, retryJob } from './retry-jobs.ts'
import { Job, JobsQuery, JobSummary, Retried } from './schemas.ts'
import { withdrawTrack } from './withdraw-track.ts'

export interface JobDeps {
  readonly db: Database
  readonly queue: JobQueue
  readonly now: () => Date
}

/** What jobs did is looked for in the catalogue next. */
const see = { access: 'see jobs', showsWrites: true } as const
const retry = { access: 'retry jobs' } as const
const tags = ['jobs']

export const jobRoutes: FastifyPluginAsyncTypebox<JobDeps> = async (app, deps) => {
  app.get('/jobs', { config: see, schema: { tags, summary: 'Jobs, newest first', querystring: JobsQuery, response: { 200: pageOf(Job), 400: ErrorAnswer } } },
    (request) => listJobs(deps.db, actorOf(request), request.query))

  app.get('/jobs/summary', { config: see, schema: { tags, summary: 'How much there is to do', response: { 200: JobSummary } } },
    (request) => summariseJobs(deps.db, actorOf(request)))

  app.post('/jobs/:id/retry', { config: retry, schema: { tags, summary: 'Try a failed job again', params: IdParams, response: { 200: Job, 404: ErrorAnswer, 409: ErrorAnswer } } },
    (request) => retryJob(deps, actorOf(request), request.params.id))

  app.post('/jobs/retry-failed', { config: retry, schema: { tags, summary: 'Try every failed job again', response: { 200: Retried } } },
    async (request) => ({ retried: await retryFailedJobs(deps, actorOf(request)) }))

  app.delete('/tracks/:id', { config: { access: 'edit the catalogue' }, schema: { tags: ['catalogue'], summary: 'Withdraw a track from the catalogue; uploading its file again brings it back', params: IdParams, response: { 204: Type.Null({ description: 'Withdrawn.' }), '4xx': ErrorAnswer } } },
    async (request, reply) => {
      await withdrawTrack(deps, actorOf(request), request.params.id)
      return reply.code(204).send(null)
    })
}
