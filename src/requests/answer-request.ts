import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { tell, tellUsers } from '../platform/database/notifications.ts'
import type { SongAnswer, SongRequest } from './schemas.ts'
import { getSongRequest, SongRequestNotFoundError } from './song-requests.ts'

export const AnswerTrackMissingError = createError('ANSWER_TRACK_MISSING', 'done needs trackId: the song that answers the request', 400)
export const AnswerReasonMissingError = createError('ANSWER_REASON_MISSING', 'declined needs a reason: the asker reads it', 400)

/**
 * What a curator makes of a request: takes it, links the song that answers it, declines it with a reason, or opens it again.
 * @throws ForbiddenError, SongRequestNotFoundError, TrackNotFoundError, AnswerTrackMissingError, AnswerReasonMissingError
 */
export async function answerSongRequest (db: Database, actor: Actor, { id, answer }: { readonly id: string, readonly answer: SongAnswer }, now: Date): Promise<SongRequest> {
  authorise(actor, 'answer requests')
  const { state } = answer
  const reason = state === 'declined' ? answer.reason?.trim() ?? '' : ''
  if (state === 'declined' && reason === '') throw new AnswerReasonMissingError()
  await db.prisma.$transaction(async (tx) => {
    const trackId = state === 'done' ? await publishedTrack(tx, answer.trackId) : null
    const { count } = await tx.songRequest.updateMany({ where: { id }, data: { state, reason, trackId, handlerId: state === 'open' ? null : actor.userId, updatedAt: now } })
    if (count === 0) throw new SongRequestNotFoundError()
    await tellWaiting(tx, id, state)
    await appendAudit(tx, { at: now, actorId: actor.userId, action: `request.${state}`, subject: `request:${id}`, details: { trackId } })
  })
  return getSongRequest(db, actor, id)
}

/** Whoever wants the song, and the curators, who see one list. */
async function tellWaiting (tx: Transaction, id: string, state: SongAnswer['state']): Promise<void> {
  const data = { id, state }
  await tell(tx, { to: { permission: 'answer requests' }, topic: 'request', data })
  const waiting = await tx.songRequestVote.findMany({ where: { requestId: id }, select: { userId: true } })
  await tellUsers(tx, waiting.map(({ userId }) => userId), { topic: 'request', data })
}

async function publishedTrack (tx: Transaction, trackId: string | undefined): Promise<string> {
  if (trackId === undefined) throw new AnswerTrackMissingError()
  const track = await tx.track.findFirst({ where: { id: trackId, state: 'published' }, select: { id: true } })
  if (track === null) throw new TrackNotFoundError()
  return track.id
}
