import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Test } from 'tap'
import { type Database, openDatabase } from '../../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.ts'
import { migrate } from '../../src/platform/database/migrate.ts'

const migrations = join(import.meta.dirname, '../../prisma/migrations')
export const templateName = 'freshet_template'

/** A migrated, empty database of its own for one test (file), dropped at its end, with its address. */
export async function testDatabase (t: Test): Promise<Database & { readonly url: string }> {
  const server = await serverUrl(t)
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(server, `CREATE DATABASE ${name} TEMPLATE ${templateName}`)
  const url = withDatabase(server, name)
  const db = openDatabase(url, { poolSize: 10, onError: (error) => t.comment(error.message) })
  t.teardown(async () => {
    await db.close()
    await asAdmin(server, `DROP DATABASE ${name} WITH (FORCE)`)
  })
  return { ...db, url }
}

/** Address of the server's `postgres` database: the one that `npm test` started for all files, else one of our own. */
async function serverUrl (t: Test): Promise<string> {
  const shared = process.env.TEST_POSTGRES_URL
  if (shared !== undefined) return shared
  const { url, stop } = await startTestPostgres()
  t.teardown(stop)
  return url
}

/** A Postgres in a temporary folder, with the migrated template database. */
export async function startTestPostgres (): Promise<{ readonly url: string, stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-postgres-'))
  const server = await startEmbeddedPostgres({ dir: join(folder, 'data'), passwordFile: join(folder, 'password') })
  await migrate(withDatabase(server.url, templateName), migrations)
  return {
    url: withDatabase(server.url, 'postgres'),
    async stop () {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

export function withDatabase (address: string, name: string): string {
  const url = new URL(address)
  url.pathname = `/${name}`
  return url.href
}

async function asAdmin (server: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
