import { ApiError, UnreachableError } from '../app/api.ts'
import { isForbidden, isMissing } from '../app/faults.ts'
import type { KeptCollection } from './kept-database.ts'
import { followChange, keep, keeping, removeKept } from './keeping.svelte.ts'
import type { KeptLine } from './kept-list.ts'
import { tracksNow } from './tracks-now.ts'

/** Brings what is kept up to date with the library. What was removed there, or is no longer shared, goes. */
export async function followLibrary (): Promise<void> {
  for (const collection of keeping.collections) await follow(collection)
}

async function follow (collection: KeptCollection): Promise<void> {
  try {
    await followChange(collection, await tracksNow(collection.kind, collection.refId))
  } catch (error) {
    if (isMissing(error) || isForbidden(error)) await removeKept(collection)
    // The line, or a server that is busy: the next contact follows.
    else if (!(error instanceof ApiError || error instanceof UnreachableError)) throw error
  }
}

/** Keeps once more what the browser threw away. */
export async function keepAgain (lines: readonly KeptLine[]): Promise<void> {
  for (const { kind, refId, name } of lines) {
    const tracks = await tracksNow(kind, refId)
    const [first] = tracks
    await keep({ kind, refId, name, tracks, byline: first?.artistCredit ?? '', artwork: first?.album.artwork ?? null })
  }
}
