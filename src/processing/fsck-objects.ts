import { createHash } from 'node:crypto'
import type { Database } from '../platform/database/database.ts'
import type { ListedObject, ObjectStore } from '../platform/storage/object-store.ts'
import type { Breach, Progress } from './fsck-rows.ts'
import { unreferenced } from './sweep-objects.ts'

export interface ObjectCheck {
  readonly db: Pick<Database, 'pool'>
  readonly store: ObjectStore
  /** Garbage that is younger than this is no breach. */
  readonly olderThan: Date
  readonly onProgress: Progress
}

interface Recorded {
  readonly key: string
  /** bigint comes as text. */
  readonly size_bytes: string
  readonly sha256: string
}

const batchKeys = 500
const prefixes = ['incoming/', 'media/', 'originals/']

/**
 * Compares the store's listing with the database, page by page; only when the listing misses something is every
 * recorded object asked for by itself.
 */
export async function * checkObjects (check: ObjectCheck): AsyncIterable<Breach> {
  const { rows: [before] } = await check.db.pool.query<{ count: string }>('SELECT count(*) FROM stored_object')
  let found = 0
  let listed = 0
  for await (const page of pagesOf(check.store)) {
    const recorded = await recordedObjects(check, page)
    found += recorded.size
    listed += page.length
    yield * compare(page, recorded)
    yield * garbage(check, page.filter(({ key, lastModifiedAt }) => !recorded.has(key) && lastModifiedAt < check.olderThan))
    check.onProgress('objects', listed)
  }
  if (found < Number(before?.count ?? 0)) yield * checkMissing(check)
}

async function * pagesOf (store: ObjectStore): AsyncIterable<ListedObject[]> {
  let page: ListedObject[] = []
  for (const prefix of prefixes) {
    for await (const info of store.list(prefix)) {
      if (page.push(info) < batchKeys) continue
      yield page
      page = []
    }
  }
  yield page
}

async function recordedObjects ({ db }: ObjectCheck, page: readonly ListedObject[]): Promise<Map<string, Recorded>> {
  const { rows } = await db.pool.query<Recorded>('SELECT key, size_bytes, sha256 FROM stored_object WHERE key = ANY($1::text[])', [page.map(({ key }) => key)])
  return new Map(rows.map((row) => [row.key, row]))
}

function * compare (page: readonly ListedObject[], recorded: ReadonlyMap<string, Recorded>): Iterable<Breach> {
  for (const { key, sizeBytes } of page) {
    const row = recorded.get(key)
    if (row !== undefined && Number(row.size_bytes) !== sizeBytes) yield breach(key, `it has ${sizeBytes} bytes instead of ${row.size_bytes}`)
  }
}

async function * garbage ({ db }: ObjectCheck, aged: readonly ListedObject[]): AsyncIterable<Breach> {
  for (const key of await unreferenced(db.pool, aged.map(({ key }) => key))) yield breach(key, 'nothing refers to it, and it is older than the grace time')
}

async function * checkMissing (check: ObjectCheck): AsyncIterable<Breach> {
  for await (const row of recordedRows(check, 'missing objects')) {
    if (await check.store.head(row.key) === null) yield breach(row.key, 'it is missing from the store')
  }
}

/** Reads every byte: finds what has changed without changing its size. */
export async function * checkContents (check: ObjectCheck): AsyncIterable<Breach> {
  for await (const { key, sha256 } of recordedRows(check, 'contents')) {
    if (await check.store.head(key) === null) continue
    if (await hashObject(check.store, key) !== sha256) yield breach(key, 'its bytes have changed: the sha256 differs')
  }
}

async function hashObject (store: ObjectStore, key: string): Promise<string> {
  const { body } = await store.get(key)
  const hash = createHash('sha256')
  for await (const chunk of body) hash.update(chunk)
  return hash.digest('hex')
}

async function * recordedRows ({ db, onProgress }: ObjectCheck, step: string): AsyncIterable<Recorded> {
  let last = ''
  for (let done = 0; ;) {
    const { rows } = await db.pool.query<Recorded>('SELECT key, size_bytes, sha256 FROM stored_object WHERE key > $1 ORDER BY key LIMIT $2', [last, batchKeys])
    yield * rows
    done += rows.length
    onProgress(step, done)
    last = rows.at(-1)?.key ?? last
    if (rows.length < batchKeys) return
  }
}

function breach (key: string, message: string): Breach {
  return { invariant: 'I2', subject: `object ${key}`, message }
}
