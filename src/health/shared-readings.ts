import type pg from 'pg'
import type { QueueCounts } from '../platform/metrics/queue-counts.ts'
import { writeSamples } from './write-samples.ts'

export interface SharedSources {
  readonly pool: Pick<pg.Pool, 'query'>
  readonly queueCounts: () => Promise<QueueCounts>
}

/** Adding up the sizes of millions of objects takes seconds. */
const storageEveryMinutes = 15

/** What is the same wherever it is read: whoever comes first in a minute reads it for all. */
export async function readShared ({ pool, queueCounts }: SharedSources): Promise<void> {
  const { rows: [due] } = await pool.query<{ minute: boolean, storage: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM health_sample WHERE at = date_trunc('minute', now()) AND name = 'jobsWaiting.max') AS minute,
            NOT EXISTS (SELECT FROM health_sample WHERE at > now() - make_interval(mins => $1) AND name = 'storage.originals.max') AS storage`, [storageEveryMinutes])
  if (due?.minute !== true) return
  const { dead } = await queueCounts()
  await writeSamples(pool, new Map([...await readDatabase(pool), ['queueDead.max', dead], ...(due.storage ? await readStorage(pool) : [])]))
}

async function readDatabase (pool: Pick<pg.Pool, 'query'>): Promise<Array<[string, number]>> {
  const { rows: [row] } = await pool.query<{ waiting: number, oldest: number, running: number, size: number, connections: number }>(
    `SELECT (SELECT count(*) FROM job WHERE state = 'waiting')::int AS waiting,
            (SELECT count(*) FROM job WHERE state = 'running')::int AS running,
            (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM job WHERE state = 'waiting')::float8 AS oldest,
            pg_database_size(current_database())::float8 AS size,
            (SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend')::float8 AS connections`)
  if (row === undefined) return []
  return [['jobsWaiting.max', row.waiting], ['jobsRunning.max', row.running], ['jobsOldest.max', row.oldest], ['databaseBytes.max', row.size], ['databaseConnections.max', row.connections]]
}

async function readStorage (pool: Pick<pg.Pool, 'query'>): Promise<Array<[string, number]>> {
  const { rows: [row] } = await pool.query<{ originals: number, renditions: number, artwork: number }>(
    `SELECT coalesce(sum(size_bytes) FILTER (WHERE key LIKE 'originals/%'), 0)::float8 AS originals,
            coalesce(sum(size_bytes) FILTER (WHERE key LIKE 'media/%' AND key NOT LIKE 'media/artwork/%'), 0)::float8 AS renditions,
            coalesce(sum(size_bytes) FILTER (WHERE key LIKE 'media/artwork/%'), 0)::float8 AS artwork
     FROM stored_object`)
  if (row === undefined) return []
  return [['storage.originals.max', row.originals], ['storage.renditions.max', row.renditions], ['storage.artwork.max', row.artwork]]
}
