import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findHits } from '../src/catalog/search.ts'
import { parseQuery } from '../src/catalog/search-terms.ts'
import { type Database, openDatabase } from '../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../src/platform/database/embedded-postgres.ts'
import { migrate } from '../src/platform/database/migrate.ts'
import { type GoldenQuery, inventCatalogue, inventQueries, loadDocuments, placeOf, type SyntheticDocument } from '../test/support/synthetic-catalogue.ts'

/** Prints how long searches take in an invented archive, and how often they find what was meant. */
const { values } = parseArgs({
  options: { tracks: { type: 'string', default: '100000' }, queries: { type: 'string', default: '200' }, rate: { type: 'string', default: '200' } }
})

interface Measurement {
  readonly query: GoldenQuery
  readonly ms: number
  readonly place: number
}
interface Bench {
  readonly db: Database
  readonly queries: readonly GoldenQuery[]
  readonly byId: ReadonlyMap<string, SyntheticDocument>
}

async function ask ({ db, byId }: Bench, query: GoldenQuery, began = performance.now()): Promise<Measurement> {
  const { hits } = await findHits(db, parseQuery(query.text), 20)
  return { query, ms: performance.now() - began, place: placeOf(query, hits, byId) }
}

async function oneAfterAnother (bench: Bench): Promise<Measurement[]> {
  const measurements: Measurement[] = []
  for (const query of bench.queries) measurements.push(await ask(bench, query))
  return measurements
}

/** So many a second, whether or not the ones before have their answers. */
async function openLoop (bench: Bench, rate: number): Promise<Measurement[]> {
  const began = performance.now()
  return Promise.all(bench.queries.map(async (query, index) => {
    const due = began + index * 1000 / rate
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    return ask(bench, query, due)
  }))
}

function percentiles (measurements: readonly Measurement[]): string {
  const sorted = measurements.map(({ ms }) => ms).sort((a, b) => a - b)
  return [0.5, 0.95, 0.99, 1].map((share) => `${share === 1 ? 'max' : `p${share * 100}`} ${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(2)}`).join('  ')
}

function report (measurements: readonly Measurement[]): void {
  for (const [name, group] of Map.groupBy(measurements, ({ query }) => query.class)) {
    const hits = group.filter(({ place }) => place <= 10).length / group.length
    const reciprocal = group.reduce((sum, { place }) => sum + (place <= 10 ? 1 / place : 0), 0) / group.length
    console.log(`${name.padEnd(18)} hit@10 ${hits.toFixed(3)}  MRR@10 ${reciprocal.toFixed(3)}  ms: ${percentiles(group)}`)
  }
}

async function run (db: Database): Promise<void> {
  const documents = inventCatalogue(Number(values.tracks))
  const bench = { db, queries: inventQueries(documents, Number(values.queries)), byId: new Map(documents.map((document) => [document.id, document])) }
  await loadDocuments(db, documents)
  console.log(`${documents.length} documents, ${bench.queries.length} queries`)
  await oneAfterAnother({ ...bench, queries: bench.queries.filter((_, index) => index % 8 === 0) })
  const measurements = await oneAfterAnother(bench)
  report(measurements)
  console.log(`all, one after another, ms: ${percentiles(measurements)}`)
  const shuffled = bench.queries.map((_, index) => bench.queries[index * 7 % bench.queries.length]).filter((query) => query !== undefined)
  console.log(`all, ${values.rate} a second, ms: ${percentiles(await openLoop({ ...bench, queries: shuffled }, Number(values.rate)))}`)
  for (const { query, ms } of measurements.toSorted((a, b) => b.ms - a.ms).slice(0, 5)) console.log(`slowest: ${ms.toFixed(1)} ms “${query.text}” (${query.class})`)
}

const folder = await mkdtemp(join(tmpdir(), 'freshet-bench-'))
const server = await startEmbeddedPostgres({ dir: join(folder, 'data'), passwordFile: join(folder, 'password') })
try {
  await migrate(server.url, join(import.meta.dirname, '../prisma/migrations'))
  const db = openDatabase(server.url, { poolSize: 8, onError: (error) => console.error(error.message) })
  await run(db).finally(() => db.close())
} finally {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}
