import createError from '@fastify/error'
import { type Actor, authorise, may } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import { normalise } from '../catalog/normalise.ts'
import type { Page } from '../catalog/schemas.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { tell } from '../platform/database/notifications.ts'
import type { AskedSong, NewSongRequest, SongRequest, SongRequestsQuery } from './schemas.ts'

export const SongRequestNotFoundError = createError('REQUEST_NOT_FOUND', 'there is no such request', 404)
export const TooManySongRequestsError = createError<[number]>('TOO_MANY_SONG_REQUESTS', 'you asked for %d songs today; ask for more tomorrow', 429)
export const SongRequestClosedError = createError('REQUEST_CLOSED', 'this request has been answered; ask anew if it still misses', 409)

/** Of one person within 24 hours. */
const requestsPerDay = 10
const dayMs = 86_400_000

const orders = {
  new: { name: 'requests-new', key: 'r.created_at', id: 'r.id', type: 'timestamptz', descending: true },
  votes: { name: 'requests-votes', key: 'r.votes', id: 'r.id', type: 'int', descending: true }
} as const satisfies Record<string, Order>

interface RequestRow {
  id: string
  title: string
  artist: string
  note: string
  state: SongRequest['state']
  reason: string
  track: SongRequest['track']
  votes: number
  /** As the order has it: voices whose accounts are gone still count in it. */
  rank: number
  voted: boolean
  asker_id: string | null
  asker: string | null
  handler: string | null
  created_at: Date
  updated_at: Date
}

/** $1 is who asks. */
const columns = `r.id, r.title, r.artist, r.note, r.state, r.reason, r.asker_id, r.created_at, r.updated_at,
  (SELECT json_build_object('id', t.id, 'title', t.title, 'albumId', t.album_id) FROM track t WHERE t.id = r.track_id AND t.state = 'published') AS track,
  (SELECT count(*)::int FROM song_request_vote v WHERE v.request_id = r.id) AS votes, r.votes AS rank,
  EXISTS (SELECT FROM song_request_vote v WHERE v.request_id = r.id AND v.user_id = $1) AS voted,
  (SELECT u.display_name FROM user_account u WHERE u.id = r.asker_id) AS asker, (SELECT u.display_name FROM user_account u WHERE u.id = r.handler_id) AS handler`

/**
 * Asks for a song. One that somebody waits for already gets one voice more instead: two requests are the same where
 * artist and title are, whatever their case, accents and punctuation.
 * @throws ForbiddenError, TooManySongRequestsError
 */
export async function askForSong (db: Database, actor: Actor, { title, artist, note = '' }: NewSongRequest, now: Date): Promise<AskedSong> {
  authorise(actor, 'request songs')
  const matchKey = `${normalise(artist)} / ${normalise(title)}`
  const asked = await db.prisma.$transaction(async (tx) => {
    // Two who ask for the same song at once: the second finds the first.
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`song request ${matchKey}`}, 0))`
    const known = await tx.songRequest.findFirst({ where: { matchKey, state: { in: ['open', 'taken'] } }, select: { id: true } })
    if (known !== null) {
      await addVote(tx, { requestId: known.id, userId: actor.userId, now })
      return { id: known.id, joined: true }
    }
    const today = await tx.songRequest.count({ where: { askerId: actor.userId, createdAt: { gt: new Date(now.getTime() - dayMs) } } })
    if (today >= requestsPerDay) throw new TooManySongRequestsError(today)
    const data = { askerId: actor.userId, title: title.trim(), artist: artist.trim(), note: note.trim(), matchKey, createdAt: now, updatedAt: now }
    const { id } = await tx.songRequest.create({ data })
    await addVote(tx, { requestId: id, userId: actor.userId, now })
    await tell(tx, { to: { permission: 'answer requests' }, topic: 'request', data: { id, state: 'open' } })
    return { id, joined: false }
  })
  return { request: await getSongRequest(db, actor, asked.id), joined: asked.joined }
}

/** @throws ForbiddenError, SongRequestNotFoundError */
export async function getSongRequest (db: Database, actor: Actor, id: string): Promise<SongRequest> {
  authorise(actor, 'request songs')
  const { rows: [row] } = await db.pool.query<RequestRow>({ name: 'song-request', text: `SELECT ${columns} FROM song_request r WHERE r.id = $2`, values: [actor.userId, id] })
  if (row === undefined) throw new SongRequestNotFoundError()
  return toRequest(row, actor)
}

/**
 * What people miss: everybody's, so that one can join in.
 * @throws ForbiddenError, InvalidCursorError
 */
export async function listSongRequests (db: Database, actor: Actor, { limit, cursor, state, mine, sort }: SongRequestsQuery): Promise<Page<SongRequest>> {
  authorise(actor, 'request songs')
  const order = orders[sort]
  const clause = keyset(order, cursor, 5)
  const { rows } = await db.pool.query<RequestRow>({
    name: clause.name,
    text: `SELECT ${columns} FROM song_request r WHERE ($3::text IS NULL OR r.state::text = $3)
        AND (NOT $4 OR r.asker_id = $1 OR EXISTS (SELECT FROM song_request_vote v WHERE v.request_id = r.id AND v.user_id = $1))
        AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [actor.userId, limit + 1, state ?? null, mine, ...clause.values]
  })
  return cutPage(rows, { limit, order }, {
    item: (row) => toRequest(row, actor),
    place: (row) => ({ key: sort === 'new' ? row.created_at : row.rank, id: row.id })
  })
}

function toRequest (row: RequestRow, actor: Actor): SongRequest {
  return {
    id: row.id,
    title: row.title,
    artist: row.artist,
    note: row.note,
    state: row.state,
    reason: row.reason,
    track: row.track,
    votes: row.votes,
    voted: row.voted,
    mine: row.asker_id === actor.userId,
    asker: may(actor.role, 'answer requests') ? row.asker : null,
    handler: row.handler,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString()
  }
}

/**
 * Wants it too.
 * @throws ForbiddenError, SongRequestNotFoundError, SongRequestClosedError
 */
export async function joinSongRequest (db: Database, actor: Actor, id: string, now: Date): Promise<SongRequest> {
  authorise(actor, 'request songs')
  await db.prisma.$transaction(async (tx) => {
    await lockOpenRequest(tx, id)
    await addVote(tx, { requestId: id, userId: actor.userId, now })
  })
  return getSongRequest(db, actor, id)
}

/**
 * Wants it no longer. A request that nobody wants is gone.
 * @throws ForbiddenError, SongRequestNotFoundError, SongRequestClosedError
 */
export async function leaveSongRequest (db: Database, actor: Actor, id: string): Promise<void> {
  authorise(actor, 'request songs')
  await db.prisma.$transaction(async (tx) => {
    await lockOpenRequest(tx, id)
    const { count } = await tx.songRequestVote.deleteMany({ where: { requestId: id, userId: actor.userId } })
    await tx.songRequest.update({ where: { id }, data: { votes: { decrement: count } } })
    if (await tx.songRequestVote.count({ where: { requestId: id } }) === 0) await tx.songRequest.delete({ where: { id } })
  })
}

async function lockOpenRequest (tx: Transaction, id: string): Promise<void> {
  const [row] = await tx.$queryRaw<Array<{ state: string }>>`SELECT state::text FROM song_request WHERE id = ${id}::uuid FOR UPDATE`
  if (row === undefined) throw new SongRequestNotFoundError()
  if (row.state === 'done' || row.state === 'declined') throw new SongRequestClosedError()
}

async function addVote (tx: Transaction, { requestId, userId, now }: { readonly requestId: string, readonly userId: string, readonly now: Date }): Promise<void> {
  const { count } = await tx.songRequestVote.createMany({ data: [{ requestId, userId, createdAt: now }], skipDuplicates: true })
  if (count > 0) await tx.songRequest.update({ where: { id: requestId }, data: { votes: { increment: count } } })
}
