import type { Readable } from 'node:stream'

/** What a store knows of an object. */
export interface ObjectInfo {
  readonly key: string
  readonly sizeBytes: number
  /** Quoted, as HTTP has it. */
  readonly etag: string
  readonly contentType: string
  readonly lastModifiedAt: Date
}

/** What a listing tells: S3 leaves the type out. */
export type ListedObject = Omit<ObjectInfo, 'contentType'>

/** Inclusive byte positions. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

export interface PutOptions {
  readonly contentType: string
  /** Lower-case hex; the store refuses bytes that do not match. */
  readonly sha256?: string
  /** Fail with OBJECT_EXISTS rather than overwrite. */
  readonly ifAbsent?: boolean
}

/** A request that a browser may send by itself until `expiresAt`. */
export interface PresignedRequest {
  readonly method: 'PUT'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly expiresAt: Date
}

export interface PresignOptions {
  /** The exact size of the body; another size is refused. */
  readonly sizeBytes: number
  readonly expiresInSeconds: number
}

export interface UploadedPart {
  /** From 1 to 10,000. */
  readonly partNumber: number
  readonly etag: string
  readonly sizeBytes: number
}

export interface PendingMultipart {
  readonly key: string
  readonly multipartId: string
  readonly startedAt: Date
}

/**
 * Where objects are kept: a folder (`DiskObjectStore`) or S3 (`S3ObjectStore`).
 *
 * Every method that writes returns only when the bytes would survive a crash. Keys are relative paths of
 * `[A-Za-z0-9._-]` segments; anything else throws OBJECT_KEY_INVALID. A missing object throws OBJECT_NOT_FOUND
 * (`head` gives null, `delete` does nothing). `signal` aborts with the signal's reason.
 */
export interface ObjectStore {
  put(key: string, body: Uint8Array, options: PutOptions): Promise<ObjectInfo>
  /** Stores a local file; large ones go up in parts. */
  putFile(key: string, path: string, options: PutOptions): Promise<ObjectInfo>
  /** @throws OBJECT_RANGE when the range begins after the end */
  get(key: string, options?: { readonly range?: ByteRange, readonly signal?: AbortSignal }): Promise<{ readonly info: ObjectInfo, readonly body: Readable }>
  head(key: string): Promise<ObjectInfo | null>
  /** Within the store, without moving bytes through this process. */
  copy(fromKey: string, toKey: string, options: Pick<PutOptions, 'contentType' | 'ifAbsent'>): Promise<ObjectInfo>
  delete(key: string): Promise<void>
  /** In byte order of the key, page by page. */
  list(prefix: string): AsyncIterable<ListedObject>

  /** For a browser to upload a whole object in one request; refused when the object exists already. */
  presignPut(key: string, options: PresignOptions & { readonly contentType: string }): Promise<PresignedRequest>
  createMultipart(key: string, options: { readonly contentType: string }): Promise<string>
  presignPart(key: string, multipartId: string, partNumber: number, options: PresignOptions): Promise<PresignedRequest>
  /** Scheme, host and port of the addresses that are presigned here. */
  uploadOrigin(): Promise<string>
  listParts(key: string, multipartId: string): Promise<UploadedPart[]>
  /** @throws MULTIPART_INVALID when a part is missing or its etag differs; MULTIPART_NOT_FOUND */
  completeMultipart(key: string, multipartId: string, parts: ReadonlyArray<Pick<UploadedPart, 'partNumber' | 'etag'>>): Promise<ObjectInfo>
  /** Gives the storage of its parts back; does nothing when no such upload is under way. */
  abortMultipart(key: string, multipartId: string): Promise<void>
  listMultiparts(prefix: string): AsyncIterable<PendingMultipart>

  /**
   * Removes what broken-off writes from before then left behind, other than multipart uploads.
   * @returns how many bytes it gave back; where the store keeps nothing of such writes, 0
   */
  removeLeftovers(before: Date): Promise<number>
  /** Fails with a sentence when the store can't be used: for readiness and `freshet doctor`. */
  check(): Promise<void>
  close(): Promise<void>
}
