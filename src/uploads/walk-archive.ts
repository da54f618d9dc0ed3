import type { Dirent } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import createError from '@fastify/error'
import { audioTypeOf, extensionOf, folderArtworkRank } from './file-types.ts'

export const FileNameNotUtf8Error = createError('FILE_NAME_NOT_UTF8', 'its name is not UTF-8, so it can’t be opened; rename it, for example with: convmv -f latin1 -t utf8 -r --notest FOLDER', 400)

/** An audio file as the walk found it. */
export interface ArchiveFile {
  readonly path: string
  /** Begins with the name of the archive's own folder; forward slashes. */
  readonly relativePath: string
  readonly sizeBytes: number
  readonly mtimeMs: number
  readonly inode: number
}

/** What the walk passes by. */
export interface WalkObserver {
  /** Something that is not a music file: its ending (may be empty), or `symbolic link`. */
  other (kind: string): void
  /** A folder or file that could not be looked at. */
  unreadable (path: string, error: Error): void
}

/** Files handed on together. */
const batchFiles = 1_000
/** Entries of one folder held and sorted at a time, so that a folder of a million files fits too. */
const sortedEntries = 10_000
/** Left by operating systems and network drives; names with a leading full stop are left out anyway. */
const junk = new Set(['thumbs.db', 'ehthumbs.db', 'desktop.ini', '@eadir', '__macosx', '$recycle.bin', 'system volume information', 'lost+found'])

/**
 * The audio files below a folder, in batches: each folder's own files by name, then its folders by name. Symbolic links
 * are not followed: what they point to inside the archive is found anyway, and nothing outside belongs to it.
 * @param root a real path
 */
export async function * walkArchive (root: string, observer: WalkObserver): AsyncGenerator<ArchiveFile[]> {
  const folders = [root]
  const base = join(root, '..')
  let batch: ArchiveFile[] = []
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const below: string[] = []
    for await (const entries of sortedChunks(folder, observer)) {
      below.push(...entries.filter((entry) => entry.isDirectory()).map(({ name }) => name))
      batch.push(...await lookAt(audioFiles(folder, entries, observer), base, observer))
      if (batch.length >= batchFiles) {
        yield batch
        batch = []
      }
    }
    for (const name of below.toReversed()) folders.push(join(folder, name))
  }
  if (batch.length > 0) yield batch
}

async function * sortedChunks (folder: string, observer: WalkObserver): AsyncGenerator<Dirent[]> {
  let chunk: Dirent[] = []
  const sorted = () => chunk.sort((a, b) => a.name < b.name ? -1 : 1)
  try {
    for await (const entry of await opendir(folder, { bufferSize: 1_024 })) {
      if (isJunk(entry.name)) continue
      chunk.push(entry)
      if (chunk.length === sortedEntries) {
        yield sorted()
        chunk = []
      }
    }
  } catch (error) {
    observer.unreadable(folder, faultOf(folder, error))
  }
  yield sorted()
}

function isJunk (name: string): boolean {
  return name.startsWith('.') || junk.has(name.toLowerCase())
}

function audioFiles (folder: string, entries: readonly Dirent[], observer: WalkObserver): string[] {
  const paths: string[] = []
  for (const entry of entries) {
    if (entry.isSymbolicLink()) observer.other('symbolic link')
    if (!entry.isFile()) continue
    if (audioTypeOf(entry.name) !== undefined) paths.push(join(folder, entry.name))
    else if (folderArtworkRank(entry.name) === undefined) observer.other(extensionOf(entry.name))
  }
  return paths
}

async function lookAt (paths: readonly string[], base: string, observer: WalkObserver): Promise<ArchiveFile[]> {
  const files = await Promise.all(paths.map((path) => describe(path, base).catch((error: unknown) => {
    observer.unreadable(path, faultOf(path, error))
    return []
  })))
  return files.flat()
}

async function describe (path: string, base: string): Promise<ArchiveFile[]> {
  const { size, mtimeMs, ino } = await stat(path)
  return [{ path, relativePath: relative(base, path).split(sep).join('/'), sizeBytes: size, mtimeMs, inode: ino }]
}

/** Node shows bytes that are not UTF-8 as U+FFFD, and a name with that in it isn't there to open. */
function faultOf (path: string, error: unknown): Error {
  if (path.includes('\uFFFD')) return new FileNameNotUtf8Error()
  return error instanceof Error ? error : new Error(String(error))
}
