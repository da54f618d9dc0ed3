import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** sha256 runs at twice the speed with chunks of 1 MiB that it has with the default 64 KiB. */
export const chunkBytes = 1024 * 1024
/** No write goes on for longer, so an older draft was left by a crash. */
const draftLifeMs = 24 * 3600 * 1000
const rememberedFolders = 10_000

export interface Draft {
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Whether it is a fault of the file system with this code, such as `ENOENT`. */
export function hasCode (error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
}

/** Runs the work; a file that doesn't exist gives undefined rather than an error. */
export async function unlessMissing<T> (work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

export async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A file's bytes in chunks of 1 MiB; it is opened when the first is asked for. */
export async function * readChunks (path: string): AsyncGenerator<Uint8Array> {
  yield * createReadStream(path, { highWaterMark: chunkBytes })
}

/** Appends a whole file to an open one, through one buffer. */
export async function appendFile (target: FileHandle, path: string, buffer: Buffer): Promise<number> {
  const source = await open(path, 'r')
  try {
    for (let total = 0; ;) {
      const { bytesRead } = await source.read(buffer, 0, buffer.length, total)
      if (bytesRead === 0) return total
      await writeAll(target, buffer.subarray(0, bytesRead))
      total += bytesRead
    }
  } finally {
    await source.close()
  }
}

/** One write may take less than it is given, as on a disk that is nearly full. */
async function writeAll (target: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, done)
    done += bytesWritten
  }
}

/**
 * Writes files so that they are there after a crash once a method has returned. Files begin as drafts in a folder of
 * their own and are renamed to their place, so that nobody ever sees half of one.
 */
export class DurableFiles {
  readonly #draftsDir: string
  readonly #root: string
  /** Folders whose own entries have been synced, by this process. */
  readonly #synced = new Set<string>()
  #prepared: Promise<void> | undefined

  constructor (root: string) {
    this.#root = root
    this.#draftsDir = join(root, 'drafts')
  }

  async draftPath (): Promise<string> {
    await (this.#prepared ??= this.#prepare())
    return join(this.#draftsDir, randomUUID())
  }

  async #prepare (): Promise<void> {
    await mkdir(this.#draftsDir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#draftsDir)) {
      const path = join(this.#draftsDir, name)
      const found = await unlessMissing(stat(path))
      if (found?.isFile() === true && found.mtimeMs < Date.now() - draftLifeMs) await unlessMissing(unlink(path))
    }
  }

  /** Leaves nothing behind when the chunks end in an error. */
  async draft (chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Draft> {
    const hash = createHash('sha256')
    const { path, result } = await this.draftBy(async (handle) => {
      let sizeBytes = 0
      for await (const chunk of chunks) {
        hash.update(chunk)
        await writeAll(handle, chunk)
        sizeBytes += chunk.length
      }
      return sizeBytes
    })
    return { path, sizeBytes: result, sha256: hash.digest('hex') }
  }

  async draftBy<T> (write: (handle: FileHandle) => Promise<T>): Promise<{ readonly path: string, readonly result: T }> {
    const path = await this.draftPath()
    const handle = await open(path, 'wx', 0o600)
    try {
      try {
        const result = await write(handle)
        await handle.sync()
        return { path, result }
      } finally {
        await handle.close()
      }
    } catch (error) {
      await unlink(path)
      throw error
    }
  }

  /** A small file, whole or not at all. */
  async write (path: string, text: string): Promise<void> {
    const draft = await this.draft([Buffer.from(text)])
    await rename(draft.path, path)
    await syncFolder(dirname(path))
  }

  /** Makes the folder and the ones above it, and syncs each one's entry. */
  async folder (path: string): Promise<void> {
    if (this.#synced.has(path)) return
    await mkdir(path, { recursive: true, mode: 0o700 })
    for (let at = path; at !== this.#root && !this.#synced.has(at); at = dirname(at)) {
      await syncFolder(dirname(at))
      if (this.#synced.size >= rememberedFolders) this.#synced.clear()
      this.#synced.add(at)
    }
  }
}
