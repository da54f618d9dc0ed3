import createError from '@fastify/error'
import { generateNKeysBetween } from 'fractional-indexing'
import type { Transaction } from '../platform/database/database.ts'

export const PlaylistItemNotFoundError = createError('PLAYLIST_ITEM_NOT_FOUND', 'the playlist has no such item any more; load it again', 404)

/** Keys grow while items are put in one place again and again; beyond this length all are dealt out anew. */
const longestRank = 200

export interface Gap {
  readonly playlistId: string
  /** The item before the gap; null is the beginning, undefined the end. */
  readonly afterItemId: string | null | undefined
  /** An item that is about to leave its place: it bounds no gap. */
  readonly movingId?: string
}

/**
 * Ranks for new items in a gap, ascending. The playlist's row must be locked.
 * @throws PlaylistItemNotFoundError when the item before the gap is gone
 */
export async function ranksInGap (tx: Transaction, gap: Gap, count: number): Promise<string[]> {
  const ranks = await between(tx, gap, count)
  if (ranks.every((rank) => rank.length <= longestRank)) return ranks
  await dealOutAnew(tx, gap.playlistId)
  return between(tx, gap, count)
}

async function between (tx: Transaction, { playlistId, afterItemId, movingId }: Gap, count: number): Promise<string[]> {
  const others = { playlistId, ...movingId !== undefined && { id: { not: movingId } } }
  if (afterItemId === undefined) {
    const last = await tx.playlistItem.findFirst({ where: others, orderBy: { rank: 'desc' }, select: { rank: true } })
    return generateNKeysBetween(last?.rank, null, count)
  }
  const before = afterItemId === null ? null : await tx.playlistItem.findFirst({ where: { ...others, id: afterItemId }, select: { rank: true } })
  if (afterItemId !== null && before === null) throw new PlaylistItemNotFoundError()
  const after = await tx.playlistItem.findFirst({
    where: { ...others, ...before !== null && { rank: { gt: before.rank } } }, orderBy: { rank: 'asc' }, select: { rank: true }
  })
  return generateNKeysBetween(before?.rank, after?.rank, count)
}

async function dealOutAnew (tx: Transaction, playlistId: string): Promise<void> {
  const items = await tx.playlistItem.findMany({ where: { playlistId }, orderBy: { rank: 'asc' }, select: { id: true } })
  const ids = items.map(({ id }) => id)
  // New keys may equal old ones of other items: ids stand in for a moment.
  await tx.$executeRaw`UPDATE playlist_item SET rank = id::text WHERE playlist_id = ${playlistId}::uuid`
  await tx.$executeRaw`UPDATE playlist_item i SET rank = n.rank FROM unnest(${ids}::uuid[], ${generateNKeysBetween(null, null, ids.length)}::text[]) AS n(id, rank) WHERE i.id = n.id`
}
