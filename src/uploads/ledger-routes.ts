import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import { UploadsRetried, UploadsRetry, UploadSummary } from './schemas.ts'
import { rejectedAsCsv, retryFailedUploads, type RetryDeps, summariseUploads } from './upload-summary.ts'

const config = { access: 'upload music', showsWrites: true } as const
const tags = ['uploads']
const Csv = Type.Unsafe<Readable>({ type: 'string', description: 'text/csv with a head' })

/** What the upload ledger asks beside the uploads themselves. */
export const ledgerRoutes: FastifyPluginAsyncTypebox<RetryDeps> = async (app, deps) => {
  app.get('/uploads/summary', {
    config,
    schema: { tags, summary: 'How many uploads run, failed, were rejected and why', response: { 200: UploadSummary, '4xx': ErrorAnswer } }
  }, (request) => summariseUploads(deps.db, actorOf(request)))

  app.get('/uploads/rejected.csv', {
    config,
    schema: { tags, summary: 'All rejected files with their reasons', response: { 200: Csv, '4xx': ErrorAnswer } }
  }, async (request, reply) => {
    const actor = actorOf(request)
    return reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="rejected.csv"').send(Readable.from(rejectedAsCsv(deps.db, actor)))
  })

  app.post('/uploads/retry', {
    config: { access: 'retry jobs' },
    schema: { tags, summary: 'Try failed uploads again', body: UploadsRetry, response: { 200: UploadsRetried, '4xx': ErrorAnswer } }
  }, async (request) => ({ retried: await retryFailedUploads(deps, actorOf(request), request.body.ids) }))
}
