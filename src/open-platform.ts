import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { migrationsDir } from './paths.ts'
import { createMediaSigner, mediaSigningKey, type MediaSigner } from './platform/cdn/cloudfront-signer.ts'
import { type Database, openDatabase } from './platform/database/database.ts'
import { runningUrl, startEmbeddedPostgres } from './platform/database/embedded-postgres.ts'
import { migrate } from './platform/database/migrate.ts'
import type { JobQueue } from './platform/queue/job-queue.ts'
import { PostgresJobQueue } from './platform/queue/postgres-job-queue.ts'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret, secretText } from './platform/secrets.ts'
import { DiskObjectStore } from './platform/storage/disk-object-store.ts'
import type { ObjectStore } from './platform/storage/object-store.ts'
import { S3ObjectStore } from './platform/storage/s3-object-store.ts'

/** The adapters that the settings ask for, opened. */
export interface Platform {
  readonly config: Config
  readonly db: Database
  readonly dbUrl: string
  /** False when the database is embedded in another Freshet, whose worker then does the work. */
  readonly ownsDatabase: boolean
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly signer: MediaSigner
  /** PEM of the key that signs access tokens. */
  readonly jwtPrivateKey: string
  close(): Promise<void>
}

export interface OpenDatabaseServer {
  readonly url: string
  readonly owned: boolean
  stop(): Promise<void>
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
 * With `joinRunning`, an embedded database that another Freshet runs is used rather than refused.
 * @throws EmbeddedPostgresInUseError, MigrationFailedError and what the adapters throw
 */
export async function openPlatform (config: Config, log: Logger, options: { readonly joinRunning?: boolean } = {}): Promise<Platform> {
  const server = await openDatabaseServer(config, options)
  const closers: Array<() => Promise<void>> = [server.stop]
  let closing = false
  const close = async () => {
    closing = true
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    await migrate(server.url, migrationsDir)
    const onError = ({ message }: Error) => { if (!closing) log.warn({ reason: message }, 'lost a connection to the database') }
    const db = openDatabase(server.url, { poolSize: config.database.poolSize, onError })
    closers.push(() => db.close())
    const queue = new PostgresJobQueue({ connectionString: server.url, queue: queueName, maxReceives, onError })
    closers.push(() => queue.close())
    const store = await openStore(config, queue)
    closers.push(() => store.close())
    const signer = await openSigner(config)
    const jwtPrivateKey = await secretText(config.jwtPrivateKey, newJwtKeyPem)
    return { config, db, dbUrl: server.url, ownsDatabase: server.owned, store, queue, signer, jwtPrivateKey, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The database server of the settings: a given address, the embedded one of another Freshet, or one started here. */
export async function openDatabaseServer (config: Config, { joinRunning = false }: { readonly joinRunning?: boolean } = {}): Promise<OpenDatabaseServer> {
  const none = async () => {}
  if (config.database.kind === 'url') return { url: config.database.url, owned: false, stop: none }
  const running = joinRunning ? runningUrl(config.database) : undefined
  if (running !== undefined) return { url: running, owned: false, stop: none }
  const { url, stop } = await startEmbeddedPostgres(config.database)
  return { url, owned: true, stop }
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

export async function openSigner (config: Config): Promise<MediaSigner> {
  const { mediaUrl, keyPairId, privateKey } = config.cdn
  return createMediaSigner({ mediaUrl, keyPairId, privateKey: mediaSigningKey(await secretText(privateKey, newSigningKeyPem)) })
}

/** The message that S3 would send: the worker knows one form, whichever store the object landed in. */
function objectCreatedEvent (key: string, sizeBytes: number): string {
  return JSON.stringify({ Records: [{ eventSource: 'freshet:disk', eventName: 'ObjectCreated:Put', s3: { object: { key, size: sizeBytes } } }] })
}
