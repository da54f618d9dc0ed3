import createError from '@fastify/error'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import type { Transaction } from '../platform/database/database.ts'
import { ranksInGap } from './item-ranks.ts'

export const PlaylistFullError = createError('PLAYLIST_FULL', 'a playlist holds 10,000 items at most; begin another one', 409)

const maxItems = 10_000

export interface ItemRow {
  id: string
  track_id: string
  added_at: Date
}

interface Appended {
  readonly playlistId: string
  readonly trackIds: readonly string[]
  readonly afterItemId?: string | null | undefined
  readonly addedById: string
}

/**
 * Puts published tracks into a playlist whose row the transaction holds.
 * @throws PlaylistItemNotFoundError, TrackNotFoundError, PlaylistFullError
 */
export async function appendItems (tx: Transaction, { playlistId, trackIds, afterItemId, addedById }: Appended, now: Date): Promise<{ rows: ItemRow[], version: number }> {
  const different = [...new Set(trackIds)]
  const known = await tx.track.count({ where: { id: { in: different }, state: 'published' } })
  if (known < different.length) throw new TrackNotFoundError()
  const present = await tx.playlistItem.count({ where: { playlistId } })
  if (present + trackIds.length > maxItems) throw new PlaylistFullError()
  const ranks = await ranksInGap(tx, { playlistId, afterItemId }, trackIds.length)
  const rows = await tx.$queryRaw<Array<ItemRow & { rank: string }>>`
    INSERT INTO playlist_item (id, playlist_id, track_id, rank, added_by_id, added_at)
    SELECT gen_random_uuid(), ${playlistId}::uuid, n.track_id, n.rank, ${addedById}::uuid, ${now}
    FROM unnest(${[...trackIds]}::uuid[], ${ranks}::text[]) AS n(track_id, rank)
    RETURNING id::text, track_id::text, added_at, rank`
  const order = new Map(ranks.map((rank, index) => [rank, index]))
  rows.sort((a, b) => (order.get(a.rank) ?? 0) - (order.get(b.rank) ?? 0))
  return { rows, version: await recount(tx, playlistId, now) }
}

/** Counts the change, and the tracks: these anew rather than by adding up: a track's duration changes when a better original replaces it. */
export async function recount (tx: Transaction, playlistId: string, now: Date): Promise<number> {
  const [row] = await tx.$queryRaw<Array<{ version: number }>>`
    UPDATE playlist p SET version = p.version + 1, updated_at = ${now}, track_count = c.tracks, duration_ms = c.duration
    FROM (SELECT count(*)::int AS tracks, COALESCE(sum(t.duration_ms), 0)::bigint AS duration
      FROM playlist_item i JOIN track t ON t.id = i.track_id AND t.state = 'published' WHERE i.playlist_id = ${playlistId}::uuid) c
    WHERE p.id = ${playlistId}::uuid RETURNING p.version`
  return row?.version ?? 0
}
