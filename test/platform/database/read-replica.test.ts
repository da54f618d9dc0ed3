import { setTimeout as delay } from 'node:timers/promises'
import createError from '@fastify/error'
import pg from 'pg'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { checkReplica } from '../../../src/cli/doctor-replica.ts'
import { readConfig } from '../../../src/config.ts'
import { openPlatform } from '../../../src/open-platform.ts'
import { type Database, openDatabase, type Reader } from '../../../src/platform/database/database.ts'
import { openReadReplica, type ReadReplica } from '../../../src/platform/database/read-replica.ts'
import type { ReplicaChange } from '../../../src/platform/database/replica-follower.ts'
import { createReplicaLag } from '../../../src/platform/database/replica-lag.ts'
import { covers, createWriterPosition, parsePosition, type Position, positionText, unreachablePosition } from '../../../src/platform/database/written-position.ts'
import { prometheusMetrics } from '../../../src/platform/metrics/prometheus-metrics.ts'
import { replicatedPostgres } from '../../support/replica.ts'
import { temporaryFolder } from '../../support/stores.ts'

t.setTimeout(120_000)

const whereAmI = async ({ pool }: Reader) => {
  const { rows: [row] } = await pool.query<{ replica: boolean }>('SELECT pg_is_in_recovery() AS replica')
  return row?.replica === true ? 'replica' : 'writer'
}

interface Opened {
  readonly replica: ReadReplica
  readonly changes: ReplicaChange[]
  readonly faults: Error[]
}

function open (t: Test, address: string, writer: Database): Opened {
  const [changes, faults]: [ReplicaChange[], Error[]] = [[], []]
  const replica = openReadReplica({ address, writer, poolSize: 5, onChange: (change) => { changes.push(change) }, onReadFailed: (error) => { faults.push(error) } })
  t.teardown(() => replica.close())
  return { replica, changes, faults }
}

async function untilRead ({ replica }: Opened, written: Position): Promise<void> {
  while (await replica.read(written, whereAmI) !== 'replica') await delay(20)
}

/** Reads without a pause until told to stop; beside them one reads the writer, and says by how long the machine held everybody up. */
function traffic ({ replica }: Opened, { written, writer }: { readonly written: Position, readonly writer: Database }) {
  const seen = { failed: 0, slowestMs: 0, slowestOfWriterMs: 0, reads: 0 }
  const ending = new AbortController()
  const onlooker = (async () => {
    while (!ending.signal.aborted) {
      const began = performance.now()
      await writer.pool.query('SELECT 1')
      await delay(5)
      seen.slowestOfWriterMs = Math.max(seen.slowestOfWriterMs, performance.now() - began)
    }
  })()
  const readers = Array.from({ length: 6 }, async () => {
    while (!ending.signal.aborted) {
      const began = performance.now()
      await replica.read(written, ({ pool }) => pool.query('SELECT 1')).catch(() => { seen.failed += 1 })
      seen.reads += 1
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - began)
      await delay(5)
    }
  })
  return {
    seen,
    async stop () {
      ending.abort()
      await Promise.all([onlooker, ...readers])
      return seen
    }
  }
}

t.test('a replica that fails costs nobody an answer', async (t) => {
  const servers = await replicatedPostgres(t, { delayMs: 0 })
  const writer = openDatabase(servers.writerUrl, { poolSize: 10, onError: (error) => t.comment(error.message) })
  t.teardown(() => writer.close())
  await writer.pool.query('CREATE TABLE number AS SELECT generate_series(1, 100) AS n')
  await servers.caughtUp()
  const written = await createWriterPosition(writer)()
  await writer.pool.query('SELECT pg_switch_wal()')
  const opened = open(t, servers.replicaUrl(), writer)

  await t.test('the first reads go to the writer, then to the replica, unless nothing is known of their caller', async (t) => {
    t.equal(await opened.replica.read(written, whereAmI), 'writer')
    await untilRead(opened, written)
    t.equal(await opened.replica.read(undefined, whereAmI), 'writer')
    t.same(opened.changes, [{ readable: true }])
    const { reads, lagSeconds } = opened.replica.figures()
    t.ok(reads.replica >= 1 && reads.writer >= 2 && lagSeconds < 15)
    const scraped = await prometheusMetrics({ replica: opened.replica.figures, queueCounts: async () => ({ waiting: 0, inFlight: 0, dead: 0, oldestSeconds: null }), readings: async () => ({ eventLoopDelayMs: 0, cpuPercent: 0, memoryPercent: 0, diskPercent: 0 }) }).text()
    t.match(scraped, `freshet_replica_reads_total{server="replica"} ${reads.replica}`)
    t.match(scraped, /freshet_replica_lag_seconds 0\.\d+/)
  })

  await t.test('freshet doctor says how it is', async (t) => {
    t.match(await checkReplica(servers.replicaUrl(), writer), /^reachable, (up to date|.+ of log behind)$/)
    await t.rejects(checkReplica(servers.writerUrl, writer), { message: /is no replica/ })
  })

  await t.test('a setting that names the writer, or nothing, is told at once', async (t) => {
    for (const [address, reason] of [[servers.writerUrl, /is no replica/], ['postgres://nobody@127.0.0.1:1/none', /ECONNREFUSED/]] as const) {
      const wrong = open(t, address, writer)
      t.equal(await wrong.replica.read(written, whereAmI), 'writer')
      while (wrong.changes.length === 0) await delay(10)
      t.match(wrong.changes, [{ readable: false, reason }])
    }
  })

  await t.test('a read that recovery cancels is done again on the writer', async (t) => {
    const onlooker = new pg.Client({ connectionString: servers.replicaUrl() })
    t.teardown(() => onlooker.end())
    await onlooker.connect()
    const begun = async () => (await onlooker.query("SELECT FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'")).rowCount !== 0
    // Nearly as long as a statement may take; on the writer nothing is waited for.
    let seconds = 1.8
    const reading = opened.replica.read(written, async ({ pool }) => {
      const asked = pool.query('SELECT (SELECT count(*)::int FROM number) AS n, pg_sleep($1)', [seconds])
      seconds = 0
      return (await asked).rows[0]?.n
    })
    while (!await begun()) await delay(5)
    await writer.pool.query('TRUNCATE number')
    t.equal(await reading, 0)
    t.match(opened.faults, [{ code: '40001', message: /conflict with recovery/ }])
  })

  await t.test('what the replica does not find is looked for on the writer; what is wrong with a request is not', async (t) => {
    const tried: string[] = []
    const refuse = (status: number) => opened.replica.read(written, async (reader) => {
      tried.push(await whereAmI(reader))
      throw new (createError('REFUSED', 'refused', status))()
    })
    await t.rejects(refuse(404), { code: 'REFUSED' })
    t.same(tried.splice(0), ['replica', 'writer'])
    await t.rejects(refuse(400), { code: 'REFUSED' })
    t.same(tried, ['replica'])
  })

  await t.test('a read that writes fails: it is not done on the writer instead', async (t) => {
    await t.rejects(opened.replica.read(written, ({ pool }) => pool.query('INSERT INTO number VALUES (1)')), { code: '25006' })
    t.equal((await writer.pool.query('SELECT FROM number')).rowCount, 0)
  })

  await t.test('frozen in mid-traffic, it is given up within two seconds, and read again when it goes on', async (t) => {
    const { seen, stop } = traffic(opened, { written, writer })
    while (seen.reads < 50) await delay(10)
    const thaw = servers.freezeReplica()
    const began = performance.now()
    while (opened.changes.at(-1)?.readable === true) await delay(10)
    t.comment(`given up after ${Math.round(performance.now() - began)} ms`)
    const before = { ...seen }
    while (seen.reads < before.reads + 50) await delay(10)
    t.pass('meanwhile nobody waits for it')
    thaw()
    await untilRead(opened, written)
    const { failed, slowestMs, slowestOfWriterMs } = await stop()
    t.equal(failed, 0)
    t.ok(slowestMs < 4_000 + 2 * slowestOfWriterMs, `${Math.round(slowestMs)} ms at most, ${Math.round(slowestOfWriterMs)} ms on the writer`)
  })

  await t.test('stopped in mid-traffic', async (t) => {
    const { seen, stop } = traffic(opened, { written, writer })
    while (seen.reads < 50) await delay(10)
    await servers.stopReplica()
    const before = seen.reads
    while (seen.reads < before + 50) await delay(10)
    const { failed, slowestMs, slowestOfWriterMs } = await stop()
    t.equal(failed, 0)
    t.ok(slowestMs < 2_000 + 2 * slowestOfWriterMs, `${Math.round(slowestMs)} ms at most, ${Math.round(slowestOfWriterMs)} ms on the writer`)
    t.match(opened.changes.slice(-2), [{ readable: true }, { readable: false }], 'told once')
  })

  await t.test('made a writer in mid-traffic', async (t) => {
    await servers.startReplica()
    const another = open(t, servers.replicaUrl(), writer)
    await untilRead(another, written)
    const { stop } = traffic(another, { written, writer })
    await servers.promoteReplica()
    while (another.changes.at(-1)?.readable === true) await delay(20)
    t.equal((await stop()).failed, 0)
    // While it is promoted it may still be replaying, on a timeline of its own.
    t.match(another.changes, [{ readable: true }, { readable: false, reason: /no longer|timeline/ }])
    t.equal(await another.replica.read(written, whereAmI), 'writer')
    const promoted = openDatabase(servers.replicaUrl(), { poolSize: 2, onError: (error) => t.comment(error.message) })
    t.teardown(() => promoted.close())
    const after = await createWriterPosition(promoted)()
    t.equal(after.timeline, written.timeline + 1)
    t.equal(covers({ ...written, lsn: after.lsn + 1n }, after), false, 'a server that stayed on the old timeline lacks what was written since')
    t.equal(covers(after, written), true)
  })

  await t.test('a worker has no replica, a web process has', async (t) => {
    for (const [role, has] of [['worker', false], ['web', true]] as const) {
      const config = readConfig({ FRESHET_ROLE: role, DATA_DIR: await temporaryFolder(t), DATABASE_URL: servers.writerUrl, DATABASE_REPLICA_URL: servers.replicaUrl() })
      const platform = await openPlatform(config, pino({ level: 'silent' }))
      t.equal(platform.replica !== undefined, has, role)
      await platform.close()
    }
  })
})

t.test('a position as a text has one form, and is never covered by another database’s', async (t) => {
  const position: Position = { cluster: '6b0112233445566f', timeline: 3, lsn: 0x16_b374_d848n }
  t.equal(positionText(position), '6b0112233445566f-00000003-00000016b374d848')
  t.same(parsePosition(positionText(position)), position)
  t.equal(parsePosition(`${positionText(position)} `), undefined)
  t.equal(parsePosition(''), undefined)
  const unreachable = parsePosition(unreachablePosition)
  t.equal(unreachable !== undefined && covers(position, unreachable), false)
  t.equal(covers(position, { ...position, lsn: position.lsn + 1n }), false)
  t.equal(covers(position, { ...position, cluster: '6b0112233445566e' }), false)
})

t.test('the compiler takes a Reader nowhere where a Database is asked for: that keeps what decides from the replica', async (t) => {
  const readerIsNoDatabase: Reader extends Database ? never : true = true
  const databaseIsReader: Database extends Reader ? true : never = true
  t.ok(readerIsNoDatabase && databaseIsReader)
})

t.test('the lag is the age of the newest place of the writer that the replica has passed', async (t) => {
  const lag = createReplicaLag()
  t.equal(lag.lagMs(0), undefined)
  lag.writerAt(100n, 1_000)
  lag.writerAt(200n, 2_000)
  lag.writerAt(300n, 3_000)
  t.equal(lag.lagMs(3_500), undefined, 'unknown until it has passed one')
  t.equal(lag.waitingMs(3_500), 2_500)
  lag.replicaAt(250n)
  t.equal(lag.lagMs(3_500), 1_500)
  lag.writerAt(300n, 9_000)
  lag.replicaAt(300n)
  t.equal(lag.lagMs(9_100), 100, 'a writer with nothing to do makes nobody late')
})
