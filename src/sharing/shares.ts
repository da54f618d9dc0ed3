import { randomBytes } from 'node:crypto'
import createError from '@fastify/error'
import { type Actor, authorise, may } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import { tokenHash } from '../accounts/refresh-tokens.ts'
import { AlbumNotFoundError } from '../catalog/albums.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page } from '../catalog/schemas.ts'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'
import { getPlaylist, PlaylistNotYoursError } from '../playlists/playlists.ts'
import type { CreatedShare, NewShare, Share, SharesQuery } from './schemas.ts'
import { authoriseSharing, type Sharing } from './share-policy.ts'

export const ShareNotFoundError = createError('SHARE_NOT_FOUND', 'there is no such link of yours', 404)
export const TooManySharesError = createError<[number]>('TOO_MANY_SHARES', 'you have %d links; end one that is no longer needed', 409)

/** Twice what 128 bit ask for; the text is 43 characters. */
const tokenBytes = 32
const maxShares = 500
const dayMs = 86_400_000
const newestFirst: Order = { name: 'shares', key: 's.created_at', id: 's.id', type: 'timestamptz', descending: true }

export interface SharesDeps {
  readonly db: Database
  readonly sharing: Sharing
  readonly publicUrl: string
}

/**
 * A link to a track, an album or a playlist of one's own, for whoever is given it. Its text is known here only now.
 * @throws ForbiddenError, SharingOffError, SharingForCuratorsError, TrackNotFoundError, AlbumNotFoundError, PlaylistNotFoundError, PlaylistNotYoursError, TooManySharesError
 */
export async function createShare ({ db, sharing, publicUrl }: SharesDeps, actor: Actor, { kind, itemId, note = '', days }: NewShare, now: Date): Promise<CreatedShare> {
  authoriseSharing(actor, sharing)
  const title = await titleOf(db, actor, { kind, itemId })
  const token = randomBytes(tokenBytes).toString('base64url')
  const expiresAt = days === undefined ? null : new Date(now.getTime() + days * dayMs)
  const id = await db.prisma.$transaction(async (tx) => {
    const count = await tx.share.count({ where: { ownerId: actor.userId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] } })
    if (count >= maxShares) throw new TooManySharesError(count)
    const { id } = await tx.share.create({ data: { ownerId: actor.userId, kind, itemId, tokenHash: tokenHash(token), note: note.trim(), expiresAt, createdAt: now } })
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'share.created', subject: `share:${id}`, details: { kind, itemId, expiresAt: expiresAt?.toISOString() ?? null } })
    return id
  })
  return { id, kind, itemId, title, note: note.trim(), createdAt: now.toISOString(), expiresAt: expiresAt?.toISOString() ?? null, playCount: 0, url: `${publicUrl}/s/${token}` }
}

/** The name of something that the actor may share. */
async function titleOf (db: Database, actor: Actor, { kind, itemId }: Pick<NewShare, 'kind' | 'itemId'>): Promise<string> {
  if (kind === 'playlist') {
    const { name, mine } = await getPlaylist(db, actor, itemId)
    // Its owner may have reasons to keep it in the house.
    if (!mine) throw new PlaylistNotYoursError()
    return name
  }
  if (kind === 'track') {
    const track = await db.prisma.track.findFirst({ where: { id: itemId, state: 'published' }, select: { title: true } })
    if (track === null) throw new TrackNotFoundError()
    return track.title
  }
  const album = await db.prisma.album.findFirst({ where: { id: itemId, trackCount: { gt: 0 } }, select: { title: true } })
  if (album === null) throw new AlbumNotFoundError()
  return album.title
}

interface ShareRow {
  id: string
  kind: Share['kind']
  item_id: string
  title: string | null
  note: string
  created_at: Date
  expires_at: Date | null
  play_count: number
}

/**
 * The actor's links that are good still, the newest first; of one thing where asked for.
 * @throws ForbiddenError, InvalidCursorError
 */
export async function listShares (db: Database, actor: Actor, { limit, cursor, kind, itemId }: SharesQuery, now: Date): Promise<Page<Share>> {
  authorise(actor, 'share')
  const clause = keyset(newestFirst, cursor, 6)
  const { rows } = await db.pool.query<ShareRow>({
    name: clause.name,
    text: `SELECT s.id, s.kind, s.item_id, s.note, s.created_at, s.expires_at, s.play_count,
        COALESCE((SELECT t.title FROM track t WHERE s.kind = 'track' AND t.id = s.item_id AND t.state = 'published'),
          (SELECT a.title FROM album a WHERE s.kind = 'album' AND a.id = s.item_id AND a.track_count > 0),
          (SELECT p.name FROM playlist p WHERE s.kind = 'playlist' AND p.id = s.item_id)) AS title
      FROM share s WHERE s.owner_id = $1 AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > $3)
        AND ($4::text IS NULL OR s.kind::text = $4) AND ($5::uuid IS NULL OR s.item_id = $5) AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [actor.userId, limit + 1, now, kind ?? null, itemId ?? null, ...clause.values]
  })
  return cutPage(rows, { limit, order: newestFirst }, { item: toShare, place: (row) => ({ key: row.created_at, id: row.id }) })
}

function toShare (row: ShareRow): Share {
  return {
    id: row.id,
    kind: row.kind,
    itemId: row.item_id,
    title: row.title,
    note: row.note,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    playCount: row.play_count
  }
}

/**
 * Ends a link at once, also while sharing is off. Who manages users may end everybody's.
 * @throws ForbiddenError, ShareNotFoundError
 */
export async function revokeShare (db: Database, actor: Actor, { id, now }: { readonly id: string, readonly now: Date }): Promise<void> {
  authorise(actor, 'share')
  const owner = may(actor.role, 'manage users') ? {} : { ownerId: actor.userId }
  await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.share.updateMany({ where: { id, revokedAt: null, ...owner }, data: { revokedAt: now } })
    if (count === 0) throw new ShareNotFoundError()
    await appendAudit(tx, { at: now, actorId: actor.userId, action: 'share.revoked', subject: `share:${id}` })
  })
}
