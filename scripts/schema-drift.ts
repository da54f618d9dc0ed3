import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/**
 * The statements that would bring a migrated database to `prisma/schema.prisma`. Indexes that only SQL can express are
 * unknown to the schema and left alone.
 */
export function schemaDrift (databaseUrl: string): string[] {
  const result = spawnSync(join(root, 'node_modules/.bin/prisma'), ['migrate', 'diff', '--from-config-datasource', '--to-schema', 'prisma/schema.prisma', '--script'], {
    cwd: root, encoding: 'utf8', env: { ...process.env, DATABASE_URL: databaseUrl }
  })
  if (result.status !== 0) throw new Error(result.stderr)
  return result.stdout
    .split(/^(?=-- [A-Z])/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '' && !statement.startsWith('-- DropIndex') && !statement.startsWith('-- This is an empty migration'))
}
