import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { narrowingStatements } from '../../../scripts/narrowing-statements.ts'
import { migrationsDir } from '../../../src/paths.ts'
import { migrate } from '../../../src/platform/database/migrate.ts'
import { testDatabase } from '../../support/database.ts'

t.test('the version before starts on a database to which a newer one has only added', async (t) => {
  const db = await testDatabase(t)
  const newer = await mkdtemp(join(tmpdir(), 'freshet-newer-'))
  t.teardown(() => rm(newer, { recursive: true }))
  await cp(migrationsDir, newer, { recursive: true })
  const add = async (name: string, sql: string) => {
    await mkdir(join(newer, name))
    await writeFile(join(newer, name, 'migration.sql'), sql)
  }
  await add('29990101000000_expand_track_mood', 'ALTER TABLE track ADD COLUMN mood TEXT')
  t.same(await migrate(db.url, newer), ['29990101000000_expand_track_mood'])
  t.same(await migrate(db.url, migrationsDir), [], 'rolled back, it starts')
  t.same(await migrate(db.url, newer), [], 'and forward again')
  await add('29990102000000_expansive_drop', 'ALTER TABLE track DROP COLUMN mood')
  await migrate(db.url, newer)
  await t.rejects(migrate(db.url, migrationsDir), { code: 'MIGRATION_UNKNOWN', message: /expansive_drop/ }, 'one that may have taken something away is refused')
})

t.test('what only adds is told from what the version before could stumble over', async (t) => {
  const adding = [
    'ALTER TABLE "track" ADD COLUMN "mood" TEXT;',
    'ALTER TABLE "track" ADD COLUMN "mood" TEXT NOT NULL DEFAULT \'\';',
    'ALTER TABLE "track" ALTER COLUMN "mood" DROP NOT NULL;',
    'CREATE INDEX "track_mood" ON "track" ("mood");',
    'CREATE TABLE "mood" ("id" UUID NOT NULL); ALTER TABLE "mood" ADD CONSTRAINT "f" FOREIGN KEY ("id") REFERENCES "track"("id"); CREATE UNIQUE INDEX "u" ON "mood" ("id");',
    '-- DROP TABLE in a remark\nCREATE TABLE "mood" ("id" UUID NOT NULL);'
  ]
  for (const sql of adding) t.same(narrowingStatements(sql), [], sql)
  const narrowing = [
    'DROP TABLE "track"',
    'ALTER TABLE "track" DROP COLUMN "title"',
    'ALTER TABLE "track" RENAME COLUMN "title" TO "name"',
    'ALTER TABLE "track" ALTER COLUMN "year" SET NOT NULL',
    'ALTER TABLE "track" ALTER COLUMN "year" SET DATA TYPE BIGINT',
    'ALTER TABLE "track" ADD COLUMN "mood" TEXT NOT NULL',
    'ALTER TABLE "track" ADD CONSTRAINT "positive" CHECK (year > 0)',
    'CREATE UNIQUE INDEX "u" ON "track" ("title")'
  ]
  for (const sql of narrowing) t.same(narrowingStatements(`CREATE TABLE "mood" ("id" UUID);\n${sql};`), [sql])
})

t.test('no migration that is named so does more than add', async (t) => {
  for (const name of (await readdir(migrationsDir)).filter((name) => /^\d{14}_expand/.test(name))) {
    t.same(narrowingStatements(await readFile(join(migrationsDir, name, 'migration.sql'), 'utf8')), [], name)
  }
})
