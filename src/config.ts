import { join, resolve } from 'node:path'

/** One setting as the environment gives it: how its text becomes a value, and what a person must know of it. */
interface Setting<T> {
  readonly parse: (text: string) => T
  readonly meaning: string
  readonly secret?: boolean
}
/** One that always has a value. */
interface SettingWithFallback<T> extends Setting<T> {
  readonly fallback: string
}

const asIs = (value: string) => value

const text = (meaning: string, fallback: string): SettingWithFallback<string> => ({ parse: asIs, meaning, fallback })

const optionalText = (meaning: string): Setting<string> => ({ parse: asIs, meaning })

const secret = (meaning: string): Setting<string> =>
  ({ parse: (value) => value.replaceAll('\\n', '\n'), meaning, secret: true })

const integer = (meaning: string, fallback: number, min: number, max: number): SettingWithFallback<number> => ({
  parse (value) {
    const number = Number(value)
    if (!Number.isInteger(number) || number < min || number > max) throw new Error(`must be a whole number from ${min} to ${max}`)
    return number
  },
  fallback: String(fallback),
  meaning
})

const oneOf = <T extends string>(meaning: string, fallback: NoInfer<T>, ...choices: T[]): SettingWithFallback<T> => ({
  parse (value) {
    const choice = choices.find((c) => c === value)
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`)
    return choice
  },
  fallback,
  meaning: `${meaning} One of ${choices.join(', ')}.`
})

const flag = (meaning: string): SettingWithFallback<boolean> => {
  const choice = oneOf(meaning, 'false', 'true', 'false')
  return { ...choice, parse: (value) => choice.parse(value) === 'true' }
}

/** `music.example.org:3000` is an address too, of the scheme `music.example.org`: hence the schemes. */
const address = (schemes: readonly string[], example: string) => (meaning: string): Setting<string> => ({
  parse (value) {
    const protocol = URL.canParse(value) ? new URL(value).protocol : undefined
    if (protocol === undefined || !schemes.includes(protocol)) throw new Error(`must be an absolute address such as ${example}`)
    return value.replace(/\/+$/, '')
  },
  meaning
})

const url = address(['http:', 'https:'], 'https://music.example.org')

const postgresUrl = address(['postgres:', 'postgresql:'], 'postgres://user:password@db.example.org:5432/freshet')

/** Every setting Freshet knows. docs/configuration.md and .env.example are generated from this table. */
export const settings = {
  NODE_ENV: oneOf('In production Freshet refuses to start with a secret it would have to make up.', 'development', 'development', 'test', 'production'),
  FRESHET_ROLE: oneOf('What this process does: answer requests, process music, or both.', 'all', 'web', 'worker', 'all'),
  HOST: text('Network name or address to listen on.', 'localhost'),
  PORT: integer('Port to listen on; 0 takes a free one.', 3000, 0, 65535),
  PUBLIC_URL: url('Address under which browsers reach the service. Default: http://localhost:PORT.'),
  TRUST_PROXY: text('Comma-separated networks (CIDR) of the load balancers whose X-Forwarded-* headers count.', ''),
  REQUESTS_PER_MINUTE: integer('Requests an instance answers one user in a minute, or one address where nobody is signed in; media don’t count. 0 means no limit.', 12_000, 0, 10_000_000),
  ORGANISATION: text('Name of the organisation, shown in the web client.', 'Freshet'),
  DATA_DIR: text('Folder in which everything local lives: database, music, keys.', './data'),
  DATABASE_URL: postgresUrl('Postgres 14 or newer. Without it Freshet runs its own Postgres in DATA_DIR.'),
  DATABASE_POOL: integer('Connections a process keeps to Postgres.', 10, 2, 200),
  STORAGE: oneOf('Where music and pictures are kept.', 'disk', 'disk', 's3'),
  S3_BUCKET: optionalText('Bucket, when STORAGE is s3.'),
  S3_REGION: text('Region of the bucket.', 'us-east-1'),
  S3_ENDPOINT: url('Address of an S3 server other than Amazon’s.'),
  S3_FORCE_PATH_STYLE: flag('Address buckets by path, as most S3 servers other than Amazon’s want it.'),
  MEDIA_URL: url('Address under which browsers fetch media: the CloudFront distribution. Default: PUBLIC_URL, served by the local edge.'),
  CDN_KEY_PAIR_ID: optionalText('Id of the public key in CloudFront’s key group. Required with MEDIA_URL.'),
  CDN_PRIVATE_KEY: secret('PEM of the key that signs media addresses: ECDSA P-256 or RSA-2048. Made on the first start where absent; required in production.'),
  JWT_PRIVATE_KEY: secret('PEM of the Ed25519 key that signs access tokens. Made on the first start where absent; required in production.'),
  UPLOAD_SECRET: secret('At least 32 characters; signs upload addresses of the disk store. Made on the first start where absent; required in production.'),
  UPLOAD_MAX_BYTES: integer('Largest file a curator may upload, in bytes.', 2_147_483_648, 1, 5_497_558_138_880),
  WORKER_CONCURRENCY: integer('Tracks processed at once; 0 means one a processor core.', 0, 0, 256),
  FFMPEG_PATH: optionalText('ffmpeg to use. Default: the one on the PATH, else the one that npm installed.'),
  LOG_LEVEL: oneOf('Least severe message to log.', 'info', 'trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')
} as const

type Settings = typeof settings
type SettingName = keyof Settings
type Value<N extends SettingName> = ReturnType<Settings[N]['parse']> | (Settings[N] extends SettingWithFallback<unknown> ? never : undefined)
type Values = { [N in SettingName]: Value<N> }

/** A secret is given as text, or made once and kept in a file of `dir`. */
export type SecretSource = { readonly kind: 'given', readonly text: string } | { readonly kind: 'kept', readonly file: string }

export interface Config {
  readonly production: boolean
  readonly role: 'web' | 'worker' | 'all'
  readonly organisation: string
  readonly logLevel: string
  readonly dataDir: string
  readonly http: { readonly host: string, readonly port: number, readonly publicUrl: string, readonly trustProxy: readonly string[], readonly requestsPerMinute: number }
  readonly database: { readonly poolSize: number } & (
    | { readonly kind: 'embedded', readonly dir: string, readonly passwordFile: string }
    | { readonly kind: 'url', readonly url: string })
  readonly storage:
    | { readonly kind: 'disk', readonly dir: string, readonly secret: SecretSource }
    | { readonly kind: 's3', readonly bucket: string, readonly region: string, readonly endpoint: string | undefined, readonly forcePathStyle: boolean }
  readonly cdn:
    | { readonly kind: 'local-edge', readonly mediaUrl: string, readonly keyPairId: string, readonly privateKey: SecretSource }
    | { readonly kind: 'cloudfront', readonly mediaUrl: string, readonly keyPairId: string, readonly privateKey: SecretSource }
  readonly jwtPrivateKey: SecretSource
  readonly uploads: { readonly maxBytes: number }
  readonly worker: { readonly concurrency: number, readonly scratchDir: string }
  readonly ffmpegPath: string | undefined
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
  faults.push(...crossFieldFaults(values))
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

/** What is wrong when, and the sentence that says so. */
const crossFieldRules: ReadonlyArray<readonly [broken: (v: Values) => boolean, fault: string]> = [
  [(v) => v.STORAGE === 's3' && v.S3_BUCKET === undefined, 'S3_BUCKET is required when STORAGE is s3'],
  [(v) => v.MEDIA_URL !== undefined && v.CDN_KEY_PAIR_ID === undefined, 'CDN_KEY_PAIR_ID is required with MEDIA_URL'],
  [(v) => v.UPLOAD_SECRET !== undefined && v.UPLOAD_SECRET.length < 32, 'UPLOAD_SECRET must have at least 32 characters']
]
const productionRules: typeof crossFieldRules = [
  ...(['DATABASE_URL', 'PUBLIC_URL', 'CDN_PRIVATE_KEY', 'JWT_PRIVATE_KEY'] as const).map((name) =>
    [(v: Values) => v[name] === undefined, `${name} is required in production`] as const),
  [(v) => v.STORAGE === 'disk' && v.UPLOAD_SECRET === undefined, 'UPLOAD_SECRET is required in production when STORAGE is disk'],
  [(v) => v.STORAGE === 's3' && v.MEDIA_URL === undefined, 'MEDIA_URL is required in production when STORAGE is s3: browsers fetch media from CloudFront'],
  [(v) => v.PUBLIC_URL !== undefined && !v.PUBLIC_URL.startsWith('https://'), 'PUBLIC_URL must start with https:// in production: sign-in cookies need it']
]

function crossFieldFaults (values: Values): string[] {
  const rules = values.NODE_ENV === 'production' ? [...crossFieldRules, ...productionRules] : crossFieldRules
  return rules.filter(([broken]) => broken(values)).map(([, fault]) => fault)
}

function toConfig (v: Values): Config {
  const dataDir = resolve(v.DATA_DIR)
  const kept = (value: string | undefined, file: string): SecretSource =>
    value === undefined ? { kind: 'kept', file: join(dataDir, 'secrets', file) } : { kind: 'given', text: value }
  const publicUrl = v.PUBLIC_URL ?? `http://localhost:${v.PORT}`
  return {
    production: v.NODE_ENV === 'production',
    role: v.FRESHET_ROLE,
    organisation: v.ORGANISATION,
    logLevel: v.LOG_LEVEL,
    dataDir,
    http: {
      host: v.HOST,
      port: v.PORT,
      publicUrl,
      trustProxy: v.TRUST_PROXY.split(',').map((n) => n.trim()).filter(Boolean),
      requestsPerMinute: v.REQUESTS_PER_MINUTE
    },
    database: v.DATABASE_URL === undefined
      ? { kind: 'embedded', dir: join(dataDir, 'postgres'), passwordFile: join(dataDir, 'secrets', 'postgres-password'), poolSize: v.DATABASE_POOL }
      : { kind: 'url', url: v.DATABASE_URL, poolSize: v.DATABASE_POOL },
    storage: v.STORAGE === 's3'
      ? { kind: 's3', bucket: v.S3_BUCKET ?? '', region: v.S3_REGION, endpoint: v.S3_ENDPOINT, forcePathStyle: v.S3_FORCE_PATH_STYLE }
      : { kind: 'disk', dir: join(dataDir, 'objects'), secret: kept(v.UPLOAD_SECRET, 'upload-secret') },
    cdn: {
      kind: v.MEDIA_URL === undefined ? 'local-edge' : 'cloudfront',
      mediaUrl: v.MEDIA_URL ?? publicUrl,
      keyPairId: v.CDN_KEY_PAIR_ID ?? 'KLOCALEDGE',
      privateKey: kept(v.CDN_PRIVATE_KEY, 'cdn-private-key.pem')
    },
    jwtPrivateKey: kept(v.JWT_PRIVATE_KEY, 'jwt-private-key.pem'),
    uploads: { maxBytes: v.UPLOAD_MAX_BYTES },
    worker: { concurrency: v.WORKER_CONCURRENCY, scratchDir: join(dataDir, 'scratch') },
    ffmpegPath: v.FFMPEG_PATH
  }
}

/** The environment of a child process: ours with a few settings changed. */
export function environmentWith (changes: Partial<Record<SettingName, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes }
}
