import { buffer } from 'node:stream/consumers'
import { type Claim, finishJob } from './claim.ts'
import type { JobContext } from './job-context.ts'
import { manifest } from './manifest.ts'
import { outlineOf } from './processors/waveform-outline.ts'
import { inTransaction } from './transaction.ts'

/** The recipe that made the same peaks, without an outline. */
const withoutOutline = 1

/**
 * Draws the outline of a track from its stored peaks where nothing else is missing: a read of 1 kB in place of
 * decoding and encoding the whole track.
 * @returns whether that was all there was to do
 */
export async function backfillOutline ({ db, store, signal }: JobContext, claim: Claim, trackId: string): Promise<boolean> {
  const [waveform, outdated, renditions] = await Promise.all([
    db.prisma.waveform.findUnique({ where: { trackId } }),
    db.prisma.rendition.count({ where: { trackId, recipeVersion: { lt: manifest.renditions.version } } }),
    db.prisma.rendition.count({ where: { trackId } })
  ])
  if (waveform?.recipeVersion !== withoutOutline || outdated > 0 || renditions === 0) return false
  const { body } = await store.get(waveform.objectKey, { signal })
  const outline = outlineOf(await buffer(body))
  await inTransaction(db, async (tx) => {
    // Not where a publication has put another waveform there meanwhile: that one has its outline.
    await tx.waveform.updateMany({ where: { trackId, objectKey: waveform.objectKey }, data: { outline, recipeVersion: manifest.waveform.version } })
    await finishJob(tx, claim)
  })
  return true
}
