import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Actor } from '../src/accounts/actor.ts'
import { listAlbums } from '../src/catalog/albums.ts'
import { listArtists } from '../src/catalog/artists.ts'
import { createTotals, getHome } from '../src/catalog/home.ts'
import type { Page } from '../src/catalog/schemas.ts'
import { search } from '../src/catalog/search.ts'
import { listTracks } from '../src/catalog/tracks.ts'
import { type Database, openDatabase } from '../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded-postgres.ts'
import { migrate } from '../src/platform/database/migrate.ts'
import { listUploads } from '../src/uploads/find-uploads.ts'
import { summariseUploads } from '../src/uploads/upload-summary.ts'
import { loadSyntheticRows } from './capacity/synthetic-rows.ts'

// Prints what the statements of lists, searches and the ledger take in an invented archive, as Postgres explains them
// after they have run once, and which tables they read whole.

const { values } = parseArgs({ options: { tracks: { type: 'string', default: '300000' }, uploads: { type: 'string', default: '500000' }, plans: { type: 'boolean', default: false } } })
const pageSize = 200
/** Pages before the one that stands for a place deep in a list. */
const deepAfter = 5
/** A table with fewer pages is read whole because that is quickest. */
const bigTables = /Seq Scan on (track|album|artist|upload|play|search_doc|track_genre|track_artist|stored_object)\b/

let label = ''

interface Statement { readonly name?: string, readonly text: string, readonly values?: readonly unknown[] }

/** The same database, whose statements are explained and printed. */
function explained (db: Database): Database {
  const query = async (given: string | Statement, list: readonly unknown[] = []) => {
    const statement: Statement = typeof given === 'string' ? { text: given, values: list } : given
    const parameters = [...statement.values ?? []]
    const answer = await db.pool.query(statement.text, parameters)
    const { rows } = await db.pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE, BUFFERS) ${statement.text}`, parameters)
    const plan = rows.map((row) => row['QUERY PLAN'])
    const ms = plan.map((line) => /^Execution Time: ([\d.]+)/.exec(line)?.[1]).find((time) => time !== undefined) ?? '?'
    const whole = plan.flatMap((line) => bigTables.exec(line)?.[1] ?? [])
    console.log(`${label.padEnd(32)} ${(statement.name ?? '').padEnd(34)} ${ms.padStart(9)} ms${whole.length === 0 ? '' : `, reads ${whole.join(', ')} whole`}`)
    if (values.plans) console.log(plan.map((line) => `    ${line}`).join('\n'))
    return answer
  }
  const pool = new Proxy(db.pool, { get: (target, name): unknown => name === 'query' ? query : Reflect.get(target, name) })
  return { ...db, pool }
}

/** The first page and one further on. */
async function pages (name: string, db: Database, read: (from: Database, cursor: { cursor?: string }) => Promise<Page<unknown>>): Promise<void> {
  label = `${name}, first`
  let page = await read(explained(db), {})
  for (let n = 1; n < deepAfter && page.nextCursor !== null; n++) page = await read(db, { cursor: page.nextCursor })
  label = `${name}, further`
  if (page.nextCursor !== null) await read(explained(db), { cursor: page.nextCursor })
}

/** One genre of two fifths of all tracks, one of a sixtieth, one of a handful. */
async function addGenres ({ pool }: Database): Promise<Array<readonly [name: string, id: string]>> {
  await pool.query("INSERT INTO genre (id, name, name_key) SELECT gen_random_uuid(), 'genre ' || n, 'genre ' || n FROM generate_series(1, 60) n")
  await pool.query(`INSERT INTO track_genre (track_id, genre_id) SELECT t.id, g.id FROM (SELECT id, row_number() OVER () AS n FROM track) t
    JOIN (SELECT id, row_number() OVER (ORDER BY name_key) AS k FROM genre) g ON (g.k = 1 AND t.n % 5 < 2) OR (g.k = 2 AND t.n % 50000 = 7) OR g.k = 3 + t.n % 58`)
  await pool.query('UPDATE genre SET track_count = (SELECT count(*) FROM track_genre WHERE genre_id = genre.id)')
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM genre ORDER BY track_count DESC')
  return [['big genre', rows[0]?.id ?? ''], ['middle genre', rows[5]?.id ?? ''], ['tiny genre', rows.at(-1)?.id ?? '']]
}

async function addUploads ({ pool }: Database, userId: string, count: number): Promise<void> {
  await pool.query(`INSERT INTO upload (id, source, user_id, relative_path, size_bytes, fingerprint, object_key, part_size_bytes, state, reason_code, created_at, updated_at)
    SELECT gen_random_uuid(), 'browser', $1, n || '.flac', 30000000, n::text, n::text, 8388608,
      (CASE WHEN n % 200 = 0 THEN 'rejected' WHEN n > $2 - 3000 THEN 'received' ELSE 'published' END)::"UploadState",
      CASE WHEN n % 200 = 0 THEN 'NOT_AUDIO' WHEN n > $2 - 100 THEN 'FAILED' END, now() - ($2 - n) * interval '1 second', now() FROM generate_series(1, $2::int) n`, [userId, count])
}

async function run (db: Database): Promise<void> {
  await loadSyntheticRows(db, Number(values.tracks))
  const { rows: [user] } = await db.pool.query<{ id: string, username: string }>('SELECT id, username FROM user_account ORDER BY username LIMIT 1')
  const listener = { userId: user?.id ?? '' }
  const genres = await addGenres(db)
  await addUploads(db, listener.userId, Number(values.uploads))
  await db.pool.query('VACUUM ANALYZE')
  for (const sort of ['title', 'added'] as const) {
    await pages(`tracks by ${sort}`, db, (from, cursor) => listTracks(from, listener, { sort, limit: pageSize, ...cursor }))
    for (const [name, genre] of genres) await pages(`${name} by ${sort}`, db, (from, cursor) => listTracks(from, listener, { sort, limit: pageSize, genre, ...cursor }))
  }
  for (const sort of ['title', 'added', 'year'] as const) await pages(`albums by ${sort}`, db, (from, cursor) => listAlbums(from, listener, { sort, limit: pageSize, ...cursor }))
  await pages('artists', db, (from, cursor) => listArtists(from, listener, { limit: pageSize, ...cursor }))
  label = 'home'
  await getHome(explained(db), listener, createTotals())
  for (const q of ['love', 'a', 'night river', 'beethvoen']) {
    label = `search “${q}”`
    await search(explained(db), async () => [], listener, { q, limit: 12 })
  }
  for (const role of ['admin', 'curator'] as const) {
    const actor: Actor = { ...listener, username: user?.username ?? '', role }
    for (const show of ['running', 'failed', 'rejected', 'done'] as const) {
      label = `${role}’s ledger, ${show}`
      await listUploads(explained(db), actor, { limit: pageSize, show })
    }
    label = `${role}’s ledger, counts`
    await summariseUploads(explained(db), actor)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
const server = await startEmbeddedPostgres({ dir: join(folder, 'data'), passwordFile: join(folder, 'password') })
try {
  await migrate(server.url, join(import.meta.dirname, '../prisma/migrations'))
  const db = openDatabase(server.url, { poolSize: 8, onError: (error) => { console.error(error.message) } })
  await run(db).finally(() => db.close())
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
