import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import type { Transaction } from '../platform/database/database.ts'
import { inTransaction } from '../processing/transaction.ts'
import { type ChangeRow, ChangeSetNotFoundError, findChangeSet } from './change-sets.ts'
import { EditedTrackGoneError, type EditDeps, lockAlbumsOf } from './edit-tags.ts'
import { dropOverlays, type Overlay, readOverlays, writeOverlays } from './overlays.ts'
import type { ChangeSet } from './schemas.ts'
import { lockItem, swapArtwork } from './set-artwork.ts'
import { type EditedTrack, readTracks } from './stored-values.ts'
import type { TagField, TagValues } from './tag-values.ts'
import { writeValues } from './write-values.ts'

export const EditConflictError = createError<[string, number]>('EDIT_CONFLICT', '%s, which changed %d of these values since, must be undone first', 409)
export const EditUndoneError = createError('EDIT_UNDONE', 'the edit is undone already', 409)
export const EditNotUndoneError = createError('EDIT_NOT_UNDONE', 'the edit is not undone, so it can’t be done once more', 409)

type Direction = 'undo' | 'redo'

/**
 * Takes a change set back: everything is shown as it was, and where a newer file has come since, as that says.
 * @throws ForbiddenError, ChangeSetNotFoundError, EditedTrackGoneError, EditUndoneError; EditConflictError when a later edit stands on it
 */
export async function undoEdit (deps: EditDeps, actor: Actor, id: string): Promise<ChangeSet> {
  return await turn(deps, actor, { id, direction: 'undo' })
}

/**
 * Does a change set once more that was undone.
 * @throws as undoEdit; EditNotUndoneError
 */
export async function redoEdit (deps: EditDeps, actor: Actor, id: string): Promise<ChangeSet> {
  return await turn(deps, actor, { id, direction: 'redo' })
}

async function turn ({ db, now }: EditDeps, actor: Actor, { id, direction }: { readonly id: string, readonly direction: Direction }): Promise<ChangeSet> {
  authorise(actor, 'edit the catalogue')
  await inTransaction(db, async (tx) => {
    const [set] = await tx.$queryRaw<Array<{ kind: string, undone_at: Date | null }>>`SELECT kind, undone_at FROM change_set WHERE id = ${id}::uuid FOR UPDATE`
    if (set === undefined) throw new ChangeSetNotFoundError()
    if (direction === 'undo' && set.undone_at !== null) throw new EditUndoneError()
    if (direction === 'redo' && set.undone_at === null) throw new EditNotUndoneError()
    const items = set.kind === 'artwork' ? await turnArtwork(tx, id, direction) : await turnTags(tx, id, direction)
    await tx.changeSet.update({ where: { id }, data: direction === 'undo' ? { undoneAt: now(), undoneById: actor.userId } : { undoneAt: null, undoneById: null } })
    await appendAudit(tx, { actorId: actor.userId, action: direction === 'undo' ? 'edit.undone' : 'edit.redone', subject: `change-set:${id}`, details: { items }, at: now() })
  })
  return await findChangeSet(db, id)
}

async function turnTags (tx: Transaction, id: string, direction: Direction): Promise<number> {
  const all = await tx.$queryRaw<ChangeRow[]>`
    SELECT change_set_id::text AS "changeSetId", track_id::text AS "itemId", field, before, after, before_set_id::text AS "beforeSetId" FROM tag_change WHERE change_set_id = ${id}::uuid`
  const rows = all.filter(({ field }) => field !== 'albumYear')
  const trackIds = [...new Set(rows.map(({ itemId }) => itemId))]
  await lockAlbumsOf(tx, trackIds)
  const tracks = new Map((await readTracks(tx, trackIds)).map((track) => [track.id, track]))
  if (tracks.size < trackIds.length) throw new EditedTrackGoneError(trackIds.length - tracks.size)
  const overlays = new Map((await readOverlays(tx, trackIds)).map((overlay) => [`${overlay.trackId} ${overlay.field}`, overlay]))
  const turned = rows.map((row) => ({ row, overlay: overlays.get(`${row.itemId} ${row.field}`) }))
  await requireNewest(tx, id, turned.flatMap(({ row, overlay }) => {
    const standing = overlay?.changeSetId ?? null
    return standing === (direction === 'undo' ? id : row.beforeSetId) ? [] : [standing]
  }))
  const wanted = turned.map(({ row, overlay }) => ({ ...row, overlay, value: direction === 'redo' ? row.after : row.beforeSetId === null ? overlay?.base ?? null : row.before }))
  await writeValues(tx, newValues(tracks, wanted), { keepAlias: direction === 'redo' })
  await (direction === 'undo' ? restoreOverlays(tx, wanted) : putBackOverlays(tx, tracks, wanted))
  await turnYears(tx, all.filter(({ field }) => field === 'albumYear'), direction)
  return trackIds.length
}

/** @param standing change sets that stand where this one should; null: what stood there is gone */
async function requireNewest (tx: Transaction, id: string, standing: ReadonlyArray<string | null>): Promise<void> {
  if (standing.length === 0) return
  const [later] = await tx.changeSet.findMany({ where: { id: { in: standing.filter((each) => each !== null) }, NOT: { id } }, orderBy: { createdAt: 'desc' }, take: 1 })
  throw new EditConflictError(later === undefined ? 'Another edit' : `The edit “${later.subject}” of ${later.createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`, standing.length)
}

interface Wanted extends ChangeRow {
  readonly overlay: Overlay | undefined
  readonly value: unknown
}

function newValues (tracks: ReadonlyMap<string, EditedTrack>, wanted: readonly Wanted[]) {
  const fields = Map.groupBy(wanted, ({ itemId }) => itemId)
  return [...tracks.values()].map((track) => {
    const changes: Partial<TagValues> = Object.fromEntries((fields.get(track.id) ?? []).map(({ field, value }) => [field, value]))
    return { track, values: { ...track.values, ...changes } }
  })
}

async function restoreOverlays (tx: Transaction, wanted: readonly Wanted[]): Promise<void> {
  await dropOverlays(tx, wanted.flatMap(({ overlay, beforeSetId }) => overlay !== undefined && beforeSetId === null ? [overlay] : []))
  await writeOverlays(tx, wanted.flatMap(({ overlay, beforeSetId, value }) => overlay !== undefined && beforeSetId !== null ? [{ ...overlay, value, changeSetId: beforeSetId }] : []))
}

async function putBackOverlays (tx: Transaction, tracks: ReadonlyMap<string, EditedTrack>, wanted: readonly Wanted[]): Promise<void> {
  await writeOverlays(tx, wanted.map(({ itemId, field, value, overlay, changeSetId }) => {
    const name = field as TagField
    return { trackId: itemId, field: name, value, base: overlay === undefined ? tracks.get(itemId)?.values[name] : overlay.base, changeSetId }
  }))
}

/** Unless it was changed otherwise since. */
async function turnYears (tx: Transaction, rows: readonly ChangeRow[], direction: Direction): Promise<void> {
  for (const { itemId, before, after } of rows) {
    const [from, to] = direction === 'undo' ? [after, before] : [before, after]
    await tx.album.updateMany({ where: { id: itemId, year: yearOf(from) }, data: { year: yearOf(to) } })
  }
}

function yearOf (value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

async function turnArtwork (tx: Transaction, id: string, direction: Direction): Promise<number> {
  const change = await tx.artworkChange.findUniqueOrThrow({ where: { changeSetId: id } })
  const { kind, itemId } = change
  if (kind === 'track') throw new Error(`the edit ${id} hangs a picture on a track`)
  // As whoever hangs one: from here on nobody hangs another there.
  await lockItem(tx, { kind, itemId })
  const standing = await tx.artworkEdit.findUnique({ where: { kind_itemId: { kind, itemId } } })
  const expected = direction === 'undo' ? id : change.beforeSetId
  if ((standing?.changeSetId ?? null) !== expected) await requireNewest(tx, id, [standing?.changeSetId ?? null])
  await swapArtwork(tx, direction === 'undo'
    ? { kind, itemId, artworkId: change.beforeId, changeSetId: change.beforeSetId }
    : { kind, itemId, artworkId: change.afterId, changeSetId: id })
  return 1
}
