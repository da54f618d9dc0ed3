import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setArtwork } from '../editing/set-artwork.ts'
import type { Upload } from '../generated/prisma/client.ts'
import { type Claim, finishJob, lockClaim } from './claim.ts'
import { fetchObject } from './fetch-object.ts'
import type { JobContext } from './job-context.ts'
import { artworkId, isArtworkStoredIn } from './known-artwork.ts'
import { makeArtwork } from './processors/artwork.ts'
import { RejectedError } from './processors/rejected-error.ts'
import { storeArtwork } from './store-artefacts.ts'
import { holdSweep } from './sweep-lock.ts'
import { tellUpload } from './tell-upload.ts'
import { inTransaction } from './transaction.ts'
import { writeArtwork } from './write-artefacts.ts'

/** A curator's picture, and whose it is to be. */
export interface PictureUpload {
  readonly upload: Upload & { readonly userId: string }
  readonly kind: 'album' | 'artist'
  readonly itemId: string
}

/** The upload as a picture; undefined for music. */
export function pictureOf (upload: Upload): PictureUpload | undefined {
  const { artworkKind: kind, artworkItemId: itemId, userId } = upload
  if (itemId === null || userId === null || (kind !== 'album' && kind !== 'artist')) return undefined
  return { upload: { ...upload, userId }, kind, itemId }
}

/**
 * Draws a curator's picture in all sizes and hangs it, in the transaction that ends its job.
 * @throws RejectedError for what isn't a picture; PictureItemNotFoundError; what may be tried again
 */
export async function processPicture (context: JobContext, claim: Claim, { picture: { upload, kind, itemId }, folder }: { readonly picture: PictureUpload, readonly folder: string }): Promise<void> {
  const outDir = join(folder, 'out')
  await mkdir(outDir)
  context.onStage('fetch')
  const { path } = await fetchObject(context.store, { key: upload.objectKey, path: join(folder, 'picture') }, context.signal)
  context.onStage('artwork')
  const { artwork, warnings } = await makeArtwork([path], { ...context, outDir }, { isArtworkStored: isArtworkStoredIn(context) })
  if (artwork === null) throw new RejectedError('NOT_A_PICTURE', warnings[0] ?? 'The file is no picture that can be read.')
  context.onStage('publish')
  const stored = await storeArtwork(context.store, await artworkId(context, artwork), artwork)
  await inTransaction(context.db, async (tx) => {
    await lockClaim(tx, claim)
    await holdSweep(tx)
    const id = await writeArtwork(tx, stored)
    await tx.upload.update({ where: { id: upload.id }, data: { state: 'published', stage: null, reasonCode: null, reason: null, finishedAt: context.now() } })
    await finishJob(tx, claim)
    await tellUpload(tx, { id: upload.id, state: 'published' })
    await setArtwork(tx, { actor: { userId: upload.userId }, kind, itemId, artworkId: id, at: context.now() })
  })
}
