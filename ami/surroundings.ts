import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newJwtKeyPem, newSigningKeyPem } from '../src/platform/secrets.ts'
import { S3ObjectStore } from '../src/platform/storage/s3-object-store.ts'
import { startTestPostgres, templateName, withDatabase } from '../test/support/database.ts'
import { s3ServerLack, startS3Server } from '../test/support/s3-server.ts'
import { type AwsJsonDouble, startAwsJson } from './doubles/aws-json.ts'
import { type FrontDoor, openFrontDoor } from './doubles/front-door.ts'

const root = join(import.meta.dirname, '..')

/** What an instance finds in AWS, on this machine: database, object store, secrets, logs, and music to play. */
export interface Surroundings {
  readonly publicUrl: string
  readonly credentials: { readonly username: string, readonly password: string }
  /** Of the instance's role. */
  readonly keys: { readonly accessKeyId: string, readonly secretAccessKey: string }
  readonly aws: AwsJsonDouble
  /** What the launch template says to an instance that reaches this machine as `host`. */
  userData (role: 'web' | 'upload' | 'worker', host: string): string
  /** CloudFront and load balancer in front of the instance at `target`. */
  frontDoor (target: string): Promise<FrontDoor>
  /** Gives the library the tracks of the demo album whose names begin with `prefix`; a worker elsewhere, or here, makes them. */
  seed (prefix: string, options: { worker: boolean }): Promise<void>
  stop (): Promise<void>
}

const publicUrl = 'https://music.example.org'
const stage = 'boot-test'
const keyPairId = 'KBOOTTEST'

/** @throws Error saying what is missing on this machine */
export async function openSurroundings (): Promise<Surroundings> {
  const lack = s3ServerLack()
  if (lack !== undefined) throw new Error(lack)
  const closers: Array<() => Promise<void>> = []
  const stop = async () => { for (const close of closers.toReversed()) await close() }
  try {
    return await open(closers, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function open (closers: Array<() => Promise<void>>, stop: () => Promise<void>): Promise<Surroundings> {
  const scratch = await mkdtemp(join(tmpdir(), 'freshet-surroundings-'))
  closers.push(() => rm(scratch, { recursive: true, force: true }))
  const postgres = await startTestPostgres()
  closers.push(() => postgres.stop())
  const s3 = await startS3Server()
  closers.push(() => s3.stop())
  const database = new URL(withDatabase(postgres.url, templateName))
  const secrets = { cdn: newSigningKeyPem(), jwt: newJwtKeyPem(), database: decodeURIComponent(database.password) }
  const aws = await startAwsJson({
    secrets: { [`freshet/${stage}/database`]: JSON.stringify({ username: database.username, password: secrets.database }), [`freshet/${stage}/cdn-key`]: secrets.cdn },
    parameters: { [`/freshet/${stage}/jwt-key`]: secrets.jwt },
    groups: ['web', 'upload', 'worker'].map((role) => `/freshet/${stage}/${role}`)
  })
  closers.push(() => aws.stop())
  const place = { bucket: s3.bucket, region: s3.region, endpoint: s3.endpoint, forcePathStyle: true, kmsKeyId: undefined }
  const storeSettings = (host: string) => ({ STORAGE: 's3', S3_BUCKET: s3.bucket, S3_REGION: s3.region, S3_ENDPOINT: at(s3.endpoint, host), S3_FORCE_PATH_STYLE: 'true' })

  const seedEnvironment = { ...plainEnvironment(), ...storeSettings('127.0.0.1'), DATABASE_URL: database.href, DATA_DIR: join(scratch, 'data'), LOG_LEVEL: 'error', AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey }
  const credentials = { username: 'admin', password: randomBytes(12).toString('hex') }
  await freshet(['create-admin', '--username', credentials.username, '--password-stdin'], seedEnvironment, credentials.password)
  return {
    publicUrl,
    credentials,
    keys: s3.credentials,
    aws,
    stop,
    userData: (role, host) => lines({
      FRESHET_ROLE: role,
      STAGE: stage,
      PUBLIC_URL: publicUrl,
      MEDIA_URL: publicUrl,
      CDN_KEY_PAIR_ID: keyPairId,
      CDN_PRIVATE_KEY: `aws-secret:freshet/${stage}/cdn-key`,
      JWT_PRIVATE_KEY: `aws-ssm:/freshet/${stage}/jwt-key`,
      DATABASE_URL: at(`postgres://127.0.0.1:${database.port}${database.pathname}`, host),
      DATABASE_USER: database.username,
      DATABASE_PASSWORD: `aws-secret:freshet/${stage}/database#password`,
      AWS_ENDPOINT: at(aws.url, host),
      TRUST_PROXY: 'loopback,169.254.0.0/16',
      METRICS_EMF: 'true',
      ...storeSettings(host)
    }),
    frontDoor: (target) => {
      // The S3 client finds its keys in the environment.
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey })
      return openFrontDoor({ publicUrl, cdn: { keyPairId, privateKey: secrets.cdn }, store: new S3ObjectStore({ ...place }), target })
    },
    async seed (prefix, { worker }) {
      const folder = join(scratch, `album-${prefix}`)
      await mkdir(folder, { recursive: true })
      await cp(join(root, 'dist/demo'), folder, { recursive: true, filter: (path) => !path.endsWith('.flac') || path.includes(`/${prefix}`) })
      await freshet(['import', folder, ...worker ? ['--worker'] : []], seedEnvironment)
    }
  }
}

/** The same address as seen from elsewhere. */
function at (address: string, host: string): string {
  const url = new URL(address)
  url.hostname = host
  return url.href.replace(/\/$/, '')
}

function lines (settings: Readonly<Record<string, string>>): string {
  return `# The settings of this instance; secrets by reference.\n${Object.entries(settings).map(([name, value]) => `${name}=${value}\n`).join('')}`
}

/** Settings of a developer's own installation have no say here. */
function plainEnvironment (): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR }
}

function freshet (args: readonly string[], env: NodeJS.ProcessEnv, input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'dist/server/cli/main.js'), ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { said += chunk.toString() })
    child.once('error', reject)
    child.once('close', (code) => code === 0 ? resolve() : reject(new Error(`freshet ${args[0]} ended with ${code}: ${said.slice(-1000)}`)))
    child.stdin.end(input)
  })
}
