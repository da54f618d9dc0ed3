import { randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type DurableFiles, hasCode, syncFolder, unlessMissing } from './durable-files.ts'
import type { ObjectInfo } from './object-store.ts'
import { ObjectExistsError } from './object-store-errors.ts'

/** What a descriptor says: the object, and which file has its bytes. */
export interface StoredOnDisk {
  readonly info: ObjectInfo
  readonly dataPath: string
}

interface Descriptor {
  readonly data: string
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType: string
  readonly lastModifiedAt: string
}

export interface NewObject {
  /** A synced draft; it becomes the object's data. */
  readonly draftPath: string
  readonly sizeBytes: number
  readonly etag: string
  readonly contentType: string
  readonly ifAbsent: boolean
}

/** Keys can't contain `;`, so what comes after it belongs to the store. */
export const descriptorSuffix = ';json'

/**
 * Objects as files. The object `a/b` is two: `a/b;json` describes it and names `a/b;<id>`, which has the bytes and
 * never changes. Renaming the descriptor into its place is the moment at which the object changes, whole.
 */
export class DiskObjects {
  readonly #dir: string
  readonly #files: DurableFiles
  readonly #now: () => Date
  /** Ends of the writes under way, by key. */
  readonly #writes = new Map<string, Promise<unknown>>()

  constructor (dir: string, files: DurableFiles, now: () => Date) {
    this.#dir = dir
    this.#files = files
    this.#now = now
  }

  async find (key: string): Promise<StoredOnDisk | undefined> {
    const path = join(this.#dir, key)
    const text = await unlessMissing(readFile(path + descriptorSuffix, 'utf8'))
    if (text === undefined) return undefined
    const { data, lastModifiedAt, ...rest } = JSON.parse(text) as Descriptor
    return { info: { key, ...rest, lastModifiedAt: new Date(lastModifiedAt) }, dataPath: `${path};${data}` }
  }

  /**
   * Uses the data file. Where another writer replaces or deletes the object just then, looks again.
   * @returns undefined when there is no such object
   */
  async withData<T> (key: string, use: (stored: StoredOnDisk) => Promise<T>): Promise<T | undefined> {
    for (let before: string | undefined; ;) {
      const stored = await this.find(key)
      if (stored === undefined) return undefined
      try {
        return await use(stored)
      } catch (error) {
        if (!hasCode(error, 'ENOENT') || stored.dataPath === before) throw error
        before = stored.dataPath
      }
    }
  }

  /** The draft is gone afterwards, whatever happened. */
  async commit (key: string, object: NewObject): Promise<ObjectInfo> {
    return await this.#inTurn(key, async () => {
      try {
        return await this.#place(key, object)
      } finally {
        await unlessMissing(unlink(object.draftPath))
      }
    })
  }

  async #place (key: string, { draftPath, ifAbsent, ...rest }: NewObject): Promise<ObjectInfo> {
    const previous = await this.find(key)
    if (ifAbsent && previous !== undefined) throw new ObjectExistsError(key)
    const path = join(this.#dir, key)
    await this.#files.folder(dirname(path))
    const lastModifiedAt = this.#now()
    const descriptor: Descriptor = { data: randomBytes(16).toString('hex'), ...rest, lastModifiedAt: lastModifiedAt.toISOString() }
    const dataPath = `${path};${descriptor.data}`
    await rename(draftPath, dataPath)
    try {
      await this.#putDescriptor(path + descriptorSuffix, descriptor, ifAbsent)
    } catch (error) {
      await unlink(dataPath)
      throw hasCode(error, 'EEXIST') ? new ObjectExistsError(key) : error
    }
    await syncFolder(dirname(path))
    if (previous !== undefined) await unlessMissing(unlink(previous.dataPath))
    return { key, ...rest, lastModifiedAt }
  }

  /** Link fails where the target exists, also when another process made it just now; rename replaces it. */
  async #putDescriptor (path: string, descriptor: Descriptor, ifAbsent: boolean): Promise<void> {
    const draft = await this.#files.draft([Buffer.from(JSON.stringify(descriptor))])
    try {
      await (ifAbsent ? link(draft.path, path) : rename(draft.path, path))
    } finally {
      await unlessMissing(unlink(draft.path))
    }
  }

  async delete (key: string): Promise<void> {
    await this.#inTurn(key, async () => {
      const stored = await this.find(key)
      if (stored === undefined) return
      const path = join(this.#dir, key)
      await unlessMissing(unlink(path + descriptorSuffix))
      await syncFolder(dirname(path))
      await unlessMissing(unlink(stored.dataPath))
    })
  }

  /** One writer a key at a time, so that each sees which data file it replaces. */
  async #inTurn<T> (key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#writes.get(key) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => {})
    this.#writes.set(key, settled)
    try {
      return await turn
    } finally {
      if (this.#writes.get(key) === settled) this.#writes.delete(key)
    }
  }
}
