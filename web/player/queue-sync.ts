import { applyChange, emptyDocument, type QueueDocument, type QueueOperation } from '../../src/playlists/queue-operations.ts'
import { ApiError, get, post } from '../app/api.ts'
import type { Track } from '../app/api-types.ts'
import { onEvent } from '../app/events.ts'
import { readQueue, writeOperations, writeQueue } from './queue-store.ts'

interface Changes { readonly version: number, readonly operations: QueueOperation[] | null, readonly document: QueueDocument | null }

export interface QueueSyncHooks {
  /** The queue is another one now, by what was done elsewhere. */
  changed (document: QueueDocument): void
  /** Whether what was done here waits for the line. */
  waiting (waits: boolean): void
  /** The server refused what was done here, and it was taken back. */
  refused (error: ApiError): void
  tracksToKeep (): readonly Track[]
}

/** Several presses in a row are one request. */
const gatherMs = 250
const firstWaitMs = 2_000
const longestWaitMs = 60_000
const writeAfterMs = 1_000
/** The server takes 256 kB. */
const mostCharacters = 180_000
const mostOperations = 100

/**
 * Keeps the queue the same here and on the server. What is done here holds at once, is written down, and is sent when
 * the server can be reached; what others did comes before what the server doesn't know yet.
 */
export class QueueSync {
  readonly #userId: string
  readonly #hooks: QueueSyncHooks
  /** As the server has it, at a version; −1: never read. */
  #base = emptyDocument
  #version = -1
  #pending: QueueOperation[] = []
  /** What is seen here: `#base` with all that is pending. */
  #seen = emptyDocument
  /** Sent and answered, and still written down. */
  #contained: string[] = []
  #running: Promise<void> | null = null
  #again = false
  #tries = 0
  #closed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #writing: ReturnType<typeof setTimeout> | undefined
  #stopEvents: (() => void) | null = null
  readonly #online = (): void => { this.#soon(0) }

  constructor (userId: string, hooks: QueueSyncHooks) {
    this.#userId = userId
    this.#hooks = hooks
  }

  /** What this browser keeps; the server is asked afterwards. */
  async open (): Promise<{ readonly document: QueueDocument, readonly tracks: readonly Track[] }> {
    // A browser that keeps nothing (private windows) has the server's.
    const { kept, pending } = await readQueue(this.#userId).catch(() => ({ kept: null, pending: [] }))
    if (kept !== null) {
      this.#base = kept.document
      this.#version = kept.version
    }
    this.#pending = [...pending, ...this.#pending]
    addEventListener('online', this.#online)
    this.#stopEvents = onEvent('queue', (data) => { if (data === null || data['version'] !== this.#version) this.#soon(0) })
    this.#soon(0)
    return { document: this.#look(), tracks: kept?.tracks ?? [] }
  }

  close (): void {
    this.#closed = true
    clearTimeout(this.#timer)
    removeEventListener('online', this.#online)
    this.#stopEvents?.()
  }

  /** @param seen what came of them here */
  did (operations: readonly QueueOperation[], seen: QueueDocument): void {
    this.#pending.push(...operations)
    this.#seen = seen
    writeOperations(this.#userId, operations, Date.now()).catch(() => undefined)
    this.#hooks.waiting(!navigator.onLine)
    this.#soon(gatherMs)
  }

  /** Sends and reads now. Rejects where the server can't be reached. */
  async meet (): Promise<void> {
    if (this.#running !== null) await this.#running.catch(() => undefined)
    await this.#run()
  }

  /** Anew, after what came from elsewhere. */
  #look (): QueueDocument {
    this.#seen = this.#pending.reduce<QueueDocument>(applyChange, this.#base)
    return this.#seen
  }

  #soon (ms: number): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => { this.#run().catch(() => { this.#later() }) }, ms)
  }

  #later (): void {
    this.#hooks.waiting(this.#pending.length > 0)
    this.#soon(Math.min(longestWaitMs, firstWaitMs * 2 ** this.#tries++) * (0.5 + Math.random() / 2))
  }

  async #run (): Promise<void> {
    if (this.#running !== null) {
      this.#again = true
      return await this.#running
    }
    this.#running = this.#exchange().finally(() => { this.#running = null })
    await this.#running
    this.#tries = 0
    this.#hooks.waiting(false)
    if (this.#again || this.#pending.length > 0) {
      this.#again = false
      this.#soon(0)
    }
  }

  async #exchange (): Promise<void> {
    if (this.#version < 0) await this.#read()
    while (this.#pending.length > 0 && !this.#closed) {
      const batch = this.#batch()
      try {
        const { before, version } = await post<{ before: number, version: number }>('/queue/operations', { operations: batch })
        if (before === this.#version && version === before + batch.length) this.#confirm(batch, version)
        else await this.#read(batch)
      } catch (error) {
        if (!(error instanceof ApiError) || error.status >= 500 || [401, 403, 408, 429].includes(error.status)) throw error
        this.#forget(batch)
        this.#hooks.changed(this.#look())
        this.#hooks.refused(error)
        await this.#read()
      }
    }
    await this.#read()
  }

  #batch (): QueueOperation[] {
    let characters = 0
    const fits = this.#pending.slice(0, mostOperations).findIndex((operation, index) => (characters += JSON.stringify(operation).length) > mostCharacters && index > 0)
    return this.#pending.slice(0, fits === -1 ? mostOperations : fits)
  }

  #confirm (batch: readonly QueueOperation[], version: number): void {
    // Mostly it was all; then nothing has to be worked out again.
    this.#base = batch.length === this.#pending.length ? this.#seen : batch.reduce<QueueDocument>(applyChange, this.#base)
    this.#version = version
    this.#forget(batch)
  }

  #forget (batch: readonly QueueOperation[]): void {
    const done = new Set(batch.map(({ id }) => id))
    this.#pending = this.#pending.filter(({ id }) => !done.has(id))
    this.#contained.push(...done)
    this.#write()
  }

  /** @param taken what the server has said it has: a page that went before it could strike it out sends it once more */
  async #read (taken: readonly QueueOperation[] = []): Promise<void> {
    const { version, operations, document } = await get<Changes>('/queue', { query: { after: this.#version } })
    if (this.#closed || (version === this.#version && taken.length === 0)) return
    this.#base = document ?? (operations ?? []).reduce<QueueDocument>(applyChange, this.#base)
    this.#version = version
    const done = new Set([...taken, ...operations ?? []].map(({ id }) => id))
    this.#forget(this.#pending.filter(({ id }) => done.has(id)))
    this.#hooks.changed(this.#look())
  }

  #write (): void {
    clearTimeout(this.#writing)
    this.#writing = setTimeout(() => {
      const contained = this.#contained.splice(0)
      writeQueue(this.#userId, { version: this.#version, document: this.#base, tracks: this.#hooks.tracksToKeep() }, contained).catch(() => undefined)
    }, writeAfterMs)
  }
}
