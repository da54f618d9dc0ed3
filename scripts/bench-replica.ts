import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { listAlbums } from '../src/catalog/albums.ts'
import { type Database, openDatabase, type Reader } from '../src/platform/database/database.ts'
import { openReadReplica } from '../src/platform/database/read-replica.ts'
import { createWriterPosition } from '../src/platform/database/written-position.ts'
import { seedAlbum } from '../test/support/catalogue.ts'
import { replicatedPostgres } from '../test/support/replica.ts'

// Prints what it costs to read through the router, and to tell a position after a write, against doing without:
// npm run bench:replica

const rounds = 7
const readsARound = 400
const albums = 40
const concurrencies = [1, 32]

interface Spent {
  readonly wallUs: number
  readonly cpuUs: number
}

/** Per call, this process's own time only. */
async function measure (calls: number, concurrency: number, work: () => Promise<unknown>): Promise<Spent> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (let n = 0; n < calls / concurrency; n++) await work()
  }))
  const { user, system } = process.cpuUsage(before)
  return { wallUs: (performance.now() - began) * 1_000 / calls, cpuUs: (user + system) / calls }
}

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

/** In turns, so that all meet the same machine. */
async function compare (ways: Readonly<Record<string, () => Promise<unknown>>>, concurrency: number): Promise<Array<Record<string, string | number>>> {
  const spent = new Map<string, Spent[]>(Object.keys(ways).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(ways)) spent.get(name)?.push(await measure(readsARound, concurrency, work))
  }
  const medians = [...spent].map(([name, all]) => ({ name, wall: median(all.map(({ wallUs }) => wallUs)), cpu: median(all.map(({ cpuUs }) => cpuUs)) }))
  const base = medians[0]
  return medians.map(({ name, wall, cpu }) => ({
    what: name, 'at once': concurrency, 'µs a call': wall.toFixed(0), 'CPU µs a call': cpu.toFixed(0), 'CPU against the first': `× ${(cpu / (base?.cpu ?? NaN)).toFixed(2)}`
  }))
}

async function main (closers: Array<() => unknown>): Promise<void> {
  const servers = await replicatedPostgres({ teardown: (close) => { closers.push(close) } }, { delayMs: 0, logs: false })
  const writer: Database = openDatabase(servers.writerUrl, { poolSize: 10, onError: () => {} })
  closers.push(() => writer.close())
  for (let n = 0; n < albums; n++) await seedAlbum(writer, { title: `Album ${n}`, artist: 'Weir', tracks: [{ title: `Track ${n}` }] })
  const position = createWriterPosition(writer)
  const written = await position()
  await writer.pool.query('SELECT pg_switch_wal()')
  await servers.caughtUp()
  const replica = openReadReplica({ address: servers.replicaUrl(), writer, poolSize: 10, onChange: () => {}, onReadFailed: (error) => { throw error } })
  closers.push(() => replica.close())
  const listener = { userId: randomUUID() }
  const page = (reader: Reader) => listAlbums(reader, listener, { sort: 'title', limit: 20 })
  const onReplica = () => replica.figures().reads.replica
  while (onReplica() === 0) {
    await replica.read(written, page)
    await delay(20)
  }
  const rows: Array<Record<string, string | number>> = []
  for (const concurrency of concurrencies) {
    rows.push(...await compare({ 'page of albums, writer, no router': () => page(writer), 'through the router, replica': () => replica.read(written, page), 'through the router, writer': () => replica.read(undefined, page) }, concurrency))
    rows.push(...await compare({ 'one small statement': () => writer.pool.query('SELECT 1'), 'position after a write': position }, concurrency))
  }
  console.table(rows)
}

const closers: Array<() => unknown> = []
try {
  await main(closers)
} finally {
  for (const close of closers.toReversed()) await close()
}
