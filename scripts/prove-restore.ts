import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadSyntheticRows } from './capacity/synthetic-rows.ts'
import { openDatabase } from '../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded-postgres.ts'
import { migrate } from '../src/platform/database/migrate.ts'
import { migrationsDir } from '../src/paths.ts'
import { withDatabase } from '../test/support/database.ts'
import { freePort } from '../test/support/process.ts'

// Loses a database and a store, and brings both back: npm run proof:restore -- [FOLDER] [--tracks 20000]
// The music of FOLDER (dist/demo) is imported, checked whole after the restore, and played; beside it the same server
// holds a database of so many invented tracks, so that the times are those of an archive of that size.
const { values: { tracks }, positionals: [folder = 'dist/demo'] } = parseArgs({ allowPositionals: true, options: { tracks: { type: 'string', default: '20000' } } })
const root = join(import.meta.dirname, '..')
const username = 'restorer'
const password = 'a long enough password'
const goalSeconds = 600
const walSegment = /^[0-9A-F]{24}$/

interface Places {
  readonly data: string
  readonly postgres: string
  readonly objects: string
  readonly backup: string
  readonly archive: string
}

function freshet (data: string, args: readonly string[], input = ''): string {
  return execFileSync(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { cwd: root, input, encoding: 'utf8', stdio: 'pipe', env: { ...process.env, DATA_DIR: data } })
}

async function query (url: string, text: string, values: readonly unknown[] = []): Promise<Array<Record<string, unknown>>> {
  const db = openDatabase(url, { poolSize: 2, onError: () => {} })
  try {
    return (await db.pool.query<Record<string, unknown>>(text, [...values])).rows
  } finally {
    await db.close()
  }
}

const note = (url: string, name: string) =>
  query(url, 'INSERT INTO playlist (id, owner_id, name, name_key) SELECT gen_random_uuid(), id, $1, $1 FROM user_account LIMIT 1', [name])

/** As RDS does it: a copy of the files while the server runs, then the log of changes, piece by piece. */
async function backUp (url: string, { postgres, objects, backup, archive }: Places): Promise<void> {
  const db = openDatabase(url, { poolSize: 1, onError: () => {} })
  try {
    await db.pool.query("SELECT pg_backup_start('proof', true)")
    execFileSync('cp', ['-a', postgres, join(backup, 'postgres')])
    const { rows: [stopped] } = await db.pool.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
    writeFileSync(join(backup, 'postgres/backup_label'), stopped?.labelfile ?? '')
  } finally {
    await db.close()
  }
  for (const name of readdirSync(join(backup, 'postgres/pg_wal')).filter((name) => walSegment.test(name))) rmSync(join(backup, 'postgres/pg_wal', name))
  rmSync(join(backup, 'postgres/postmaster.pid'), { force: true })
  // The store second: an object without a row is swept, a row without an object would be lost music.
  execFileSync('cp', ['-a', objects, join(backup, 'objects')])
  mkdirSync(archive)
}

async function archiveLog (url: string, { postgres, archive }: Places): Promise<void> {
  const [row] = await query(url, 'SELECT pg_walfile_name(pg_switch_wal()) AS last')
  for (const name of readdirSync(join(postgres, 'pg_wal')).filter((name) => walSegment.test(name) && name <= String(row?.last))) {
    execFileSync('cp', ['-a', join(postgres, 'pg_wal', name), archive])
  }
}

async function lose ({ postgres, objects }: Places): Promise<void> {
  const pid = Number(readFileSync(join(postgres, 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(pid, 'SIGKILL')
  await rm(postgres, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  await rm(objects, { recursive: true, force: true })
}

async function restore ({ postgres, objects, backup, archive }: Places) {
  execFileSync('cp', ['-a', join(backup, 'postgres'), postgres])
  execFileSync('cp', ['-a', join(backup, 'objects'), objects])
  appendFileSync(join(postgres, 'postgresql.auto.conf'), `restore_command = 'cp ${archive}/%f %p'\nrecovery_target_action = 'promote'\n`)
  writeFileSync(join(postgres, 'recovery.signal'), '')
  return await startEmbeddedPostgres({ dir: postgres, passwordFile: join(postgres, '../secrets/postgres-password') })
}

/** Signs in, asks for a track and fetches the first of its bytes with the address that it is given. */
async function play (data: string): Promise<void> {
  const port = await freePort()
  const base = `http://localhost:${port}`
  const web: ChildProcess = spawn(process.execPath, ['src/main.ts'], { cwd: root, stdio: 'ignore', env: { ...process.env, FRESHET_ROLE: 'web', DATA_DIR: data, PORT: String(port), LOG_LEVEL: 'silent' } })
  try {
    while (!await fetch(`${base}/readyz`).then(({ ok }) => ok, () => false)) {
      if (web.exitCode !== null) throw new Error(`the web process ended with ${web.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const session = await json<{ accessToken: string }>(`${base}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password }) })
    const headers = { authorization: `Bearer ${session.accessToken}` }
    const { items: [track] } = await json<{ items: Array<{ id: string }> }>(`${base}/api/tracks`, { headers })
    const { url } = await json<{ url: string }>(`${base}/api/tracks/${track?.id}/stream`, { headers })
    const media = await fetch(url, { headers: { range: 'bytes=0-65535' } })
    if (media.status !== 206 || (await media.arrayBuffer()).byteLength === 0) throw new Error(`the track was answered with ${media.status}`)
  } finally {
    web.kill('SIGTERM')
    await once(web, 'exit')
  }
}

async function json<T> (url: string, init: RequestInit): Promise<T> {
  const answer = await fetch(url, init)
  if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}: ${await answer.text()}`)
  return await answer.json() as T
}

async function main (places: Places): Promise<void> {
  const seconds = async (what: string, work: () => Promise<unknown> | unknown) => {
    const began = performance.now()
    await work()
    const took = (performance.now() - began) / 1_000
    console.log(`${what.padEnd(46)} ${took.toFixed(1).padStart(7)} s`)
    return took
  }
  freshet(places.data, ['import', folder])
  const location = { dir: places.postgres, passwordFile: join(places.data, 'secrets/postgres-password') }
  const { url } = await startEmbeddedPostgres(location)
  freshet(places.data, ['create-admin', '--username', username, '--password-stdin'], password)
  const invented = withDatabase(url, 'invented')
  await migrate(invented, migrationsDir)
  const db = openDatabase(invented, { poolSize: 4, onError: () => {} })
  await loadSyntheticRows(db, Number(tracks)).finally(() => db.close())
  const [size] = await query(url, 'SELECT round(sum(pg_database_size(oid)) / 1e6) AS megabytes FROM pg_database')
  console.log(`${tracks} invented tracks beside ${folder}: databases of ${String(size?.megabytes)} MB`)
  await seconds('back-up of the files, while it runs', () => backUp(url, places))
  await note(url, 'before the last piece of the log')
  await archiveLog(url, places)
  await note(url, 'after it')
  await lose(places)
  console.log('lost: the database’s files by kill -9 and deletion, and the whole store')
  let restored: Awaited<ReturnType<typeof restore>> | undefined
  const toService = await seconds('restored: files, log, objects', async () => { restored = await restore(places) })
  const names = (await query(restored?.url ?? '', 'SELECT name FROM playlist')).map(({ name }) => name)
  const [kept] = await query(withDatabase(restored?.url ?? '', 'invented'), 'SELECT count(*)::int AS tracks FROM track')
  await restored?.stop()
  if (names.join() !== 'before the last piece of the log') throw new Error(`of the two notes there is: ${names.join()}`)
  console.log(`the log’s last piece is the moment that is back; ${String(kept?.tracks)} invented tracks are`)
  const toSound = await seconds('a listener hears a track again', () => play(places.data))
  await seconds('freshet fsck --deep', () => console.log(freshet(places.data, ['fsck', '--deep']).trim()))
  const all = toService + toSound
  console.log(`\nfrom loss to sound ${all.toFixed(1)} s with ${tracks} tracks; goal ≤ ${goalSeconds} s at 100,000: ${all <= goalSeconds ? 'met' : 'missed'}`)
}

const scratch = await mkdtemp(join(tmpdir(), 'freshet-restore-'))
const data = join(scratch, 'data')
mkdirSync(join(scratch, 'backup'))
try {
  await main({ data, postgres: join(data, 'postgres'), objects: join(data, 'objects'), backup: join(scratch, 'backup'), archive: join(scratch, 'archive') })
} finally {
  await rm(scratch, { recursive: true, force: true })
}
