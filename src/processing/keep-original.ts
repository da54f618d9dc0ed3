import { basename } from 'node:path'
import type { Upload } from '../generated/prisma/client.ts'
import type { ObjectInfo, ObjectStore } from '../platform/storage/object-store.ts'
import { ObjectExistsError } from '../platform/storage/object-store-errors.ts'
import type { FetchedObject } from './fetch-object.ts'
import type { OriginalFile } from './publish.ts'

interface Arrived {
  readonly file: FetchedObject
  readonly upload: Pick<Upload, 'objectKey' | 'relativePath'>
}

/** Its content-addressed place: the same bytes are stored once, whoever sends them. */
export function originalOf ({ file, upload }: Arrived): OriginalFile {
  const { sha256, sizeBytes, contentType } = file
  return { key: `originals/sha256/${sha256.slice(0, 2)}/${sha256}`, sizeBytes, contentType, fileName: basename(upload.relativePath) }
}

/** Copies the file to its content-addressed place, unless it lies there already. */
export async function keepOriginal (store: ObjectStore, work: Arrived): Promise<OriginalFile> {
  const original = originalOf(work)
  if (original.key !== work.upload.objectKey) await copyIfAbsent(store, { from: work.upload.objectKey, to: original })
  return original
}

async function copyIfAbsent (store: ObjectStore, { from, to }: { readonly from: string, readonly to: OriginalFile }): Promise<ObjectInfo | null> {
  try {
    return await store.copy(from, to.key, { contentType: to.contentType, ifAbsent: true })
  } catch (error) {
    if (error instanceof ObjectExistsError) return null
    throw error
  }
}
