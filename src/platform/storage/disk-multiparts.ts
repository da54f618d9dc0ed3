import { createHash, randomBytes } from 'node:crypto'
import { link, mkdir, opendir, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { appendFile, chunkBytes, type DurableFiles, hasCode, syncFolder, unlessMissing } from './durable-files.ts'
import type { PendingMultipart, UploadedPart } from './object-store.ts'
import { MultipartInvalidError, MultipartNotFoundError } from './object-store-errors.ts'

export interface Multipart {
  readonly key: string
  readonly contentType: string
  readonly startedAt: string
}

/** A part in its file, `<number>;<etag>`. */
interface PartFile extends UploadedPart {
  readonly path: string
  readonly modifiedMs: number
}

type PartRef = Pick<UploadedPart, 'partNumber' | 'etag'>

const idPattern = /^[0-9a-f]{32}$/
const partPattern = /^(\d{5});([0-9a-f]{32})$/
const descriptionFile = 'upload.json'

/** The first half of the sha256: as long as the MD5 that clients of S3 know, and nobody can forge it. */
export function etagOf (sha256: string): string {
  return `"${sha256.slice(0, 32)}"`
}

/** Multipart uploads under way: a folder each, with a file for each part. */
export class DiskMultiparts {
  readonly #dir: string
  readonly #files: DurableFiles
  readonly #now: () => Date

  constructor (dir: string, files: DurableFiles, now: () => Date) {
    this.#dir = dir
    this.#files = files
    this.#now = now
  }

  async create (key: string, contentType: string): Promise<string> {
    const id = randomBytes(16).toString('hex')
    const folder = join(this.#dir, id)
    await this.#files.folder(this.#dir)
    await mkdir(folder, { mode: 0o700 })
    const description: Multipart = { key, contentType, startedAt: this.#now().toISOString() }
    await this.#files.write(join(folder, descriptionFile), JSON.stringify(description))
    await syncFolder(this.#dir)
    return id
  }

  /** @throws MultipartNotFoundError */
  async find (key: string, id: string): Promise<Multipart> {
    const found = idPattern.test(id) ? await this.#read(id) : undefined
    if (found?.key !== key) throw new MultipartNotFoundError(id)
    return found
  }

  async has (key: string, id: string): Promise<boolean> {
    return idPattern.test(id) && (await this.#read(id))?.key === key
  }

  async #read (id: string): Promise<Multipart | undefined> {
    const text = await unlessMissing(readFile(join(this.#dir, id, descriptionFile), 'utf8'))
    return text === undefined ? undefined : JSON.parse(text) as Multipart
  }

  /** The last part that is sent with a number counts, as with S3. */
  async putPart (key: string, id: string, partNumber: number, chunks: AsyncIterable<Uint8Array>): Promise<UploadedPart> {
    await this.find(key, id)
    const { path, sizeBytes, sha256 } = await this.#files.draft(chunks)
    const etag = etagOf(sha256)
    const folder = join(this.#dir, id)
    try {
      await rename(path, join(folder, fileName(partNumber, etag)))
    } catch (error) {
      await unlink(path)
      throw hasCode(error, 'ENOENT') ? new MultipartNotFoundError(id) : error
    }
    await syncFolder(folder)
    for (const part of await this.#partFiles(id)) {
      if (part.partNumber === partNumber && part.etag !== etag) await unlessMissing(unlink(part.path))
    }
    return { partNumber, etag, sizeBytes }
  }

  async listParts (key: string, id: string): Promise<UploadedPart[]> {
    await this.find(key, id)
    const parts = await this.#latestParts(id)
    return [...parts.values()].map(({ partNumber, etag, sizeBytes }) => ({ partNumber, etag, sizeBytes })).sort((a, b) => a.partNumber - b.partNumber)
  }

  /**
   * Joins the parts in a draft. The parts stay until `remove`, so that a crash in between costs only a repetition.
   * @throws MultipartInvalidError
   */
  async join (id: string, refs: readonly PartRef[]): Promise<{ readonly draftPath: string, readonly sizeBytes: number, readonly etag: string }> {
    const parts = chosenParts(refs, await this.#latestParts(id))
    const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
    const etags = parts.map((part) => part.etag).join('')
    const etag = `"${createHash('sha256').update(etags).digest('hex').slice(0, 32)}-${parts.length}"`
    return { draftPath: await this.#joined(parts.map((part) => part.path)), sizeBytes, etag }
  }

  async #joined (paths: readonly string[]): Promise<string> {
    const [only, ...others] = paths
    if (only !== undefined && others.length === 0) {
      const draftPath = await this.#files.draftPath()
      await link(only, draftPath)
      return draftPath
    }
    const { path } = await this.#files.draftBy(async (handle) => {
      const buffer = Buffer.allocUnsafe(chunkBytes)
      for (const part of paths) await appendFile(handle, part, buffer)
    })
    return path
  }

  /** Moved away first, in one step, so that nobody sees half an upload. */
  async remove (id: string): Promise<void> {
    const grave = await this.#files.draftPath()
    const moved = await unlessMissing(rename(join(this.#dir, id), grave).then(() => true))
    if (moved === undefined) return
    await syncFolder(this.#dir)
    await rm(grave, { recursive: true })
  }

  async * list (prefix: string): AsyncGenerator<PendingMultipart> {
    const entries = await unlessMissing(opendir(this.#dir))
    if (entries === undefined) return
    for await (const { name } of entries) {
      const found = await this.#read(name)
      if (found?.key.startsWith(prefix) === true) yield { key: found.key, multipartId: name, startedAt: new Date(found.startedAt) }
    }
  }

  async #partFiles (id: string): Promise<PartFile[]> {
    const folder = join(this.#dir, id)
    const parts: PartFile[] = []
    for (const name of await unlessMissing(readdir(folder)) ?? []) {
      const [, number, etag] = partPattern.exec(name) ?? []
      const path = join(folder, name)
      const found = number === undefined ? undefined : await unlessMissing(stat(path))
      if (found !== undefined) parts.push({ partNumber: Number(number), etag: `"${etag}"`, sizeBytes: found.size, path, modifiedMs: found.mtimeMs })
    }
    return parts
  }

  /** A crash can leave an older file of a part that was sent twice. */
  async #latestParts (id: string): Promise<Map<number, PartFile>> {
    const latest = new Map<number, PartFile>()
    for (const part of await this.#partFiles(id)) {
      const other = latest.get(part.partNumber)
      if (other === undefined || other.modifiedMs < part.modifiedMs) latest.set(part.partNumber, part)
    }
    return latest
  }
}

function fileName (partNumber: number, etag: string): string {
  return `${String(partNumber).padStart(5, '0')};${unquoted(etag)}`
}

function unquoted (etag: string): string {
  return etag.replaceAll('"', '')
}

function chosenParts (refs: readonly PartRef[], uploaded: ReadonlyMap<number, PartFile>): PartFile[] {
  if (refs.length === 0) throw new MultipartInvalidError('none is named')
  return refs.map(({ partNumber, etag }, index) => {
    const before = refs[index - 1]
    if (before !== undefined && before.partNumber >= partNumber) throw new MultipartInvalidError(`part ${partNumber} is out of order`)
    const part = uploaded.get(partNumber)
    if (part === undefined) throw new MultipartInvalidError(`part ${partNumber} was not uploaded`)
    if (unquoted(part.etag) !== unquoted(etag)) throw new MultipartInvalidError(`part ${partNumber} has another etag`)
    return part
  })
}
