import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import { normalise } from '../catalog/normalise.ts'
import type { Page, Playlist } from '../catalog/schemas.ts'
import type { Database, Reader, Transaction } from '../platform/database/database.ts'
import { appendItems } from './append-items.ts'
import type { NewPlaylist, PlaylistChange, PlaylistsQuery } from './schemas.ts'

export const PlaylistNotFoundError = createError('PLAYLIST_NOT_FOUND', 'there is no such playlist', 404)
export const PlaylistNotYoursError = createError('PLAYLIST_NOT_YOURS', 'only its owner may change a playlist; make a copy of your own', 403)

const newestFirst: Order = { name: 'playlists', key: 'p.updated_at', id: 'p.id', type: 'timestamptz', descending: true }

interface PlaylistRow {
  id: string
  name: string
  description: string
  visibility: 'private' | 'shared'
  owner_id: string
  display_name: string
  version: number
  track_count: number
  duration_ms: string
  updated_at: Date
}

const columns = 'p.id, p.name, p.description, p.visibility, p.owner_id, u.display_name, p.version, p.track_count, p.duration_ms, p.updated_at'
/** $1 is who asks. */
const visible = '(p.owner_id = $1 OR p.visibility = \'shared\')'

/**
 * The actor's own playlists and, unless only these are wanted, those that others share, last changed first.
 * @throws InvalidCursorError
 */
export async function listPlaylists (db: Database, actor: Actor, { limit, cursor, mine }: PlaylistsQuery): Promise<Page<Playlist>> {
  authorise(actor, 'keep playlists')
  const clause = keyset(newestFirst, cursor, 3)
  // Two index ranges: one condition with OR would sort everything at every page.
  const range = (condition: string) => `(SELECT p.id FROM playlist p WHERE ${condition} AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2)`
  const { rows } = await db.pool.query<PlaylistRow>({
    name: [clause.name, mine && 'mine'].filter(Boolean).join('-'),
    text: `SELECT ${columns} FROM (${[range('p.owner_id = $1'), ...mine ? [] : [range('p.visibility = \'shared\'')]].join(' UNION ')}) AS page JOIN playlist p ON p.id = page.id
      JOIN user_account u ON u.id = p.owner_id ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [actor.userId, limit + 1, ...clause.values]
  })
  return cutPage(rows, { limit, order: newestFirst }, { item: (row) => toPlaylist(row, actor), place: (row) => ({ key: row.updated_at, id: row.id }) })
}

/** @throws PlaylistNotFoundError also for other people's private lists */
export async function getPlaylist (db: Database, actor: Actor, id: string): Promise<Playlist> {
  authorise(actor, 'keep playlists')
  const { rows: [row] } = await db.pool.query<PlaylistRow>({
    name: 'playlist',
    text: `SELECT ${columns} FROM playlist p JOIN user_account u ON u.id = p.owner_id WHERE p.id = $2 AND ${visible}`,
    values: [actor.userId, id]
  })
  if (row === undefined) throw new PlaylistNotFoundError()
  return toPlaylist(row, actor)
}

/**
 * Playlists whose names have all the words, last changed first. What others share is looked for in `reader`, which may
 * be a replica, but whether they still do is for `db` to say.
 */
export async function findPlaylists ({ db, reader }: { readonly db: Database, readonly reader: Reader }, { userId }: { readonly userId: string }, words: readonly string[], limit: number): Promise<Playlist[]> {
  const { rows } = await reader.pool.query<PlaylistRow>({
    name: 'find-playlists',
    text: `SELECT ${columns} FROM playlist p JOIN user_account u ON u.id = p.owner_id
      WHERE ${visible} AND p.name_key LIKE ALL ($2) ORDER BY p.updated_at DESC, p.id DESC LIMIT $3`,
    values: [userId, words.map((word) => `%${word.replace(/[\\%_]/g, '\\$&')}%`), limit]
  })
  const others = rows.filter((row) => row.owner_id !== userId).map(({ id }) => id)
  const shared = reader === db || others.length === 0 ? new Set(others) : await stillShared(db, others)
  return rows.filter((row) => row.owner_id === userId || shared.has(row.id)).map((row) => toPlaylist(row, { userId }))
}

async function stillShared (db: Database, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await db.pool.query<{ id: string }>({
    name: 'playlists-shared',
    text: "SELECT id FROM playlist WHERE id = ANY($1) AND visibility = 'shared'",
    values: [ids]
  })
  return new Set(rows.map(({ id }) => id))
}

/** @throws TrackNotFoundError, PlaylistFullError */
export async function createPlaylist (db: Database, actor: Actor, playlist: NewPlaylist, now: Date): Promise<Playlist> {
  authorise(actor, 'keep playlists')
  const { name, description = '', visibility = 'private', trackIds = [] } = playlist
  const id = await db.prisma.$transaction(async (tx) => {
    const { id } = await tx.playlist.create({
      data: { ownerId: actor.userId, name: name.trim(), nameKey: normalise(name), description, visibility, createdAt: now, updatedAt: now }
    })
    if (trackIds.length > 0) await appendItems(tx, { playlistId: id, trackIds, addedById: actor.userId }, now)
    return id
  })
  return getPlaylist(db, actor, id)
}

/** @throws PlaylistNotFoundError, PlaylistNotYoursError */
export async function changePlaylist (db: Database, actor: Actor, { id, change }: { id: string, change: PlaylistChange }, now: Date): Promise<Playlist> {
  await db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, id)
    await tx.playlist.update({
      where: { id },
      data: {
        ...change.name !== undefined && { name: change.name.trim(), nameKey: normalise(change.name) },
        ...change.description !== undefined && { description: change.description },
        ...change.visibility !== undefined && { visibility: change.visibility },
        version: { increment: 1 },
        updatedAt: now
      }
    })
  })
  return getPlaylist(db, actor, id)
}

/** @throws PlaylistNotFoundError, PlaylistNotYoursError */
export async function deletePlaylist (db: Database, actor: Actor, id: string): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, id)
    await tx.playlist.delete({ where: { id } })
  })
}

/**
 * Holds the playlist until the transaction ends, so that its changes come one after another.
 * @throws PlaylistNotFoundError, PlaylistNotYoursError
 */
export async function lockOwnPlaylist (tx: Transaction, actor: Actor, id: string): Promise<void> {
  authorise(actor, 'keep playlists')
  const [row] = await tx.$queryRaw<Array<{ owner_id: string, visibility: string }>>`
    SELECT owner_id::text, visibility::text FROM playlist WHERE id = ${id}::uuid FOR UPDATE`
  if (row === undefined || (row.owner_id !== actor.userId && row.visibility === 'private')) throw new PlaylistNotFoundError()
  if (row.owner_id !== actor.userId) throw new PlaylistNotYoursError()
}

function toPlaylist (row: PlaylistRow, { userId }: { readonly userId: string }): Playlist {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    visibility: row.visibility,
    owner: { id: row.owner_id, displayName: row.display_name },
    mine: row.owner_id === userId,
    version: row.version,
    trackCount: row.track_count,
    durationMs: Number(row.duration_ms),
    updatedAt: row.updated_at.toISOString()
  }
}
