import { createHash } from 'node:crypto'
import { opendir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { folderArtworkRank, pictureTypeOf } from './file-types.ts'

/** No cover is larger; a picture of this size would be refused by the worker anyway. */
const maxPictureBytes = 50 * 1_048_576
/** Folders of a file tree are visited one after the other, so few need be remembered. */
const rememberedFolders = 16

/**
 * Finds and stores the picture beside a file (cover.jpg, folder.png …), once a folder.
 * @returns a function from a file's path to the picture's key, undefined where there is none that can be read
 */
export function folderArtworkStorer (store: ObjectStore): (filePath: string) => Promise<string | undefined> {
  const keys = new Map<string, Promise<string | undefined>>()
  return (filePath) => {
    const folder = dirname(filePath)
    const known = keys.get(folder)
    if (known !== undefined) return known
    const [oldest] = keys.keys()
    if (keys.size >= rememberedFolders && oldest !== undefined) keys.delete(oldest)
    const key = storeFolderArtwork(store, folder)
    keys.set(folder, key)
    return key
  }
}

async function storeFolderArtwork (store: ObjectStore, folder: string): Promise<string | undefined> {
  const name = await findFolderArtwork(folder)
  if (name === undefined) return undefined
  const bytes = await readPicture(join(folder, name))
  if (bytes === undefined) return undefined
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const key = `incoming/artwork/${sha256}`
  // Also where it lies there already: writing it anew keeps it from the sweep until the jobs are through.
  await store.put(key, bytes, { contentType: pictureTypeOf(name) ?? 'application/octet-stream', sha256 })
  return key
}

/** Of several, the one whose name says it best; then the first by name. */
async function findFolderArtwork (folder: string): Promise<string | undefined> {
  let best: { readonly name: string, readonly rank: number } | undefined
  for await (const entry of await opendir(folder, { bufferSize: 1_024 })) {
    const rank = entry.isFile() ? folderArtworkRank(entry.name) : undefined
    if (rank === undefined) continue
    if (best === undefined || rank < best.rank || (rank === best.rank && entry.name < best.name)) best = { name: entry.name, rank }
  }
  return best?.name
}

/** A cover that can't be read is no reason to refuse the music. */
async function readPicture (path: string): Promise<Buffer | undefined> {
  try {
    return (await stat(path)).size > maxPictureBytes ? undefined : await readFile(path)
  } catch {
    return undefined
  }
}
