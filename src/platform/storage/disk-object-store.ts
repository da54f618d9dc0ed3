import { access, constants, link, mkdir, open, unlink } from 'node:fs/promises'
import { addAbortListener } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { removeLeftovers } from './disk-leftovers.ts'
import { listKeys } from './disk-listing.ts'
import { DiskMultiparts, etagOf } from './disk-multiparts.ts'
import { DiskObjects, type NewObject } from './disk-objects.ts'
import { chunkBytes, DurableFiles, hasCode, readChunks } from './durable-files.ts'
import { checkObjectKey, checkPartNumber } from './object-key.ts'
import { ObjectChecksumError, ObjectExistsError, ObjectNotFoundError, ObjectRangeError, StoreFullError } from './object-store-errors.ts'
import type { ByteRange, ListedObject, ObjectInfo, ObjectStore, PendingMultipart, PresignedRequest, PresignOptions, PutOptions, UploadedPart } from './object-store.ts'
import { type OpenObject, ReadHandles } from './read-handles.ts'
import { readUploadGrant, signUpload, type UploadGrant } from './upload-address.ts'

export interface DiskObjectStoreOptions {
  /** Everything is kept below this folder, on one file system. */
  readonly dir: string
  /** Address of the web server that serves `diskStoreEndpoint`. */
  readonly publicUrl: string
  /** Signs upload addresses. */
  readonly secret: string
  readonly now?: () => Date
  /** Called when an object under `incoming/` is complete, as a bucket notifies its queue; may be called twice. */
  readonly onCreated?: (key: string, sizeBytes: number) => Promise<void>
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>
type PartRef = Pick<UploadedPart, 'partNumber' | 'etag'>

const announcedPrefix = 'incoming/'

/** Objects in a folder. Several processes may use the same one. */
export class DiskObjectStore implements ObjectStore {
  readonly #options: DiskObjectStoreOptions
  readonly #objectsDir: string
  readonly #files: DurableFiles
  readonly #objects: DiskObjects
  readonly #multiparts: DiskMultiparts
  readonly #handles: ReadHandles
  readonly #now: () => Date

  constructor (options: DiskObjectStoreOptions) {
    this.#options = options
    this.#now = options.now ?? (() => new Date())
    this.#objectsDir = join(options.dir, 'objects')
    this.#files = new DurableFiles(options.dir)
    this.#objects = new DiskObjects(this.#objectsDir, this.#files, this.#now)
    this.#multiparts = new DiskMultiparts(join(options.dir, 'multiparts'), this.#files, this.#now)
    this.#handles = new ReadHandles(this.#objects)
  }

  put (key: string, body: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
    return this.#putChunks(key, [body], options)
  }

  putFile (key: string, path: string, options: PutOptions): Promise<ObjectInfo> {
    return this.#putChunks(key, readChunks(path), options)
  }

  async #putChunks (key: string, chunks: Chunks, { sha256, contentType, ifAbsent = false }: PutOptions): Promise<ObjectInfo> {
    checkObjectKey(key)
    if (ifAbsent && await this.#objects.find(key) !== undefined) throw new ObjectExistsError(key)
    return await this.#writing(key, async () => {
      const draft = await this.#files.draft(chunks)
      if (sha256 !== undefined && sha256 !== draft.sha256) {
        await unlink(draft.path)
        throw new ObjectChecksumError(key)
      }
      return await this.#commit(key, { draftPath: draft.path, sizeBytes: draft.sizeBytes, etag: etagOf(draft.sha256), contentType, ifAbsent })
    })
  }

  async get (key: string, { range, signal }: { readonly range?: ByteRange, readonly signal?: AbortSignal } = {}): Promise<{ readonly info: ObjectInfo, readonly body: Readable }> {
    checkObjectKey(key)
    signal?.throwIfAborted()
    const found = await this.#objects.withData(key, async ({ info, dataPath }) => ({ info, file: await open(dataPath, 'r') }))
    if (found === undefined) throw new ObjectNotFoundError(key)
    const { info, file } = found
    if (range !== undefined && range.start >= info.sizeBytes) {
      await file.close()
      throw new ObjectRangeError(key)
    }
    const body = file.createReadStream({ highWaterMark: chunkBytes, ...range })
    if (signal !== undefined) {
      const listener = addAbortListener(signal, () => body.destroy(signal.reason))
      body.once('close', () => listener[Symbol.dispose]())
    }
    return { info, body }
  }

  async head (key: string): Promise<ObjectInfo | null> {
    checkObjectKey(key)
    return (await this.#objects.find(key))?.info ?? null
  }

  /** For many small reads, as the edge does: files stay open between calls. */
  async openForReading (key: string): Promise<OpenObject> {
    checkObjectKey(key)
    const object = await this.#handles.open(key)
    if (object === undefined) throw new ObjectNotFoundError(key)
    return object
  }

  async copy (fromKey: string, toKey: string, { contentType, ifAbsent = false }: Pick<PutOptions, 'contentType' | 'ifAbsent'>): Promise<ObjectInfo> {
    checkObjectKey(fromKey)
    checkObjectKey(toKey)
    return await this.#writing(toKey, async () => {
      const draftPath = await this.#files.draftPath()
      // Data files never change, so two objects may share one.
      const source = await this.#objects.withData(fromKey, async ({ info, dataPath }) => {
        await link(dataPath, draftPath)
        return info
      })
      if (source === undefined) throw new ObjectNotFoundError(fromKey)
      return await this.#commit(toKey, { draftPath, sizeBytes: source.sizeBytes, etag: source.etag, contentType, ifAbsent })
    })
  }

  async delete (key: string): Promise<void> {
    checkObjectKey(key)
    await this.#objects.delete(key)
    this.#handles.forget(key)
  }

  async * list (prefix: string): AsyncGenerator<ListedObject> {
    for await (const key of listKeys(this.#objectsDir, prefix)) {
      const stored = await this.#objects.find(key)
      if (stored !== undefined) yield stored.info
    }
  }

  async presignPut (key: string, { sizeBytes, expiresInSeconds, contentType }: PresignOptions & { readonly contentType: string }): Promise<PresignedRequest> {
    return this.#presigned({ key, part: null, sizeBytes, contentType, expiresAt: this.#expiry(expiresInSeconds) })
  }

  async createMultipart (key: string, { contentType }: { readonly contentType: string }): Promise<string> {
    checkObjectKey(key)
    return await this.#writing(key, () => this.#multiparts.create(key, contentType))
  }

  async presignPart (key: string, multipartId: string, partNumber: number, { sizeBytes, expiresInSeconds }: PresignOptions): Promise<PresignedRequest> {
    checkPartNumber(partNumber)
    return this.#presigned({ key, part: { multipartId, partNumber }, sizeBytes, contentType: null, expiresAt: this.#expiry(expiresInSeconds) })
  }

  #expiry (seconds: number): Date {
    return new Date((Math.floor(this.#now().getTime() / 1000) + seconds) * 1000)
  }

  #presigned (grant: UploadGrant): PresignedRequest {
    checkObjectKey(grant.key)
    const { publicUrl, secret } = this.#options
    return {
      method: 'PUT',
      url: `${publicUrl}/store/${grant.key}?${signUpload(secret, grant)}`,
      headers: grant.contentType === null ? {} : { 'content-type': grant.contentType },
      expiresAt: grant.expiresAt
    }
  }

  /** @throws UploadAddressInvalidError */
  readGrant (key: string, query: URLSearchParams): UploadGrant {
    return readUploadGrant(this.#options.secret, key, query, this.#now())
  }

  /** Takes what came to an address of `presignPut` or `presignPart`; the chunks throw when they are not as granted. */
  async receive ({ key, part, contentType }: UploadGrant, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly etag: string }> {
    if (part === null) return await this.#putChunks(key, chunks, { contentType: contentType ?? 'application/octet-stream', ifAbsent: true })
    return await this.#writing(key, () => this.#multiparts.putPart(key, part.multipartId, part.partNumber, chunks))
  }

  async uploadOrigin (): Promise<string> {
    return new URL(this.#options.publicUrl).origin
  }

  async listParts (key: string, multipartId: string): Promise<UploadedPart[]> {
    return await this.#multiparts.listParts(key, multipartId)
  }

  async completeMultipart (key: string, multipartId: string, parts: readonly PartRef[]): Promise<ObjectInfo> {
    const { contentType } = await this.#multiparts.find(key, multipartId)
    return await this.#writing(key, async () => {
      const joined = await this.#multiparts.join(multipartId, parts)
      const info = await this.#commit(key, { ...joined, contentType, ifAbsent: false })
      await this.#multiparts.remove(multipartId)
      return info
    })
  }

  async abortMultipart (key: string, multipartId: string): Promise<void> {
    if (await this.#multiparts.has(key, multipartId)) await this.#multiparts.remove(multipartId)
  }

  listMultiparts (prefix: string): AsyncIterable<PendingMultipart> {
    return this.#multiparts.list(prefix)
  }

  async removeLeftovers (before: Date): Promise<number> {
    return await removeLeftovers(this.#objectsDir, this.#objects, before)
  }

  async check (): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
    await access(this.#options.dir, constants.R_OK | constants.W_OK | constants.X_OK)
  }

  async close (): Promise<void> {
    this.#handles.closeAll()
  }

  async #commit (key: string, object: NewObject): Promise<ObjectInfo> {
    const info = await this.#objects.commit(key, object)
    this.#handles.forget(key)
    if (key.startsWith(announcedPrefix)) await this.#options.onCreated?.(key, info.sizeBytes)
    return info
  }

  /** @throws StoreFullError for a full disk or a used-up quota */
  async #writing<T> (key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw hasCode(error, 'ENOSPC', 'EDQUOT') ? new StoreFullError(key) : error
    }
  }
}
