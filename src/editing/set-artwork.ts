import { randomUUID } from 'node:crypto'
import createError from '@fastify/error'
import { type Actor, authorise } from '../accounts/actor.ts'
import { appendAudit } from '../accounts/audit.ts'
import type { Transaction } from '../platform/database/database.ts'
import { inTransaction } from '../processing/transaction.ts'
import { findChangeSet, recordChangeSet } from './change-sets.ts'
import type { EditDeps } from './edit-tags.ts'
import type { ChangeSet } from './schemas.ts'

export const PictureItemNotFoundError = createError<[string]>('PICTURE_ITEM_NOT_FOUND', 'there is no such %s to hang a picture on', 404)

/** What a curator hangs pictures on. */
export type PictureKind = 'album' | 'artist'
export interface PictureItem {
  readonly kind: PictureKind
  readonly itemId: string
}

interface Hanging extends PictureItem {
  /** null: no picture. */
  readonly artworkId: string | null
  /** Whose choice it is; null: that of the files. */
  readonly changeSetId: string | null
}

/** Hangs a picture, whoever chose it. What a curator chose, files don't change: see publish.ts. */
export async function swapArtwork (tx: Transaction, { kind, itemId, artworkId, changeSetId }: Hanging): Promise<void> {
  if (kind === 'album') await tx.album.update({ where: { id: itemId }, data: { artworkId } })
  else await tx.artist.update({ where: { id: itemId }, data: { artworkId } })
  await tx.artworkEdit.deleteMany({ where: { kind, itemId } })
  if (changeSetId !== null) await tx.artworkEdit.create({ data: { kind, itemId, changeSetId } })
}

/**
 * Name and picture of what a picture is for, locked to the commit.
 * @throws PictureItemNotFoundError
 */
export async function lockItem (tx: Transaction, { kind, itemId }: PictureItem): Promise<{ readonly name: string, readonly artworkId: string | null }> {
  const [row] = kind === 'album'
    ? await tx.$queryRaw<Array<{ name: string, artworkId: string | null }>>`SELECT title AS name, artwork_id::text AS "artworkId" FROM album WHERE id = ${itemId}::uuid FOR NO KEY UPDATE`
    : await tx.$queryRaw<Array<{ name: string, artworkId: string | null }>>`SELECT name, artwork_id::text AS "artworkId" FROM artist WHERE id = ${itemId}::uuid FOR NO KEY UPDATE`
  if (row === undefined) throw new PictureItemNotFoundError(kind)
  return row
}

export interface NewPictureOf extends PictureItem {
  readonly actor: Pick<Actor, 'userId'>
  /** null: none. */
  readonly artworkId: string | null
  readonly at: Date
}

/**
 * Hangs a curator's picture as a change set, in the caller's transaction.
 * @returns its id, or null when that very picture hangs there already
 * @throws PictureItemNotFoundError
 */
export async function setArtwork (tx: Transaction, { actor, kind, itemId, artworkId, at }: NewPictureOf): Promise<string | null> {
  const { name, artworkId: beforeId } = await lockItem(tx, { kind, itemId })
  if (beforeId === artworkId) return null
  const id = randomUUID()
  const standing = await tx.artworkEdit.findUnique({ where: { kind_itemId: { kind, itemId } } })
  await recordChangeSet(tx, { id, kind: 'artwork', actor, subject: name, itemCount: 1, at, rows: [] })
  await tx.artworkChange.create({ data: { changeSetId: id, kind, itemId, beforeId, afterId: artworkId, beforeSetId: standing?.changeSetId ?? null } })
  await swapArtwork(tx, { kind, itemId, artworkId, changeSetId: id })
  await appendAudit(tx, { actorId: actor.userId, action: artworkId === null ? 'artwork.removed' : 'artwork.changed', subject: `${kind}:${itemId}`, details: { name }, at })
  return id
}

/**
 * Takes the picture of an album or artist down; files hang none there any more until that is undone.
 * @returns null when there was none
 * @throws ForbiddenError, PictureItemNotFoundError
 */
export async function removeArtwork ({ db, now }: EditDeps, actor: Actor, item: PictureItem): Promise<ChangeSet | null> {
  authorise(actor, 'edit the catalogue')
  const id = await inTransaction(db, (tx) => setArtwork(tx, { ...item, actor, artworkId: null, at: now() }))
  return id === null ? null : await findChangeSet(db, id)
}
