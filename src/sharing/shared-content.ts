import createError from '@fastify/error'
import { tokenHash } from '../accounts/refresh-tokens.ts'
import { readAlbums, readTracks, byIds, type Selection } from '../catalog/catalogue-rows.ts'
import type { ArtworkRef, Track } from '../catalog/schemas.ts'
import type { Database } from '../platform/database/database.ts'
import type { SharedPage, SharedTrack } from './schemas.ts'
import { rolesThatShare, type Sharing } from './share-policy.ts'

export const ShareEndedError = createError('SHARE_ENDED', 'this link has ended, or there never was one', 404)

/** A link that is good now. */
export interface ActiveShare {
  readonly id: string
  readonly kind: SharedPage['kind']
  readonly itemId: string
  readonly note: string
  readonly expiresAt: Date | null
  readonly sharedBy: string
}

export interface SharedDeps {
  readonly db: Database
  readonly sharing: Sharing
  readonly organisation: string
}

const mostTracks = 500
/** Favourites and ratings are somebody's; whoever comes by a link is nobody. */
const nobody = { userId: '00000000-0000-0000-0000-000000000000' }

/**
 * The link that a token opens. It is good as long as its maker may still share.
 * @throws ShareEndedError
 */
export async function findShare ({ db, sharing }: Pick<SharedDeps, 'db' | 'sharing'>, token: string, now: Date): Promise<ActiveShare> {
  const { rows: [row] } = await db.pool.query<ActiveShare>({
    name: 'share-by-token',
    text: `SELECT s.id, s.kind, s.item_id AS "itemId", s.note, s.expires_at AS "expiresAt", u.display_name AS "sharedBy"
      FROM share s JOIN user_account u ON u.id = s.owner_id AND u.disabled_at IS NULL AND u.role::text = ANY($3)
      WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > $2)`,
    values: [tokenHash(token), now, rolesThatShare(sharing)]
  })
  if (row === undefined) throw new ShareEndedError()
  return row
}

const selections: Readonly<Record<ActiveShare['kind'], string>> = {
  track: 'SELECT $2::uuid AS id, 1 AS ord',
  album: 'SELECT t.id, row_number() OVER (ORDER BY t.disc_no, t.track_no, t.sort_title, t.id) AS ord FROM track t WHERE t.album_id = $2',
  playlist: 'SELECT i.track_id AS id, row_number() OVER (ORDER BY i.rank) AS ord FROM playlist_item i JOIN track t ON t.id = i.track_id AND t.state = \'published\' WHERE i.playlist_id = $2'
}

/** The tracks of a link that are published now. */
function selectionOf ({ kind, itemId }: ActiveShare): Selection {
  return { name: `shared-${kind}`, sql: `SELECT * FROM (${selections[kind]}) AS shared ORDER BY ord LIMIT ${mostTracks}`, values: [itemId] }
}

/** By the track's own indexes: a playlist of 10,000 tracks isn't read for each play of one. */
const memberships: Readonly<Record<ActiveShare['kind'], string>> = {
  track: 't.id = $2',
  album: 't.album_id = $2',
  playlist: 'EXISTS (SELECT FROM playlist_item i WHERE i.playlist_id = $2 AND i.track_id = t.id)'
}

/** Whether a track is among what a link shares, and published. */
export async function sharesTrack ({ pool }: Database, { kind, itemId }: ActiveShare, trackId: string): Promise<boolean> {
  const { rows } = await pool.query({
    name: `shares-track-${kind}`,
    text: `SELECT FROM track t WHERE t.id = $1 AND t.state = 'published' AND ${memberships[kind]}`,
    values: [trackId, itemId]
  })
  return rows.length > 0
}

/** What a link shows, with the picture as the catalogue has it: its address is for the caller to make. */
export interface SharedContent extends Omit<SharedPage, 'cover'> {
  readonly artwork: ArtworkRef
}

/** @throws ShareEndedError also where nothing of it is left */
export async function sharedContent (deps: SharedDeps, share: ActiveShare): Promise<SharedContent> {
  const tracks = (await readTracks(deps.db, nobody, selectionOf(share))).map(({ track }) => track)
  const [first] = tracks
  if (first === undefined) throw new ShareEndedError()
  const { title, ...named } = await namesOf(deps.db, share, first)
  return {
    kind: share.kind,
    title,
    ...named,
    note: share.note,
    sharedBy: share.sharedBy,
    organisation: deps.organisation,
    expiresAt: share.expiresAt?.toISOString() ?? null,
    artwork: tracks.find(({ album }) => album.artwork !== null)?.album.artwork ?? null,
    tracks: tracks.map(toSharedTrack)
  }
}

type Names = Pick<SharedPage, 'title' | 'artistCredit' | 'albumTitle' | 'year' | 'label' | 'description' | 'durationMs' | 'trackCount'>

async function namesOf (db: Database, { kind, itemId }: ActiveShare, first: Track): Promise<Names> {
  const nothing = { artistCredit: null, albumTitle: null, year: null, label: null, description: '' }
  if (kind === 'track') return { ...nothing, title: first.title, artistCredit: first.artistCredit, albumTitle: first.album.title, year: first.year, durationMs: first.durationMs, trackCount: 1 }
  if (kind === 'playlist') {
    const playlist = await db.prisma.playlist.findUnique({ where: { id: itemId } })
    if (playlist === null) throw new ShareEndedError()
    return { ...nothing, title: playlist.name, description: playlist.description, durationMs: Number(playlist.durationMs), trackCount: playlist.trackCount }
  }
  const [entry] = await readAlbums(db, nobody, byIds([itemId]))
  if (entry === undefined) throw new ShareEndedError()
  const more = await db.prisma.album.findUniqueOrThrow({ where: { id: itemId }, select: { label: true } })
  const { title, artistCredit, year, durationMs, trackCount } = entry.album
  return { ...nothing, ...more, title, artistCredit, year, durationMs, trackCount }
}

function toSharedTrack ({ id, title, artistCredit, album, discNo, trackNo, durationMs }: Track): SharedTrack {
  return { id, title, artistCredit, albumTitle: album.title, discNo, trackNo, durationMs }
}
