import type pg from 'pg'
import type { Database } from '../platform/database/database.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { sweepLockKey } from './sweep-lock.ts'

export interface SweepDeps {
  readonly db: Database
  readonly store: ObjectStore
  readonly now: () => Date
  /** Ends the sweep early; the next one goes on. */
  readonly signal?: AbortSignal
}

export interface Swept {
  readonly deleted: number
  readonly deletedBytes: number
}

/** Long enough for every attempt, every listener in mid-song and every backup; short enough to cost little. */
export const sweepGraceMs = 24 * 3_600_000

const batchKeys = 500
/** Publications wait while so many are deleted. */
const deletedAtOnce = 50
const prefixes = ['incoming/', 'media/', 'originals/']

/**
 * Deletes what nothing in the database refers to and what is older than the grace time: losing attempts, the incoming
 * files of ended uploads, renditions whose replacement is as old. Holds a page of keys in memory, whatever the store's size.
 */
export async function sweepObjects ({ db, store, now, signal }: SweepDeps, graceMs: number = sweepGraceMs): Promise<Swept> {
  const olderThan = new Date(now().getTime() - graceMs)
  await db.pool.query('DELETE FROM stored_object WHERE replaced_at < $1', [olderThan])
  let deleted = 0
  let deletedBytes = 0
  for await (const page of agedObjects(store, olderThan)) {
    if (signal?.aborted === true) break
    const garbage = await unreferenced(db.pool, [...page.keys()])
    for (let start = 0; start < garbage.length; start += deletedAtOnce) {
      for (const key of await deleteGarbage({ db, store }, garbage.slice(start, start + deletedAtOnce))) {
        deleted++
        deletedBytes += page.get(key) ?? 0
      }
    }
  }
  return { deleted, deletedBytes }
}

/** Sizes by key, page by page. */
async function * agedObjects (store: ObjectStore, olderThan: Date): AsyncIterable<Map<string, number>> {
  let page = new Map<string, number>()
  for (const prefix of prefixes) {
    for await (const { key, sizeBytes, lastModifiedAt } of store.list(prefix)) {
      if (lastModifiedAt < olderThan) page.set(key, sizeBytes)
      if (page.size < batchKeys) continue
      yield page
      page = new Map()
    }
  }
  yield page
}

/**
 * Which of these keys nothing refers to: neither a stored object, nor an upload under way, nor a job that may still run.
 */
export async function unreferenced (pool: Pick<pg.Pool | pg.PoolClient, 'query'>, keys: readonly string[]): Promise<string[]> {
  if (keys.length === 0) return []
  const { rows } = await pool.query<{ key: string }>(
    `SELECT key FROM unnest($1::text[]) AS listed(key)
     WHERE NOT EXISTS (SELECT FROM stored_object WHERE stored_object.key = listed.key)
       AND NOT EXISTS (SELECT FROM upload WHERE object_key = listed.key AND state IN ('open', 'received'))
       AND NOT EXISTS (SELECT FROM job WHERE payload->>'folderArtworkKey' = listed.key AND state IN ('waiting', 'running', 'failed'))`, [keys])
  return rows.map(({ key }) => key)
}

/** While nobody publishes, looks again and deletes: a publication that reuses one of these comes before or after. */
async function deleteGarbage ({ db, store }: Pick<SweepDeps, 'db' | 'store'>, keys: readonly string[]): Promise<string[]> {
  const client = await db.pool.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [sweepLockKey])
    const garbage = await unreferenced(client, keys)
    for (const key of garbage) await store.delete(key)
    await client.query('COMMIT')
    client.release()
    return garbage
  } catch (error) {
    client.release(true)
    throw error
  }
}
