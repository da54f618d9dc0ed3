import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import { indexDocuments } from '../catalog/search-index.ts'
import { TrackNotFoundError } from '../catalog/tracks.ts'
import type { Database, Transaction } from '../platform/database/database.ts'
import { readMembership, updateCounters } from './counters.ts'
import { inTransaction } from './transaction.ts'

export interface WithdrawDeps {
  readonly db: Database
  readonly now: () => Date
}

/**
 * Takes a track out of the catalogue: nobody finds or starts it any more. Its files stay, and uploading them once more
 * by hand brings it back, with its id and its history.
 * @throws ForbiddenError, TrackNotFoundError also for a track that is withdrawn already
 */
export async function withdrawTrack ({ db, now }: WithdrawDeps, actor: Actor, id: string): Promise<void> {
  authorise(actor, 'edit the catalogue')
  await inTransaction(db, async (tx) => {
    const title = await changeState(tx, id, { from: 'published', to: 'withdrawn' })
    if (title === undefined) throw new TrackNotFoundError()
    await appendAudit(tx, { actorId: actor.userId, action: 'track.withdrawn', subject: `track:${id}`, details: { title }, at: now() })
  })
}

/** Publishes a withdrawn track again; any other stays as it is. */
export async function bringBackTrack (tx: Transaction, id: string): Promise<void> {
  if (await tx.track.count({ where: { id, state: 'withdrawn' } }) === 0) return
  await changeState(tx, id, { from: 'withdrawn', to: 'published' })
}

type State = 'published' | 'withdrawn'

/**
 * Locks in the order of publish.ts: the album, then what is counted by it.
 * @returns the title, or undefined when there is no track in the state `from`
 */
async function changeState (tx: Transaction, id: string, { from, to }: { readonly from: State, readonly to: State }): Promise<string | undefined> {
  await tx.$queryRaw`SELECT 1 FROM album WHERE id = (SELECT album_id FROM track WHERE id = ${id}::uuid) FOR NO KEY UPDATE`
  const before = await readMembership(tx, id)
  const [changed] = await tx.$queryRaw<Array<{ title: string }>>`
    UPDATE track SET state = ${to}::"TrackState", fence = fence + 1 WHERE id = ${id}::uuid AND state = ${from}::"TrackState" RETURNING title`
  if (changed === undefined) return undefined
  const after = await readMembership(tx, id)
  await updateCounters(tx, before, after)
  await indexDocuments(tx, [
    { kind: 'track', id },
    ...[...before.albumIds, ...after.albumIds].map((albumId) => ({ kind: 'album' as const, id: albumId })),
    ...[...before.artistIds, ...after.artistIds].map((artistId) => ({ kind: 'artist' as const, id: artistId }))
  ])
  return changed.title
}
