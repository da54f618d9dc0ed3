import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.ts'

build()
// Imported only now: it needs the database client that was just built.
const { startTestPostgres } = await import('../test/support/database.ts')

const root = join(import.meta.dirname, '..')
const postgres = await startTestPostgres()
const tap = spawn(join(root, 'node_modules/.bin/tap'), ['run', '--disable-coverage', '--allow-empty-coverage', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, TEST_POSTGRES_URL: postgres.url }
})
// Ctrl-C reaches tap as well; this process stays to put Postgres away.
process.on('SIGINT', () => {})
tap.on('close', async (code) => {
  await postgres.stop()
  process.exitCode = code ?? 1
})
