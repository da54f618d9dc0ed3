import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { migrationsDir } from './paths.ts'
import { type Keys, openKeys } from './open-keys.ts'
import { createMediaSigner, type MediaSigner } from './platform/cdn/cloudfront-signer.ts'
import { type Database, openDatabase } from './platform/database/database.ts'
import { addressAt, type DatabaseAddress } from './platform/database/database-address.ts'
import { runningUrl, startEmbeddedPostgres } from './platform/database/embedded-postgres.ts'
import { migrate } from './platform/database/migrate.ts'
import { openReadReplica, type ReadReplica } from './platform/database/read-replica.ts'
import type { JwtKeys } from './platform/jwt-keys.ts'
import type { JobQueue } from './platform/queue/job-queue.ts'
import { PostgresJobQueue } from './platform/queue/postgres-job-queue.ts'
import { SqsJobQueue } from './platform/queue/sqs-job-queue.ts'
import { newUploadSecret, secretText } from './platform/secrets.ts'
import { DiskObjectStore } from './platform/storage/disk-object-store.ts'
import { freshText } from './platform/settings/fresh-text.ts'
import type { ObjectStore } from './platform/storage/object-store.ts'
import { S3ObjectStore } from './platform/storage/s3-object-store.ts'

/** The adapters that the settings ask for, opened. */
export interface Platform {
  readonly config: Config
  readonly db: Database
  readonly dbAddress: DatabaseAddress
  /** For browsing and searching; a worker has none. */
  readonly replica: ReadReplica | undefined
  /** False when the database is embedded in another Freshet, whose worker then does the work. */
  readonly ownsDatabase: boolean
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly signer: MediaSigner
  readonly jwtKeys: JwtKeys
  readonly refreshSecret: () => string
  close(): Promise<void>
}

export interface OpenDatabaseServer {
  readonly address: DatabaseAddress
  readonly owned: boolean
  stop(): Promise<void>
}

export interface PlatformOptions {
  /** Use the embedded database that another Freshet runs, rather than refuse. */
  readonly joinRunning?: boolean
  /** Reads the settings anew: keys and the database's password then follow them. */
  readonly reload?: () => Promise<Config>
}

/** The one queue that all jobs go through. */
const queueName = 'jobs'
/**
 * A message says only that a job is due; the job itself counts its attempts. Receipts that end without an attempt
 * (a worker stopped, a lease still held) must not bury it, so more are allowed than a job has attempts.
 */
const maxReceives = 5

/**
 * Chooses and opens the adapters, applies missing migrations, and makes the keys that are neither given nor kept yet.
 * @throws EmbeddedPostgresInUseError, MigrationFailedError and what the adapters throw
 */
export async function openPlatform (config: Config, log: Logger, options: PlatformOptions = {}): Promise<Platform> {
  const server = await openDatabaseServer(config, options)
  const closers: Array<() => Promise<void>> = [server.stop]
  let closing = false
  const close = async () => {
    closing = true
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    await migrate(server.address, migrationsDir)
    const onError = ({ message }: Error) => { if (!closing) log.warn({ reason: message }, 'lost a connection to the database') }
    const db = openDatabase(server.address, { poolSize: config.database.poolSize, onError })
    closers.push(() => db.close())
    const replica = config.role === 'worker' ? undefined : replicaOf({ config, log, address: server.address, writer: db })
    closers.push(async () => replica?.close())
    const queue = openQueue(config, server.address, onError)
    closers.push(() => queue.close())
    const store = await openStore(config, queue)
    closers.push(() => store.close())
    await Promise.all([queue.check(), store.check()])
    const keys = await openKeys(config, options.reload === undefined ? undefined : { reload: options.reload, onError: ({ message }) => log.error({ reason: message }, 'the keys could not be read again; those that were good stay in use') })
    closers.push(() => keys.close())
    const signer = signerOf(config, keys)
    return { config, db, dbAddress: server.address, replica, ownsDatabase: server.owned, store, queue, signer, jwtKeys: keys.jwt, refreshSecret: keys.refreshSecret, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The database server of the settings: a given address, the embedded one of another Freshet, or one started here. */
export async function openDatabaseServer (config: Config, { joinRunning = false, reload }: PlatformOptions = {}): Promise<OpenDatabaseServer> {
  const none = async () => {}
  if (config.database.kind === 'url') return { address: addressOf(config.database, reload), owned: false, stop: none }
  const running = joinRunning ? runningUrl(config.database) : undefined
  if (running !== undefined) return { address: running, owned: false, stop: none }
  const { url, stop } = await startEmbeddedPostgres(config.database)
  return { address: url, owned: true, stop }
}

function addressOf ({ url, user, password, tls }: Extract<Config['database'], { kind: 'url' }>, reload: PlatformOptions['reload']): DatabaseAddress {
  if (password === undefined || reload === undefined) return { url, user, tls, password: password === undefined ? undefined : async () => password }
  const again = async () => {
    const { database } = await reload()
    return database.kind === 'url' ? database.password ?? password : password
  }
  return { url, user, tls, password: freshText({ text: password, again }) }
}

/** The queue of the settings; in Postgres it is at `address`. */
export function openQueue ({ queue }: Config, address: DatabaseAddress, onError: (error: Error) => void): JobQueue {
  if (queue.kind === 'sqs') return new SqsJobQueue(queue)
  return new PostgresJobQueue({ address, queue: queueName, maxReceives, onError })
}

/** It connects once there is something to read. */
function replicaOf ({ config, log, address, writer }: { readonly config: Config, readonly log: Logger, readonly address: DatabaseAddress, readonly writer: Database }): ReadReplica | undefined {
  const { replicaUrl, poolSize } = config.database
  if (replicaUrl === undefined) return undefined
  return openReadReplica({
    address: addressAt(address, replicaUrl),
    writer,
    poolSize,
    onChange (change) {
      if (change.readable) log.info('browsing and searching read the replica')
      else log.warn({ reason: change.reason }, 'the replica is not read; everything reads the writer')
    },
    onReadFailed: ({ message }) => log.warn({ reason: message }, 'a read failed on the replica and went to the writer')
  })
}

/** `queue` hears of new objects where the store itself sends no events. */
export async function openStore (config: Config, queue: Pick<JobQueue, 'send'>): Promise<ObjectStore> {
  if (config.storage.kind === 's3') return new S3ObjectStore(config.storage)
  return new DiskObjectStore({
    dir: config.storage.dir,
    publicUrl: config.http.publicUrl,
    secret: await secretText(config.storage.secret, newUploadSecret),
    onCreated: (key, sizeBytes) => queue.send([objectCreatedEvent(key, sizeBytes)])
  })
}

function signerOf ({ cdn: { mediaUrl } }: Config, { media }: Keys): MediaSigner {
  return createMediaSigner({ mediaUrl, keys: media })
}

/** The message that S3 would send: the worker knows one form, whichever store the object landed in. */
function objectCreatedEvent (key: string, sizeBytes: number): string {
  return JSON.stringify({ Records: [{ eventSource: 'freshet:disk', eventName: 'ObjectCreated:Put', s3: { object: { key, size: sizeBytes } } }] })
}
