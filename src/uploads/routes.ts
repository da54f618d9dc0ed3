import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { ErrorAnswer, IdParams } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import { cancelUpload } from './cancel-upload.ts'
import { completeUpload } from './complete-upload.ts'
import { loadDemoAlbum } from './demo-album.ts'
import { getUpload, listUploads } from './find-uploads.ts'
import { ledgerRoutes } from './ledger-routes.ts'
import { findKnownFiles } from './known-files.ts'
import { Completion, DemoAlbum, KnownFiles, KnownFilesQuery, NewUpload, NewUploads, PartAddresses, PartsQuery, Upload, UploadedParts, UploadPage, UploadsQuery, UploadTicket, UploadTickets } from './schemas.ts'
import { openTicket, openTickets, type TicketDeps } from './tickets.ts'
import { partAddresses, uploadedParts } from './upload-parts.ts'

export interface UploadsDeps extends Omit<TicketDeps, 'log'> {
  readonly now: () => Date
  /** Folder of the demo album. */
  readonly demoDir: string
}

const config = { access: 'upload music' } as const
/** What became of them, a worker did: who sees it here looks for it in the catalogue next. */
const watched = { ...config, showsWrites: true } as const
const tags = ['uploads']
const Gone = Type.Null({ description: 'Cancelled.' })

export const uploadRoutes: FastifyPluginAsyncTypebox<UploadsDeps> = async (app, deps) => {
  const ticketDeps: TicketDeps = { ...deps, log: app.log }

  app.post('/uploads', {
    config,
    schema: { tags, summary: 'Ask for a ticket to upload a file; the same file gets its open ticket back', body: NewUpload, response: { 201: UploadTicket, '4xx': ErrorAnswer } }
  }, async (request, reply) => reply.code(201).send(await openTicket(ticketDeps, actorOf(request), request.body)))

  app.post('/uploads/batch', {
    config,
    schema: { tags, summary: 'Ask for tickets for several files; each gets a ticket or its own error', body: NewUploads, response: { 200: UploadTickets, '4xx': ErrorAnswer } }
  }, async (request) => ({ items: await openTickets(ticketDeps, actorOf(request), request.body.files) }))

  app.post('/uploads/check', {
    config,
    schema: { tags, summary: 'Which of these bytes are tracks already', body: KnownFilesQuery, response: { 200: KnownFiles, '4xx': ErrorAnswer } }
  }, async (request) => ({ files: await findKnownFiles(deps.db, actorOf(request), request.body.files.map(({ sha256 }) => sha256)) }))

  app.get('/uploads', {
    config: watched,
    schema: { tags, summary: 'Your uploads, newest first; an admin sees all', querystring: UploadsQuery, response: { 200: UploadPage, '4xx': ErrorAnswer } }
  }, (request) => listUploads(deps.db, actorOf(request), request.query))

  await app.register(ledgerRoutes, deps)

  app.get('/uploads/:id', {
    config: watched,
    schema: { tags, summary: 'One upload', params: IdParams, response: { 200: Upload, '4xx': ErrorAnswer } }
  }, (request) => getUpload(deps.db, actorOf(request), request.params.id))

  app.post('/uploads/:id/parts', {
    config,
    schema: { tags, summary: 'Addresses to PUT these parts to', params: IdParams, body: PartsQuery, response: { 200: PartAddresses, '4xx': ErrorAnswer } }
  }, async (request) => ({ parts: await partAddresses(deps, actorOf(request), request.params.id, request.body.partNumbers) }))

  app.get('/uploads/:id/parts', {
    config,
    schema: { tags, summary: 'The parts that have arrived', params: IdParams, response: { 200: UploadedParts, '4xx': ErrorAnswer } }
  }, async (request) => ({ parts: await uploadedParts(deps, actorOf(request), request.params.id) }))

  app.post('/uploads/:id/complete', {
    config,
    schema: { tags, summary: 'All parts have arrived: process the file. May be repeated', params: IdParams, body: Completion, response: { 200: Upload, '4xx': ErrorAnswer } }
  }, (request) => completeUpload(ticketDeps, actorOf(request), request.params.id, request.body))

  app.delete('/uploads/:id', {
    config,
    schema: { tags, summary: 'Give up an upload whose bytes have not all arrived', params: IdParams, response: { 204: Gone, '4xx': ErrorAnswer } }
  }, async (request, reply) => {
    await cancelUpload(deps, actorOf(request), request.params.id)
    return reply.code(204).send(null)
  })
  app.post('/demo-album', {
    config,
    schema: { tags, summary: 'Load the demo album into the library', response: { 202: DemoAlbum, '4xx': ErrorAnswer } }
  }, async (request, reply) => {
    const files = await loadDemoAlbum({ ...deps, log: app.log, folder: deps.demoDir }, actorOf(request))
    return reply.code(202).send({ files })
  })
}
