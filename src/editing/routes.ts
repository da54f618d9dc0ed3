import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorAnswer, IdParams, pageOf } from '../catalog/schemas.ts'
import { actorOf } from '../http/access.ts'
import type { TicketDeps } from '../uploads/tickets.ts'
import { openPictureTicket } from '../uploads/picture-tickets.ts'
import { UploadTicket } from '../uploads/schemas.ts'
import { listChangeSets } from './change-sets.ts'
import { editableTracks, editTags } from './edit-tags.ts'
import { ChangeSet, ChangesQuery, ConflictsQuery, EditableQuery, EditableTracks, EditResult, NewPicture, TagConflicts, TracksEdit, Undoing } from './schemas.ts'
import { removeArtwork } from './set-artwork.ts'
import { findTagConflicts } from './tag-conflicts.ts'
import { redoEdit, undoEdit } from './undo-edit.ts'

export interface EditingDeps extends Omit<TicketDeps, 'log' | 'maxBytes'> {
  readonly now: () => Date
}

const config = { access: 'edit the catalogue' } as const
const watched = { ...config, showsWrites: true } as const
const tags = ['editing']
/** 5,000 tracks with a title and its artists each. */
const bodyLimit = 4 * 1_048_576

export const editingRoutes: FastifyPluginAsyncTypebox<EditingDeps> = async (app, deps) => {
  const ticketDeps = { ...deps, log: app.log }

  app.post('/tracks/editable', {
    config: watched,
    bodyLimit,
    schema: { tags, summary: 'Tracks as the tag editor shows them, at most 5,000', body: EditableQuery, response: { 200: EditableTracks, '4xx': ErrorAnswer } }
  }, async (request) => ({ items: await editableTracks(deps, actorOf(request), request.body) }))

  app.patch('/tracks', {
    config,
    bodyLimit,
    schema: { tags, summary: 'Change the tags of up to 5,000 tracks as one edit, which can be undone', body: TracksEdit, response: { 200: EditResult, '4xx': ErrorAnswer } }
  }, async (request) => ({ changeSet: await editTags(deps, actorOf(request), request.body) }))

  app.post('/tracks/conflicts', {
    config: watched,
    schema: { tags, summary: 'Which of these tracks have tags that leave something to settle', body: ConflictsQuery, response: { 200: TagConflicts, '4xx': ErrorAnswer } }
  }, async (request) => ({ items: await findTagConflicts(deps.db, actorOf(request), request.body.trackIds) }))

  app.get('/edits', {
    config: watched,
    schema: { tags, summary: 'What curators changed, newest first', querystring: ChangesQuery, response: { 200: pageOf(ChangeSet), '4xx': ErrorAnswer } }
  }, (request) => listChangeSets(deps.db, actorOf(request), request.query))

  app.post('/edits/:id/undo', {
    config,
    schema: { tags, summary: 'Undo an edit, unless a later one stands on it', params: IdParams, body: Undoing, response: { 200: ChangeSet, '4xx': ErrorAnswer } }
  }, (request) => undoEdit(deps, actorOf(request), request.params.id))

  app.post('/edits/:id/redo', {
    config,
    schema: { tags, summary: 'Do an edit once more that was undone', params: IdParams, body: Undoing, response: { 200: ChangeSet, '4xx': ErrorAnswer } }
  }, (request) => redoEdit(deps, actorOf(request), request.params.id))

  for (const kind of ['album', 'artist'] as const) {
    app.post(`/${kind}s/:id/artwork`, {
      config,
      schema: { tags, summary: `Ask for a ticket to upload a picture of the ${kind}; send and complete it as any upload`, params: IdParams, body: NewPicture, response: { 201: UploadTicket, '4xx': ErrorAnswer } }
    }, async (request, reply) => reply.code(201).send(await openPictureTicket(ticketDeps, actorOf(request), { kind, itemId: request.params.id, ...request.body })))

    app.delete(`/${kind}s/:id/artwork`, {
      config,
      schema: { tags, summary: `Take the picture of the ${kind} down`, params: IdParams, response: { 200: EditResult, '4xx': ErrorAnswer } }
    }, async (request) => ({ changeSet: await removeArtwork(deps, actorOf(request), { kind, itemId: request.params.id }) }))
  }
}
