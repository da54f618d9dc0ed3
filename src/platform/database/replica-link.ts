import createError from '@fastify/error'
import pg from 'pg'
import type { Reader } from './database.ts'
import { connectionOptions, type DatabaseAddress } from './database-address.ts'
import { clusterName, type Position } from './written-position.ts'

export const ReplicaUnusableError = createError<[string]>('REPLICA_UNUSABLE', 'the replica can’t be read: %s', 503)

export interface ReplicaState extends Position {
  /** False once it has been made a writer. */
  readonly replaying: boolean
}

/** Connections to one run of a replica: one that watches, and a pool that reads. */
export interface ReplicaLink {
  /** Up to where it has replayed. Rejects when it doesn't answer in time. */
  state(): Promise<ReplicaState>
  /** Rejects at the latest when the link is cut. */
  run<T>(work: (reader: Reader) => Promise<T>): Promise<T>
  /** Ends all connections, and what waits for an answer on them. */
  cut(reason: Error): void
}

interface LinkOptions {
  readonly address: DatabaseAddress
  readonly poolSize: number
  /** The server ended the connection that watches. */
  readonly onLost: (reason: Error) => void
}

const connectTimeoutMs = 1_000
/** A replica that says nothing for so long is given up; reads that wait for it go to the writer. */
const watchTimeoutMs = 1_000
/** Longer than any page takes. */
const readTimeoutMs = 2_000

/**
 * The timelines of the checkpoint and of recovery may be told minutes late, never early. What a server shows after a
 * crash may be older than before it, so everything known of one start is forgotten with it.
 */
const stateText = `SELECT pg_is_in_recovery() AS replaying, (pg_control_system()).system_identifier::text AS cluster,
  GREATEST((pg_control_checkpoint()).timeline_id, (pg_control_recovery()).min_recovery_end_timeline) AS timeline,
  (COALESCE(pg_last_wal_replay_lsn(), '0/0') - '0/0')::text AS lsn`
const startText = 'SELECT pg_postmaster_start_time()::text AS started'

interface StateRow {
  replaying: boolean
  cluster: string
  timeline: number
  lsn: string
}

/** Connects to a replica. Rejects when it can't be reached. */
export async function openReplicaLink ({ address, poolSize, onLost }: LinkOptions): Promise<ReplicaLink> {
  const { watcher, started } = await openWatcher(address)
  const pool = openReadPool(address, poolSize, started)
  const reader: Reader = { pool }
  const waiting = new Set<(reason: Error) => void>()
  let cutFor: Error | undefined
  watcher.on('error', onLost)
  watcher.once('end', () => onLost(new ReplicaUnusableError('it ended the connection')))
  return {
    async state () {
      const { rows: [row] } = await watcher.query<StateRow>({ name: 'replica-state', text: stateText })
      if (row === undefined) throw new ReplicaUnusableError('it says nothing of itself')
      return { replaying: row.replaying, cluster: clusterName(row.cluster), timeline: row.timeline, lsn: BigInt(row.lsn) }
    },
    // Not Promise.race with one promise for all: each race would stay in memory until that one settles.
    run: (work) => new Promise((resolve, reject) => {
      if (cutFor !== undefined) { reject(cutFor); return }
      waiting.add(reject)
      work(reader).then(resolve, reject).finally(() => waiting.delete(reject))
    }),
    cut (reason) {
      if (cutFor !== undefined) return
      cutFor = reason
      for (const reject of waiting) reject(reason)
      // Whether a server that is given up hears of the end is all the same.
      Promise.allSettled([watcher.end(), pool.end()])
    }
  }
}

async function openWatcher (address: DatabaseAddress): Promise<{ readonly watcher: pg.Client, readonly started: string | undefined }> {
  const watcher = new pg.Client({ ...connectionOptions(address), connectionTimeoutMillis: connectTimeoutMs, query_timeout: watchTimeoutMs, application_name: 'freshet-replica-watch' })
  // What goes wrong before the link exists rejects the calls below.
  const early = () => {}
  watcher.on('error', early)
  try {
    await watcher.connect()
    const { rows: [row] } = await watcher.query<{ started: string }>(startText)
    watcher.off('error', early)
    return { watcher, started: row?.started }
  } catch (error) {
    Promise.allSettled([watcher.end()])
    throw error
  }
}

/** Each new connection must lead to the same start of the same server as the one that watches. */
function openReadPool (address: DatabaseAddress, poolSize: number, started: string | undefined): pg.Pool {
  const pool = new pg.Pool({
    ...connectionOptions(address),
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: readTimeoutMs,
    statement_timeout: readTimeoutMs,
    idleTimeoutMillis: 30_000,
    application_name: 'freshet-replica',
    options: '-c default_transaction_read_only=on',
    verify: (client, done) => {
      client.query<{ started: string }>(startText).then(
        ({ rows: [row] }) => done(row?.started === started ? undefined : new ReplicaUnusableError('its address leads to several servers, or it has just been started anew')),
        done)
    }
  })
  // The connection that watches is lost at the same time, and that one is heard.
  pool.on('error', () => {})
  return pool
}
