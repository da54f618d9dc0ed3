import { join, resolve } from 'node:path'
import { brokenRules, localEdgeKeyPairId } from './config-rules.ts'
import { flag, integer, networks, oneOf, optionalText, pem, postgresUrl, secret, type Setting, type SettingWithFallback, text, url } from './setting-kinds.ts'

/** Every setting Freshet knows. docs/configuration.md and .env.example are generated from this table. */
export const settings = {
  NODE_ENV: oneOf('In production Freshet refuses to start with a secret it would have to make up.', 'development', 'development', 'test', 'production'),
  FRESHET_ROLE: oneOf('What this process does: answer requests, take uploads only, process music, or all of it.', 'all', 'web', 'upload', 'worker', 'all'),
  STAGE: text('Name of the installation; its metrics carry it.', 'local'),
  HOST: text('Network name or address to listen on.', 'localhost'),
  PORT: integer('Port to listen on; 0 takes a free one.', 3000, 0, 65535),
  PUBLIC_URL: url('Address under which browsers reach the service. Default: http://localhost:PORT.'),
  TRUST_PROXY: networks('Comma-separated networks (CIDR) of the load balancers whose X-Forwarded-* headers count.'),
  REQUESTS_PER_MINUTE: integer('Requests that one user gets answered in a minute, or one address where nobody is signed in, over all instances; media don’t count. 0 means no limit.', 12_000, 0, 10_000_000),
  WEB_PROCESSES: integer('Processes that answer requests on one port, for the roles web and upload; 0 means one a processor core.', 1, 0, 64),
  ORGANISATION: text('Name of the organisation, shown in the web client.', 'Freshet'),
  SHARING: oneOf('Who may make links by which people without an account hear a track, an album or a playlist; off ends those there are.', 'listeners', 'off', 'listeners', 'curators'),
  DATA_DIR: text('Folder in which everything local lives: database, music, keys.', './data'),
  DATABASE_URL: postgresUrl('Postgres 14 or newer. Without it Freshet runs its own Postgres in DATA_DIR.'),
  DATABASE_USER: optionalText('User, where DATABASE_URL names none.'),
  DATABASE_PASSWORD: secret('Password, where DATABASE_URL holds none. One that is a reference is read anew when it has been rotated.'),
  DATABASE_TLS: oneOf('Whether connections to Postgres are encrypted: off, unless DATABASE_URL has an sslmode; verify trusts the authorities that Node trusts; rds trusts Amazon’s for RDS.', 'off', 'off', 'verify', 'rds'),
  DATABASE_REPLICA_URL: postgresUrl('A streaming replica of the database, which then answers browsing and searching. User, password and TLS as for DATABASE_URL.'),
  DATABASE_POOL: integer('Connections a process keeps to Postgres.', 10, 2, 200),
  STORAGE: oneOf('Where music and pictures are kept.', 'disk', 'disk', 's3'),
  S3_BUCKET: optionalText('Bucket, when STORAGE is s3.'),
  S3_REGION: text('Region of the bucket.', 'us-east-1'),
  S3_ENDPOINT: url('Address of an S3 server other than Amazon’s.'),
  S3_FORCE_PATH_STYLE: flag('Address buckets by path, as most S3 servers other than Amazon’s want it.'),
  S3_KMS_KEY_ID: optionalText('KMS key that encrypts what is written to the bucket. Default: as the bucket has it.'),
  QUEUE: oneOf('What carries jobs to the workers.', 'postgres', 'postgres', 'sqs'),
  SQS_QUEUE_URL: url('Queue, when QUEUE is sqs. It has a redrive policy to the dead-letter queue.'),
  SQS_DEAD_LETTER_QUEUE_URL: url('Dead-letter queue of SQS_QUEUE_URL. Required when QUEUE is sqs.'),
  SQS_ENDPOINT: url('Address of an SQS server other than Amazon’s.'),
  AWS_REGION: text('Region of the queue, of Secrets Manager, SSM and CloudWatch Logs.', 'us-east-1'),
  AWS_ENDPOINT: url('Address of a server other than Amazon’s for Secrets Manager, SSM and CloudWatch Logs.'),
  INSTANCE_METADATA_URL: url('Instance metadata, http://169.254.169.254 on EC2; when set, a worker gives its jobs back on a Spot notice.'),
  MEDIA_URL: url('Address under which browsers fetch media: the CloudFront distribution. Default: PUBLIC_URL, served by the local edge.'),
  CDN_KEY_PAIR_ID: optionalText('Id of the public key in CloudFront’s key group. Required with MEDIA_URL.'),
  CDN_PRIVATE_KEY: secret('PEM of the key that signs media addresses: ECDSA P-256 or RSA-2048. Made on the first start where absent; required in production.'),
  CDN_NEXT_KEY_PAIR_ID: optionalText('Id of the other key while one replaces another: the next one before the change, the one before after it.'),
  CDN_NEXT_PRIVATE_KEY: secret('PEM of the key of CDN_NEXT_KEY_PAIR_ID. Addresses that it signed are good too; none is signed with it.'),
  JWT_PRIVATE_KEY: secret('PEM of the Ed25519 key that signs access tokens. Made on the first start where absent; required in production.'),
  JWT_NEXT_PUBLIC_KEY: pem('PEM of the public half of the key that is to replace JWT_PRIVATE_KEY: its tokens are good already.'),
  JWT_PREVIOUS_PUBLIC_KEY: pem('PEM of the public half of the key that JWT_PRIVATE_KEY replaced: its tokens are good still.'),
  REFRESH_SECRET: secret('At least 32 characters; makes the tokens that keep browsers signed in. Default: made from JWT_PRIVATE_KEY; then a replaced refresh token that turns up again is not known as stolen once that key has changed.'),
  SETUP_TOKEN: secret('From 32 to 100 letters, digits, - and _: whoever opens PUBLIC_URL/setup#token=SETUP_TOKEN makes the first admin, once. Default: made at each start and shown at the terminal; in production there is then no such link.'),
  UPLOAD_SECRET: secret('At least 32 characters; signs upload addresses of the disk store. Made on the first start where absent; required in production.'),
  UPLOAD_MAX_BYTES: integer('Largest file a curator may upload, in bytes.', 2_147_483_648, 1, 5_497_558_138_880),
  WORKER_CONCURRENCY: integer('Tracks processed at once; 0 means one a processor core.', 0, 0, 256),
  FFMPEG_PATH: optionalText('ffmpeg to use. Default: the one on the PATH, else the one that npm installed.'),
  INSTANCE_ID: optionalText('Id of the machine, for the log. The image sets it on EC2.'),
  SHIP_LOGS: oneOf('On EC2, whether the image sends the journal to CloudWatch Logs.', 'true', 'true', 'false'),
  METRICS_EMF: flag('Write metrics to standard output too, in CloudWatch’s embedded metric format.'),
  LOG_LEVEL: oneOf('Least severe message to log.', 'info', 'trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
} as const

type Settings = typeof settings
type SettingName = keyof Settings
type Value<N extends SettingName> = ReturnType<Settings[N]['parse']> | (Settings[N] extends SettingWithFallback<unknown> ? never : undefined)
/** The settings as values, before the rules that join them. */
export type Values = { [N in SettingName]: Value<N> }

/** A secret is given as text, or made once and kept in a file of `dir`. */
export type SecretSource = { readonly kind: 'given', readonly text: string } | { readonly kind: 'kept', readonly file: string }

export interface Config {
  readonly production: boolean
  readonly role: 'web' | 'upload' | 'worker' | 'all'
  /** Name of the installation, a dimension of its metrics. */
  readonly stage: string
  readonly organisation: string
  /** Who may make links for people who don't sign in. */
  readonly sharing: 'off' | 'listeners' | 'curators'
  readonly logLevel: string
  readonly dataDir: string
  readonly http: { readonly host: string, readonly port: number, readonly publicUrl: string, readonly trustProxy: readonly string[], readonly requestsPerMinute: number, readonly processes: number }
  readonly database: { readonly poolSize: number } & (
    | { readonly kind: 'embedded', readonly dir: string, readonly passwordFile: string, readonly replicaUrl: undefined }
    | { readonly kind: 'url', readonly url: string, readonly replicaUrl: string | undefined, readonly user: string | undefined, readonly password: string | undefined, readonly tls: 'off' | 'verify' | 'rds' })
  readonly storage:
    | { readonly kind: 'disk', readonly dir: string, readonly secret: SecretSource }
    | { readonly kind: 's3', readonly bucket: string, readonly region: string, readonly endpoint: string | undefined, readonly forcePathStyle: boolean, readonly kmsKeyId: string | undefined }
  readonly queue:
    | { readonly kind: 'postgres' }
    | { readonly kind: 'sqs', readonly url: string, readonly deadLetterUrl: string, readonly region: string, readonly endpoint: string | undefined }
  readonly cdn: {
    readonly kind: 'local-edge' | 'cloudfront'
    readonly mediaUrl: string
    readonly keyPairId: string
    readonly privateKey: SecretSource
    /** Good for addresses too, while one key replaces another. */
    readonly next: { readonly keyPairId: string, readonly privateKey: string } | undefined
  }
  readonly jwtPrivateKey: SecretSource
  /** PEM of the public keys whose tokens are good beside those of `jwtPrivateKey`: the next and the previous one. */
  readonly jwtOtherKeys: readonly string[]
  /** undefined: the private key of access tokens serves. */
  readonly refreshSecret: string | undefined
  /** Token of the link that makes the first admin. undefined: one of each start's own. */
  readonly setupToken: string | undefined
  readonly uploads: { readonly maxBytes: number }
  readonly worker: { readonly concurrency: number, readonly scratchDir: string }
  readonly ffmpegPath: string | undefined
  readonly metrics: { readonly emf: boolean }
  /** Where this machine is told of itself; undefined where it isn't on EC2. */
  readonly instanceMetadataUrl: string | undefined
  readonly instanceId: string | undefined
}

/** Thrown with every fault found, one line each, so that one restart mends them all. */
export class ConfigError extends Error {
  readonly faults: readonly string[]
  constructor (faults: readonly string[]) {
    super(`Settings are wrong:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

/**
 * Reads and checks the settings.
 * @throws ConfigError naming each setting that is wrong and what it must be.
 */
export function readConfig (env: NodeJS.ProcessEnv = process.env): Config {
  const faults: string[] = []
  const values = parse(env, faults)
  faults.push(...brokenRules(values))
  if (faults.length > 0) throw new ConfigError(faults)
  return toConfig(values)
}

function parse (env: NodeJS.ProcessEnv, faults: string[]): Values {
  const entries = Object.entries<Setting<unknown> & { readonly fallback?: string }>(settings).map(([name, setting]) => {
    const given = env[name]
    const source = given === undefined || given === '' ? setting.fallback : given
    if (source === undefined) return [name, undefined]
    try {
      return [name, setting.parse(source)]
    } catch (error) {
      faults.push(`${name} ${error instanceof Error ? error.message : String(error)}`)
      return [name, undefined]
    }
  })
  return Object.fromEntries(entries) as Values
}

function toConfig (v: Values): Config {
  const dataDir = resolve(v.DATA_DIR)
  const kept = (value: string | undefined, file: string): SecretSource =>
    value === undefined ? { kind: 'kept', file: join(dataDir, 'secrets', file) } : { kind: 'given', text: value }
  const publicUrl = v.PUBLIC_URL ?? `http://localhost:${v.PORT}`
  return {
    production: v.NODE_ENV === 'production',
    role: v.FRESHET_ROLE,
    stage: v.STAGE,
    organisation: v.ORGANISATION,
    sharing: v.SHARING,
    logLevel: v.LOG_LEVEL,
    dataDir,
    http: {
      host: v.HOST,
      port: v.PORT,
      publicUrl,
      trustProxy: v.TRUST_PROXY,
      requestsPerMinute: v.REQUESTS_PER_MINUTE,
      processes: v.WEB_PROCESSES
    },
    database: databaseOf(v, dataDir),
    storage: v.STORAGE === 's3'
      ? { kind: 's3', bucket: v.S3_BUCKET ?? '', region: v.S3_REGION, endpoint: v.S3_ENDPOINT, forcePathStyle: v.S3_FORCE_PATH_STYLE, kmsKeyId: v.S3_KMS_KEY_ID }
      : { kind: 'disk', dir: join(dataDir, 'objects'), secret: kept(v.UPLOAD_SECRET, 'upload-secret') },
    queue: v.QUEUE === 'sqs'
      ? { kind: 'sqs', url: v.SQS_QUEUE_URL ?? '', deadLetterUrl: v.SQS_DEAD_LETTER_QUEUE_URL ?? '', region: regionOfQueue(v.SQS_QUEUE_URL) ?? v.AWS_REGION, endpoint: v.SQS_ENDPOINT }
      : { kind: 'postgres' },
    cdn: cdnOf(v, publicUrl, kept(v.CDN_PRIVATE_KEY, 'cdn-private-key.pem')),
    jwtPrivateKey: kept(v.JWT_PRIVATE_KEY, 'jwt-private-key.pem'),
    jwtOtherKeys: [v.JWT_NEXT_PUBLIC_KEY, v.JWT_PREVIOUS_PUBLIC_KEY].filter((key) => key !== undefined),
    refreshSecret: v.REFRESH_SECRET,
    setupToken: v.SETUP_TOKEN,
    uploads: { maxBytes: v.UPLOAD_MAX_BYTES },
    worker: { concurrency: v.WORKER_CONCURRENCY, scratchDir: join(dataDir, 'scratch') },
    ffmpegPath: v.FFMPEG_PATH,
    metrics: { emf: v.METRICS_EMF },
    instanceMetadataUrl: v.INSTANCE_METADATA_URL,
    instanceId: v.INSTANCE_ID
  }
}

function cdnOf (v: Values, publicUrl: string, privateKey: SecretSource): Config['cdn'] {
  const { CDN_NEXT_KEY_PAIR_ID: nextId, CDN_NEXT_PRIVATE_KEY: nextKey } = v
  return {
    kind: v.MEDIA_URL === undefined ? 'local-edge' : 'cloudfront',
    mediaUrl: v.MEDIA_URL ?? publicUrl,
    keyPairId: v.CDN_KEY_PAIR_ID ?? localEdgeKeyPairId,
    privateKey,
    next: nextId === undefined || nextKey === undefined ? undefined : { keyPairId: nextId, privateKey: nextKey }
  }
}

/** Amazon's addresses say it, and it may be another one than this machine's. */
function regionOfQueue (queueUrl: string | undefined): string | undefined {
  return queueUrl === undefined ? undefined : /^sqs\.([a-z0-9-]+)\.amazonaws\.com/.exec(new URL(queueUrl).hostname)?.[1]
}

function databaseOf (v: Values, dataDir: string): Config['database'] {
  const poolSize = v.DATABASE_POOL
  if (v.DATABASE_URL === undefined) return { kind: 'embedded', dir: join(dataDir, 'postgres'), passwordFile: join(dataDir, 'secrets', 'postgres-password'), replicaUrl: undefined, poolSize }
  return { kind: 'url', url: v.DATABASE_URL, replicaUrl: v.DATABASE_REPLICA_URL, user: v.DATABASE_USER, password: v.DATABASE_PASSWORD, tls: v.DATABASE_TLS, poolSize }
}

/** The environment of a child process: ours with a few settings changed. */
export function environmentWith (changes: Partial<Record<SettingName, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes }
}
