import type { Database } from '../platform/database/database.ts'
import type { Ffmpeg } from '../platform/media/ffmpeg.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { checkContents, checkObjects } from './fsck-objects.ts'
import { type Breach, checkRows, type Progress } from './fsck-rows.ts'
import { checkSound } from './fsck-sound.ts'
import { sweepGraceMs } from './sweep-objects.ts'

export interface FsckDeps {
  readonly db: Database
  readonly store: ObjectStore
  readonly ffmpeg: Ffmpeg
  readonly scratchDir: string
  readonly now: () => Date
}

export interface FsckOptions {
  /** Also read every object and decode every rendition: hours on a large library. */
  readonly deep: boolean
  /** Garbage may lie so long; by default twice the sweep's own grace. */
  readonly graceMs?: number
  /** An upload may take so long from its last byte to its end. */
  readonly stuckAfterMs?: number
}

export interface FsckReport {
  /** The first thousand. */
  readonly breaches: readonly Breach[]
  readonly breachCount: number
}

const mostBreaches = 1_000
const hourMs = 3_600_000

/**
 * Looks whether the promises I1 to I5 hold: what the database refers to is in the store, what is visible is complete,
 * what was accepted has ended, what is counted is right. Reads only; in bounded memory, beside everything else.
 */
export async function checkInvariants (deps: FsckDeps, options: FsckOptions, onProgress: Progress): Promise<FsckReport> {
  const breaches: Breach[] = []
  let breachCount = 0
  for await (const breach of allBreaches(deps, options, onProgress)) {
    breachCount++
    if (breachCount <= mostBreaches) breaches.push(breach)
  }
  return { breaches, breachCount }
}

async function * allBreaches (deps: FsckDeps, { deep, graceMs = 2 * sweepGraceMs, stuckAfterMs = hourMs }: FsckOptions, onProgress: Progress): AsyncIterable<Breach> {
  const objects = { ...deps, olderThan: new Date(deps.now().getTime() - graceMs), onProgress }
  yield * checkRows(deps.db, stuckAfterMs, onProgress)
  yield * checkObjects(objects)
  if (!deep) return
  yield * checkContents(objects)
  yield * checkSound({ ...deps, onProgress })
}
