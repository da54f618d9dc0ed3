import { type FileHandle, open } from 'node:fs/promises'
import type { DiskObjects } from './disk-objects.ts'
import type { ObjectInfo } from './object-store.ts'

/** An object open for reading at any position. Whoever opened it closes it, once. */
export interface OpenObject {
  readonly info: ObjectInfo
  /** Bytes read into the buffer, fewer than it holds only at the end. */
  read(buffer: Buffer, length: number, position: number): Promise<number>
  close(): void
}

interface Entry {
  readonly info: ObjectInfo
  readonly dataPath: string
  readonly handle: FileHandle
  readers: number
  checkedAtMs: number
  /** Out of the pool: the last reader closes the file. */
  retired: boolean
}

/** Idle and busy files kept open; a listener's next range finds its file here. */
const maxEntries = 256
/** How long another process's change of an object may go unseen. */
const recheckMs = 1_000

/** Open files by key, shared between readers, closed when long unused. */
export class ReadHandles {
  readonly #objects: DiskObjects
  readonly #entries = new Map<string, Entry>()

  constructor (objects: DiskObjects) {
    this.#objects = objects
  }

  /** @returns undefined when there is no such object */
  async open (key: string): Promise<OpenObject | undefined> {
    const entry = await this.#fresh(key) ?? await this.#add(key)
    return entry === undefined ? undefined : this.#reader(entry)
  }

  /** To be called when this process changed the object. */
  forget (key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    entry.retired = true
    if (entry.readers === 0) entry.handle.close()
  }

  closeAll (): void {
    for (const key of [...this.#entries.keys()]) this.forget(key)
  }

  async #fresh (key: string): Promise<Entry | undefined> {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (!await this.#isCurrent(key, entry) && this.#entries.get(key) === entry) this.forget(key)
    if (entry.retired) return undefined
    // Last in the map is the most lately used.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry
  }

  async #isCurrent (key: string, entry: Entry): Promise<boolean> {
    if (entry.checkedAtMs > Date.now() - recheckMs) return true
    // Counted as a reader meanwhile, so that nobody closes the file.
    entry.readers++
    try {
      const checkedAtMs = Date.now()
      const current = await this.#objects.find(key)
      entry.checkedAtMs = checkedAtMs
      return current?.dataPath === entry.dataPath
    } finally {
      release(entry)
    }
  }

  async #add (key: string): Promise<Entry | undefined> {
    const checkedAtMs = Date.now()
    const entry = await this.#objects.withData(key, async ({ info, dataPath }) =>
      ({ info, dataPath, handle: await open(dataPath, 'r'), readers: 0, checkedAtMs, retired: false }))
    if (entry === undefined) return undefined
    this.forget(key)
    this.#entries.set(key, entry)
    this.#evict(entry)
    return entry
  }

  #evict (newest: Entry): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= maxEntries) return
      if (entry.readers === 0 && entry !== newest) this.forget(key)
    }
  }

  #reader (entry: Entry): OpenObject {
    entry.readers++
    let open = true
    return {
      info: entry.info,
      read: async (buffer, length, position) => (await entry.handle.read(buffer, 0, length, position)).bytesRead,
      close () {
        if (!open) return
        open = false
        release(entry)
      }
    }
  }
}

function release (entry: Entry): void {
  entry.readers--
  if (entry.retired && entry.readers === 0) entry.handle.close()
}
