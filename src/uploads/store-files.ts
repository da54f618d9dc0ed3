import { randomUUID } from 'node:crypto'
import type { Prisma } from '../generated/prisma/client.ts'
import type { Database } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { audioTypeOf } from './file-types.ts'
import { failedOutcome, type FileOutcome } from './import-outcomes.ts'
import { FileChangedError, FileUnreadableError, storeOriginal } from './store-original.ts'
import type { ArchiveFile } from './walk-archive.ts'

export interface ImportStores {
  readonly db: Database
  readonly store: ObjectStore
}

export interface ImportedFile {
  readonly file: ArchiveFile
  readonly fingerprint: string
}

/** A file whose bytes are in the store, and the row that is to say so. */
export interface StoredFile {
  readonly file: ArchiveFile
  readonly row: Prisma.UploadCreateManyInput & { readonly id: string }
  readonly folderArtworkKey: string | undefined
}

export interface StoreFilesOptions {
  readonly artworkKey: (filePath: string) => Promise<string | undefined>
  readonly signal: AbortSignal
  readonly failed: (outcome: FileOutcome) => void
}

/** Hides the store's latency; more would only contend for the disk. */
const concurrency = 4

/**
 * Stores the files, some at a time. A fault of one file is reported and the others go on; a fault of the store ends it.
 * @returns what is stored, and the fault that ended it early
 */
export async function storeFiles (deps: ImportStores, files: readonly ImportedFile[], options: StoreFilesOptions): Promise<{ readonly stored: StoredFile[], readonly fault: Error | undefined }> {
  const stored: StoredFile[] = []
  const queue = files.values()
  let fault: Error | undefined
  const work = async () => {
    for (const item of queue) {
      if (options.signal.aborted || fault !== undefined) return
      try {
        stored.push(await storeFile(deps, item, options))
      } catch (error) {
        if (!isFaultOfFile(error)) { fault ??= asError(error); return }
        options.failed(failedOutcome(item.file, error))
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return { stored, fault }
}

async function storeFile (deps: ImportStores, { file, fingerprint }: ImportedFile, { artworkKey }: StoreFilesOptions): Promise<StoredFile> {
  const original = await storeOriginal(deps, file, audioTypeOf(file.path) ?? 'application/octet-stream')
  const duplicate = original.trackId !== null
  const row = {
    id: randomUUID(),
    source: 'import' as const,
    relativePath: file.relativePath.replaceAll('\0', ''),
    sizeBytes: BigInt(file.sizeBytes),
    fingerprint,
    objectKey: original.objectKey,
    partSizeBytes: BigInt(file.sizeBytes),
    sha256: original.sha256,
    ...(duplicate ? { state: 'duplicate' as const, trackId: original.trackId, finishedAt: new Date() } : { state: 'received' as const })
  }
  return { file, row, folderArtworkKey: duplicate ? undefined : await artworkKey(file.path) }
}

function isFaultOfFile (error: unknown): error is Error {
  return error instanceof FileChangedError || error instanceof FileUnreadableError
}

function asError (error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
