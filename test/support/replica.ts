import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Test } from 'tap'
import { migrationsDir } from '../../src/paths.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.ts'
import { migrate } from '../../src/platform/database/migrate.ts'

export interface ReplicatedPostgres {
  readonly writerUrl: string
  /** The replica's port changes with each start. */
  replicaUrl(): string
  /** Statements that reads sent to the replica since the last call, by the replica's own log. */
  statementsRead(): Promise<string[]>
  /** How long the replica holds back what others committed. */
  setDelay(ms: number): Promise<void>
  /** Waits until the replica has all that the writer has now. */
  caughtUp(): Promise<void>
  stopReplica(): Promise<void>
  startReplica(): Promise<void>
  /** Stops every process of the replica where it stands; returns what lets them go on. */
  freezeReplica(): () => void
  /** Makes a writer of the replica. */
  promoteReplica(): Promise<void>
}

/** What a copy of a running server must not bring along: what belongs to its process, and WAL, which streaming brings. */
const leftFiles = new Set(['postmaster.pid', 'postmaster.opts'])
const emptyFolders = new Set(['pg_wal', 'pg_replslot', 'pg_stat_tmp', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots', 'pg_subtrans'])
/** By the prefix of the replica's log. */
const ofRead = /^by freshet-replica: LOG: +(?:statement|execute [^:]+): /

/**
 * A migrated writer and its streaming replica, two real servers. The replica is made by the low-level backup API,
 * because the Postgres that npm brings has no pg_basebackup.
 */
export async function replicatedPostgres (t: Pick<Test, 'teardown'>, { delayMs, logs = true }: { readonly delayMs: number, readonly logs?: boolean }): Promise<ReplicatedPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-replica-'))
  const passwordFile = join(folder, 'password')
  const writer = await startEmbeddedPostgres({ dir: join(folder, 'writer'), passwordFile })
  t.teardown(async () => {
    await writer.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await migrate(writer.url, migrationsDir)
  const replicaDir = join(folder, 'replica')
  await copyCluster(writer.url, { from: join(folder, 'writer'), to: replicaDir })
  await writeFile(join(replicaDir, 'standby.signal'), '')
  await appendFile(join(replicaDir, 'postgresql.auto.conf'), `${replicaSettings(writer.url, delayMs)}log_statement = '${logs ? 'all' : 'none'}'\n`)

  let log = ''
  const start = () => startEmbeddedPostgres({ dir: replicaDir, passwordFile }, (text) => { log += text })
  let running: EmbeddedPostgres | undefined = await start()
  let url = running.url
  let thaw = () => {}
  const stop = async () => {
    thaw()
    await running?.stop()
    running = undefined
  }
  t.teardown(stop)
  return {
    writerUrl: writer.url,
    replicaUrl: () => url,
    async statementsRead () {
      // What was sent before this mark stands before it in the log.
      const mark = randomUUID()
      await rows(url, `SELECT '${mark}'`)
      while (!log.includes(mark)) await delay(5)
      const lines = log.split('\n').filter((line) => ofRead.test(line))
      log = ''
      return lines.map((line) => line.replace(ofRead, ''))
    },
    async setDelay (ms) {
      await rows(url, `ALTER SYSTEM SET recovery_min_apply_delay = '${ms}ms'`)
      await rows(url, 'SELECT pg_reload_conf()')
    },
    async caughtUp () {
      const [row] = await rows<{ lsn: string }>(writer.url, 'SELECT pg_current_wal_flush_lsn()::text AS lsn')
      while (!(await rows<{ there: boolean }>(url, `SELECT pg_last_wal_replay_lsn() >= '${row?.lsn ?? ''}' AS there`))[0]?.there) await delay(20)
    },
    stopReplica: stop,
    async startReplica () {
      running = await start()
      url = running.url
    },
    freezeReplica () {
      const pids = processesOf(replicaDir)
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      thaw = () => {
        thaw = () => {}
        for (const pid of pids) process.kill(pid, 'SIGCONT')
      }
      return thaw
    },
    async promoteReplica () {
      await rows(url, 'SELECT pg_promote()')
    }
  }
}

function replicaSettings (writerUrl: string, delayMs: number): string {
  const { hostname, port, username, password } = new URL(writerUrl)
  return `primary_conninfo = 'host=${hostname} port=${port} user=${username} password=${password}'
recovery_min_apply_delay = '${delayMs}ms'
max_standby_streaming_delay = 0
log_line_prefix = 'by %a: '
`
}

async function copyCluster (url: string, { from, to }: { readonly from: string, readonly to: string }): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("SELECT pg_backup_start('replica', true)")
    await cp(from, to, { recursive: true, filter: (path) => !leftFiles.has(basename(path)) && !emptyFolders.has(basename(dirname(path))) })
    const { rows: [stop] } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)')
    await writeFile(join(to, 'backup_label'), stop?.labelfile ?? '')
  } finally {
    await client.end()
  }
}

/** Each by a connection of its own, under another name than the service's. */
async function rows<T extends pg.QueryResultRow> (url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'test' })
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}

/** The server's main process first: once it stands still no new ones come. */
function processesOf (dir: string): number[] {
  const main = Number(readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n')[0])
  const children = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === main)
  return [main, ...children.map(Number)]
}

function parentOf (pid: string): number | undefined {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1])
  } catch {
    // It ended while we looked.
    return undefined
  }
}
