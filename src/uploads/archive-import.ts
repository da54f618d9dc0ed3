import { setTimeout as pause } from 'node:timers/promises'
import type { JobQueue } from '../platform/queue/job-queue.ts'
import { enqueueJob, relayJobs, uploadJobKey } from '../processing/jobs.ts'
import { retryUploads } from '../processing/retry-uploads.ts'
import { type EarlierImport, findEarlierImports, fingerprintOf } from './earlier-imports.ts'
import { folderArtworkStorer } from './folder-artwork.ts'
import { failedOutcome, type FileOutcome, outcomeOf, type PendingImports, trackPendingImports } from './import-outcomes.ts'
import { type ImportedFile, type ImportStores, storeFiles } from './store-files.ts'
import { type ArchiveFile, walkArchive } from './walk-archive.ts'

export interface ImportDeps extends ImportStores {
  readonly queue: JobQueue
}

/** What a run tells while it goes on. */
export interface ImportObserver {
  ended (outcome: FileOutcome): void
  /** Something that is not a music file: its ending, or `symbolic link`. */
  other (kind: string): void
  /** From here on there is work to wait for. */
  working (): void
  /** Uploads given to the worker and not yet ended. */
  waiting (count: number): void
}

export interface ImportOptions {
  /** A real path. */
  readonly root: string
  /** Whether files that an earlier run rejected are tried again. */
  readonly retryRejected: boolean
  /** Ends the run in good order: what is stored by then stays, and another run goes on from there. */
  readonly signal: AbortSignal
  readonly observer: ImportObserver
}

/** Files stored and committed together; few, so that the worker has something to do soon. */
const groupFiles = 50
const groupBytes = 128 * 1_048_576
/** Uploads that the run may be ahead of the worker: bounds what it has to remember. */
const maxAhead = 5_000
const pollMs = 500

interface Run {
  readonly deps: ImportDeps
  readonly options: ImportOptions
  readonly pending: PendingImports
  readonly artworkKey: (filePath: string) => Promise<string | undefined>
  lastPollAt: number
}

/**
 * Brings every audio file below `root` in and waits until each has become a track or has been refused. A file that an
 * earlier run brought in, and that has not changed since, is not read again. Killed at any moment, another run goes on:
 * an original lies in the store before the row that names it, and that row and its job are written together.
 * @throws StoreFullError, and the store's or database's own error when it can't be reached
 */
export async function importArchive (deps: ImportDeps, options: ImportOptions): Promise<void> {
  const { signal, observer, root } = options
  const pending = trackPendingImports(deps.db, observer.ended)
  const run: Run = { deps, options, pending, artworkKey: folderArtworkStorer(deps.store), lastPollAt: 0 }
  const unreadable = (path: string, error: Error) => observer.ended(failedOutcome({ path, sizeBytes: 0 }, error))
  for await (const batch of oneAhead(walkArchive(root, { other: observer.other, unreadable }))) {
    for (const group of groupsOf(await sortOut(run, batch))) {
      if (signal.aborted) return
      await takeIn(run, group)
      await waitFor(run, maxAhead)
    }
    if (signal.aborted) return
  }
  await waitFor(run, 0)
}

/** The next item is fetched while the caller is busy with this one. */
async function * oneAhead<T> (items: AsyncGenerator<T, void>): AsyncGenerator<T> {
  try {
    let next = items.next()
    for (let item = await next; item.done !== true; item = await next) {
      next = items.next()
      yield item.value
    }
  } finally {
    await items.return()
  }
}

/** The files of a batch that have to be read; the others are reported or waited for. */
async function sortOut (run: Run, batch: readonly ArchiveFile[]): Promise<ImportedFile[]> {
  const fingerprints = batch.map(fingerprintOf)
  const earlier = await findEarlierImports(run.deps.db, fingerprints)
  const files: ImportedFile[] = []
  const failedBefore: string[] = []
  for (const [index, file] of batch.entries()) {
    const fingerprint = fingerprints[index] ?? fingerprintOf(file)
    const before = earlier.get(fingerprint)
    if (before === undefined || isToBeReadAgain(before, run.options)) {
      files.push({ file, fingerprint })
    } else if (before.state === 'received') {
      if (before.jobState === 'failed') failedBefore.push(before.uploadId)
      run.pending.add(before.uploadId, file)
    } else {
      run.options.observer.ended(unchangedOutcome(file, before))
    }
  }
  if (failedBefore.length > 0) {
    await retryUploads(run.deps.db.prisma, failedBefore)
    await relayJobs(run.deps)
  }
  if (files.length > 0 || run.pending.size > 0) run.options.observer.working()
  return files
}

function isToBeReadAgain ({ state }: EarlierImport, { retryRejected }: ImportOptions): boolean {
  return state === 'cancelled' || state === 'open' || (state === 'rejected' && retryRejected)
}

function unchangedOutcome (file: ArchiveFile, before: EarlierImport): FileOutcome {
  return before.state === 'rejected' ? outcomeOf(file, before) : { ...outcomeOf(file, before), outcome: 'unchanged' }
}

function * groupsOf (files: readonly ImportedFile[]): Generator<ImportedFile[]> {
  let group: ImportedFile[] = []
  let bytes = 0
  for (const file of files) {
    group.push(file)
    bytes += file.file.sizeBytes
    if (group.length < groupFiles && bytes < groupBytes) continue
    yield group
    group = []
    bytes = 0
  }
  if (group.length > 0) yield group
}

async function takeIn ({ deps, options, pending, artworkKey }: Run, group: readonly ImportedFile[]): Promise<void> {
  const { stored, fault } = await storeFiles(deps, group, { artworkKey, signal: options.signal, failed: options.observer.ended })
  await deps.db.prisma.$transaction(async (tx) => {
    await tx.upload.createMany({ data: stored.map(({ row }) => row) })
    for (const { row: { id }, folderArtworkKey } of stored.filter(({ row }) => row.state === 'received')) {
      const payload = folderArtworkKey === undefined ? {} : { folderArtworkKey }
      await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(id), uploadId: id, payload })
    }
  })
  for (const { row, file } of stored) pending.add(row.id, file)
  await relayJobs(deps)
  if (fault !== undefined) throw fault
}

/** Until at most so many uploads are left with the worker. */
async function waitFor (run: Run, most: number): Promise<void> {
  const { signal, observer } = run.options
  for (;;) {
    if (performance.now() - run.lastPollAt >= pollMs) {
      await run.pending.poll()
      run.lastPollAt = performance.now()
      observer.waiting(run.pending.size)
    }
    if (run.pending.size <= most || signal.aborted) return
    await pause(pollMs, undefined, { signal }).catch(() => {})
  }
}
