import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { startEmbeddedPostgres } from '../../../src/platform/database/embedded-postgres.ts'
import { migrate } from '../../../src/platform/database/migrate.ts'
import { migrationsDir } from '../../../src/paths.ts'
import { schemaDrift } from '../../../scripts/schema-drift.ts'
import { testDatabase, withDatabase } from '../../support/database.ts'

const embedded = join(import.meta.dirname, '../../../src/platform/database/embedded-postgres.ts')

t.test('the migrations make the database that the schema describes', async (t) => {
  const db = await testDatabase(t)
  t.same(schemaDrift(db.url), [])
})

t.test('starters that migrate at once apply every migration exactly once', async (t) => {
  const db = await testDatabase(t)
  const fresh = withDatabase(db.url, `fresh_${process.pid}`)
  t.teardown(() => db.pool.query(`DROP DATABASE IF EXISTS fresh_${process.pid} WITH (FORCE)`))
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(fresh, migrationsDir)))
  t.ok(applied.some((names) => names.length > 0), 'one applies them')
  t.equal(new Set(applied.flat()).size, applied.flat().length, 'nobody applies one again')
  t.same(await migrate(fresh, migrationsDir), [], 'a later start has nothing to do')
})

t.test('a migration that was changed, is unknown or fails stops the start and says which', async (t) => {
  const db = await testDatabase(t)
  const folder = await mkdtemp(join(tmpdir(), 'freshet-migrations-'))
  await cp(migrationsDir, folder, { recursive: true })
  await mkdir(join(folder, '29990101000000_broken'))
  await writeFile(join(folder, '29990101000000_broken', 'migration.sql'), 'CREATE TABLE half (id int); SELECT 1 / 0;')
  await t.rejects(migrate(db.url, folder), { code: 'MIGRATION_FAILED', message: /29990101000000_broken failed: division by zero/ })
  t.equal((await db.pool.query("SELECT to_regclass('half') AS half")).rows[0].half, null, 'nothing of it stays')
  await writeFile(join(folder, '29990101000000_broken', 'migration.sql'), 'CREATE TABLE half (id int);')
  t.same(await migrate(db.url, folder), ['29990101000000_broken'], 'put right, it is applied')
  await db.pool.query('UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = $1', ['29990101000000_broken'])
  await t.rejects(migrate(db.url, folder), { code: 'MIGRATION_FAILED', message: /broke off before/ }, 'as Prisma’s own command leaves it')
  await t.rejects(migrate(db.url, migrationsDir), { code: 'MIGRATION_UNKNOWN', message: /29990101000000_broken/ })
})

t.test('a first start that is killed at any time is made good by the next', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-first-start-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const location = { dir: join(folder, 'postgres'), passwordFile: join(folder, 'password') }
  const source = `import { startEmbeddedPostgres } from ${JSON.stringify(embedded)}; await startEmbeddedPostgres(${JSON.stringify(location)})`
  const killed = spawn(process.execPath, ['--input-type=module', '-e', source], { detached: true, stdio: 'ignore' })
  const gone = once(killed, 'exit')
  // initdb writes this file before it has made anything of use.
  while (!(await readdir(folder, { recursive: true })).some((name) => name.endsWith('PG_VERSION'))) await delay(2)
  process.kill(-(killed.pid ?? 0), 'SIGKILL')
  await gone
  const server = await startEmbeddedPostgres(location)
  t.teardown(server.stop)
  t.ok((await migrate(server.url, migrationsDir)).length > 0)
})

t.test('the audit log can be added to and not changed', async (t) => {
  const db = await testDatabase(t)
  await db.pool.query("INSERT INTO audit_event (at, action, subject, prev_hash, hash) VALUES (now(), 'test', 'x', '', 'h')")
  await t.rejects(db.pool.query("UPDATE audit_event SET subject = 'y'"), /append-only/)
  await t.rejects(db.pool.query('DELETE FROM audit_event'), /append-only/)
  await t.rejects(db.pool.query('TRUNCATE audit_event'), /append-only/)
})
