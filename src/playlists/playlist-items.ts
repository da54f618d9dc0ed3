import { type Actor, authorise } from '../accounts/actor.ts'
import { cutPage, keyset, type Order } from '../catalog/keyset.ts'
import type { Page, PageQuery } from '../catalog/schemas.ts'
import { tracksByIds } from '../catalog/tracks.ts'
import type { Database } from '../platform/database/database.ts'
import { appendItems, type ItemRow, recount } from './append-items.ts'
import { PlaylistItemNotFoundError, ranksInGap } from './item-ranks.ts'
import { getPlaylist, lockOwnPlaylist } from './playlists.ts'
import type { AddedItems, HeldTracks, Holding, ItemIds, NewItems, PlaylistItem } from './schemas.ts'

const inOrder: Order = { name: 'playlist-items', key: 'i.rank', id: 'i.id', type: 'text', descending: false }

type RankedRow = ItemRow & { rank: string }

/**
 * The playable items of a playlist that the actor may see, in order.
 * @throws PlaylistNotFoundError, InvalidCursorError
 */
export async function listItems (db: Database, actor: Actor, playlistId: string, { limit, cursor }: PageQuery): Promise<Page<PlaylistItem>> {
  await getPlaylist(db, actor, playlistId)
  const clause = keyset(inOrder, cursor, 3)
  const { rows } = await db.pool.query<RankedRow>({
    name: clause.name,
    text: `SELECT i.id, i.track_id, i.added_at, i.rank FROM playlist_item i JOIN track t ON t.id = i.track_id AND t.state = 'published'
      WHERE i.playlist_id = $1 AND ${clause.where} ORDER BY ${clause.orderBy} LIMIT $2`,
    values: [playlistId, limit + 1, ...clause.values]
  })
  const page = cutPage(rows, { limit, order: inOrder }, { item: (row) => row, place: (row) => ({ key: row.rank, id: row.id }) })
  return { items: await withTracks(db, actor, page.items), nextCursor: page.nextCursor }
}

async function withTracks (db: Database, actor: Actor, rows: readonly ItemRow[]): Promise<PlaylistItem[]> {
  const tracks = new Map((await tracksByIds(db, actor, rows.map((row) => row.track_id))).map((track) => [track.id, track]))
  return rows.flatMap((row) => {
    const track = tracks.get(row.track_id)
    return track === undefined ? [] : [{ id: row.id, addedAt: row.added_at.toISOString(), track }]
  })
}

/**
 * Puts tracks behind an item, at the beginning (null) or at the end (undefined).
 * @throws PlaylistNotFoundError, PlaylistNotYoursError, PlaylistItemNotFoundError, TrackNotFoundError, PlaylistFullError
 */
export async function addItems (db: Database, actor: Actor, { playlistId, ...added }: NewItems & { playlistId: string }, now: Date): Promise<AddedItems> {
  const { rows, version } = await db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, playlistId)
    return appendItems(tx, { ...added, playlistId, addedById: actor.userId }, now)
  })
  return { items: await withTracks(db, actor, rows), version }
}

/** @throws PlaylistNotFoundError, PlaylistNotYoursError, PlaylistItemNotFoundError */
export async function removeItem (db: Database, actor: Actor, { playlistId, itemId }: ItemPlace, now: Date): Promise<void> {
  await db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, playlistId)
    const { count } = await tx.playlistItem.deleteMany({ where: { id: itemId, playlistId } })
    if (count === 0) throw new PlaylistItemNotFoundError()
    await recount(tx, playlistId, now)
  })
}

/**
 * Takes several items out at once; those that have gone already stay gone.
 * @throws PlaylistNotFoundError, PlaylistNotYoursError
 */
export async function removeItems (db: Database, actor: Actor, { playlistId, itemIds }: ItemIds & { playlistId: string }, now: Date): Promise<number> {
  return db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, playlistId)
    await tx.playlistItem.deleteMany({ where: { id: { in: itemIds }, playlistId } })
    return recount(tx, playlistId, now)
  })
}

/** The actor's own playlists that hold any of the tracks, and how many of them. */
export async function findHolding (db: Database, actor: Actor, { trackIds }: HeldTracks): Promise<Holding[]> {
  authorise(actor, 'keep playlists')
  const { rows } = await db.pool.query<Holding>({
    name: 'playlists-holding',
    text: `SELECT i.playlist_id AS "playlistId", count(DISTINCT i.track_id)::int AS "trackCount" FROM playlist_item i
      JOIN playlist p ON p.id = i.playlist_id AND p.owner_id = $1 WHERE i.track_id = ANY($2) GROUP BY i.playlist_id`,
    values: [actor.userId, trackIds]
  })
  return rows
}

interface ItemPlace {
  readonly playlistId: string
  readonly itemId: string
}

/**
 * Moves an item behind another one, or to the beginning (null), and answers with the playlist's new version.
 * @throws PlaylistNotFoundError, PlaylistNotYoursError, PlaylistItemNotFoundError for either item
 */
export async function moveItem (db: Database, actor: Actor, { playlistId, itemId, afterItemId }: ItemPlace & { afterItemId: string | null }, now: Date): Promise<number> {
  return db.prisma.$transaction(async (tx) => {
    await lockOwnPlaylist(tx, actor, playlistId)
    const item = await tx.playlistItem.findFirst({ where: { id: itemId, playlistId }, select: { id: true } })
    if (item === null) throw new PlaylistItemNotFoundError()
    if (afterItemId !== itemId) {
      const [rank] = await ranksInGap(tx, { playlistId, afterItemId, movingId: itemId }, 1)
      await tx.playlistItem.update({ where: { id: itemId }, data: { ...rank !== undefined && { rank } } })
    }
    return recount(tx, playlistId, now)
  })
}
