import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import pg from 'pg'
import type { Config } from '../config.ts'
import { openDatabaseServer } from '../open-platform.ts'
import { migrationsDir } from '../paths.ts'
import { addressAt, connectionOptions, type DatabaseAddress } from '../platform/database/database-address.ts'
import { checkQueue } from './doctor-checks.ts'
import { checkReplica } from './doctor-replica.ts'
import { type Finding, look } from './finding.ts'

/** Sessions and signed addresses are on this machine's clock, leases on the database's. */
const worstSkewMs = 2_000
const oldestPostgres = 140_000

/** Server, migrations, extensions and clock. The embedded server is started for it where none runs. */
export async function * checkDatabase (config: Config): AsyncGenerator<Finding> {
  if (config.database.kind === 'embedded' && !existsSync(config.database.dir)) {
    yield { subject: 'Database', fault: false, text: 'embedded, made at the first start' }
    return
  }
  let server: Awaited<ReturnType<typeof openDatabaseServer>> | undefined
  let client: pg.Client | undefined
  try {
    const opened = await look('Database', async () => {
      server = await openDatabaseServer(config, { joinRunning: true })
      client = new pg.Client({ ...connectionOptions(server.address), connectionTimeoutMillis: 5_000 })
      return await connect(client, server.owned)
    })
    yield opened
    if (opened.fault || client === undefined) return
    const connected = client
    yield await look('Migrations', () => checkMigrations(connected))
    if (config.queue.kind === 'postgres' && server !== undefined) {
      const { address } = server
      yield await look('Queue', () => checkPostgresQueue(config, connected, address))
    }
    yield await look('Extensions', () => checkExtensions(connected))
    yield await look('Clock', () => checkClock(connected))
    const { replicaUrl } = config.database
    if (replicaUrl !== undefined && server !== undefined) {
      const address = addressAt(server.address, replicaUrl)
      yield await look('Replica', () => checkReplica(address, { pool: connected }))
    }
  } finally {
    await client?.end().catch(() => {})
    await server?.stop()
  }
}

async function connect (client: pg.Client, owned: boolean): Promise<string> {
  try {
    await client.connect()
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '3D000') throw new Error('the server answers, but the database does not exist yet: run `freshet migrate`')
    throw new Error(`it can’t be reached: ${error instanceof Error ? error.message : String(error)}; check DATABASE_URL and that Postgres runs`)
  }
  const { rows: [row] } = await client.query<{ number: string, version: string }>("SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version")
  if (row === undefined || Number(row.number) < oldestPostgres) throw new Error(`Postgres ${row?.version} is too old; 14 or newer is needed`)
  return `Postgres ${row.version}, ${owned ? 'embedded, started for this check' : 'reachable'}`
}

async function checkMigrations (client: pg.Client): Promise<string> {
  const known = (await readdir(migrationsDir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const { rows: [history] } = await client.query<{ exists: boolean }>("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists")
  if (history?.exists !== true) return `none of ${known.length} applied yet; the first start does it`
  const { rows } = await client.query<{ name: string, finished: boolean }>(
    'SELECT migration_name AS name, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL')
  const broken = rows.find(({ finished }) => !finished)
  if (broken !== undefined) throw new Error(`${broken.name} broke off; restore the backup or see \`prisma migrate resolve\``)
  const unknown = rows.find(({ name }) => !known.includes(name))
  if (unknown !== undefined) throw new Error(`the database has ${unknown.name}, which this version does not know; run the newer version of Freshet`)
  const missing = known.length - rows.length
  return missing === 0 ? `all ${known.length} applied` : `${missing} of ${known.length} to be applied at the next start, or by \`freshet migrate\``
}

async function checkPostgresQueue (config: Config, client: pg.Client, address: DatabaseAddress): Promise<string> {
  const { rows: [table] } = await client.query<{ exists: boolean }>("SELECT to_regclass('queue_message') IS NOT NULL AS exists")
  return table?.exists === true ? await checkQueue(config, address) : 'made by the migrations'
}

async function checkExtensions (client: pg.Client): Promise<string> {
  const { rows: [row] } = await client.query<{ available: boolean }>("SELECT count(*) > 0 AS available FROM pg_available_extensions WHERE name = 'pg_trgm'")
  if (row?.available !== true) throw new Error('pg_trgm is not available; install the contrib package of your Postgres')
  return 'pg_trgm is there'
}

async function checkClock (client: pg.Client): Promise<string> {
  const before = Date.now()
  const { rows: [row] } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  const skewMs = Math.round((before + Date.now()) / 2 - (row?.now.getTime() ?? 0))
  if (Math.abs(skewMs) > worstSkewMs) throw new Error(`this machine is ${Math.abs(skewMs)} ms ${skewMs > 0 ? 'ahead of' : 'behind'} the database; set both by NTP`)
  return `${Math.abs(skewMs)} ms from the database’s`
}
