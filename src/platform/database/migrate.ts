import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import createError from '@fastify/error'
import pg from 'pg'
import { addressAt, connectionOptions, type DatabaseAddress, databaseName, urlOf } from './database-address.ts'
import { unreachable } from './database-fault.ts'

export const MigrationFailedError = createError<[string, string]>('MIGRATION_FAILED', 'migration %s failed: %s', 500)
export const MigrationUnknownError = createError<[string]>('MIGRATION_UNKNOWN', 'the database has migration %s, which this version of Freshet does not know; run the newer version', 500)
export const MigrationChangedError = createError<[string]>('MIGRATION_CHANGED', 'migration %s was changed after it had been applied', 500)

/** The advisory lock that `prisma migrate` itself takes, so that the two never run at once. */
const lockKey = 72_707_369

const historyTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0)`

interface Applied {
  migration_name: string
  checksum: string
  finished_at: Date | null
}

/**
 * Applies what is missing of `prisma/migrations` and returns the names applied. It creates the database if need be,
 * and keeps Prisma's own history table, so that the Prisma CLI agrees with it. Two at once: one applies, the other waits.
 * @throws DatabaseUnreachableError naming the setting to look at, and the errors above
 */
export async function migrate (address: DatabaseAddress, dir: string): Promise<string[]> {
  await createDatabaseIfMissing(address)
  const client = new pg.Client(connectionOptions(address))
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockKey])
    await client.query(historyTable)
    return await applyMissing(client, dir)
  } finally {
    await client.end()
  }
}

/**
 * By its name, a migration of a newer version that this one can live with: so that instances of the version before still
 * start while a release is rolled out, or taken back (docs/decisions/0026).
 */
function onlyAdds (name: string): boolean {
  return /^\d{14}_expand(_|$)/.test(name)
}

async function applyMissing (client: pg.Client, dir: string): Promise<string[]> {
  const known = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
  const { rows } = await client.query<Applied>('SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL')
  const history = new Map(rows.map((row) => [row.migration_name, row]))
  const unknown = rows.find((row) => !known.includes(row.migration_name) && !onlyAdds(row.migration_name))
  if (unknown !== undefined) throw new MigrationUnknownError(unknown.migration_name)
  const applied: string[] = []
  for (const name of known) {
    const sql = await readFile(join(dir, name, 'migration.sql'), 'utf8')
    const checksum = createHash('sha256').update(sql).digest('hex')
    const past = history.get(name)
    if (past === undefined) {
      await apply(client, { name, sql, checksum })
      applied.push(name)
    } else if (past.finished_at === null) {
      throw new MigrationFailedError(name, 'it broke off before; restore the backup or see `prisma migrate resolve`')
    } else if (past.checksum !== checksum) {
      throw new MigrationChangedError(name)
    }
  }
  return applied
}

/** In one transaction with its row of the history: a start that is killed or fails leaves nothing, and the next one tries again. */
async function apply (client: pg.Client, { name, sql, checksum }: { name: string, sql: string, checksum: string }): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(sql)
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)',
      [randomUUID(), checksum, name])
    await client.query('COMMIT')
  } catch (error) {
    // The connection ends with the start, and with it the transaction.
    throw new MigrationFailedError(name, error instanceof Error ? error.message : String(error))
  }
}

async function createDatabaseIfMissing (address: DatabaseAddress): Promise<void> {
  const maintenance = new URL(urlOf(address))
  maintenance.pathname = '/postgres'
  const probe = new pg.Client(connectionOptions(address))
  try {
    await probe.connect()
    return
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '3D000') throw unreachable(error)
  } finally {
    await probe.end()
  }
  const admin = new pg.Client(connectionOptions(addressAt(address, maintenance.href)))
  await admin.connect()
  try {
    await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(databaseName(urlOf(address)))}`)
  } catch (error) {
    // Another starter was faster: it had finished (duplicate_database), or was at it (unique_violation in pg_database).
    if (!(error instanceof pg.DatabaseError) || !['42P04', '23505'].includes(error.code ?? '')) throw error
  } finally {
    await admin.end()
  }
}
