import { type ChildProcess, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret } from '../src/platform/secrets.ts'
import { startAwsDouble } from './support/aws-double.ts'
import { testDatabase } from './support/database.ts'
import { startFaultProxy } from './support/fault-proxy.ts'
import { startSqsServer } from './support/sqs-server.ts'
import { temporaryFolder } from './support/stores.ts'

const entry = join(import.meta.dirname, '../src/main.ts')
const startWithinMs = 60_000

interface Start {
  readonly code: number | null
  readonly said: string
}

/** Starts the real process and waits until it gives up. */
async function refusalOf (t: Test, env: NodeJS.ProcessEnv): Promise<Start> {
  const child: ChildProcess = spawn(process.execPath, [entry], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: startWithinMs,
    killSignal: 'SIGKILL',
    env: { PATH: process.env.PATH, DATA_DIR: await temporaryFolder(t), PORT: '0', FRESHET_ROLE: 'web', ...env }
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => { said += chunk.toString() })
  await once(child, 'close')
  return { code: child.exitCode, said }
}

t.test('bad settings stop the start with a sentence that names the setting', async (t) => {
  const db = await testDatabase(t)
  const aws = await startAwsDouble(t)
  const sqs = await startSqsServer(t)
  const elsewhere = await startFaultProxy(t, sqs.endpoint)
  elsewhere.decide(() => ({ kind: 'answer', status: 301, body: '', headers: { 'x-amz-bucket-region': 'eu-west-1' } }))
  const noBucket = await startFaultProxy(t, sqs.endpoint)
  noBucket.decide(() => ({ kind: 'answer', status: 404, body: '' }))
  const forbidden = await startFaultProxy(t, sqs.endpoint)
  forbidden.decide(() => ({ kind: 'answer', status: 403, body: '' }))
  aws.forbidden.add('freshet/closed')

  const home = { DATABASE_URL: db.url, AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'canary-of-the-credentials' }
  const production = {
    ...home, NODE_ENV: 'production', PUBLIC_URL: 'https://music.example.org', CDN_PRIVATE_KEY: newSigningKeyPem(), JWT_PRIVATE_KEY: newJwtKeyPem(), UPLOAD_SECRET: newUploadSecret()
  }
  const s3 = (endpoint: string) => ({ ...home, STORAGE: 's3', S3_BUCKET: 'music', S3_ENDPOINT: endpoint, S3_FORCE_PATH_STYLE: 'true' })
  const { url, deadLetterUrl } = sqs.queues('endless', { maxReceives: null })
  const queue = { ...home, QUEUE: 'sqs', SQS_ENDPOINT: sqs.endpoint, SQS_QUEUE_URL: url, SQS_DEAD_LETTER_QUEUE_URL: deadLetterUrl }
  const damagedPem = newJwtKeyPem().replace(/\n(.{20})/, '\ncanary-of-the-key----')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

  const cases: Array<readonly [name: string, env: NodeJS.ProcessEnv, message: RegExp]> = [
    ['missing bucket', s3(noBucket.endpoint), /S3_BUCKET: there is no bucket music/],
    ['wrong region', s3(elsewhere.endpoint), /S3_REGION is us-east-1, but the bucket music is in eu-west-1/],
    ['no permission on the bucket', s3(forbidden.endpoint), /S3_BUCKET: the bucket music may not be used from here.*s3:ListBucket/],
    ['no S3 server', s3('http://127.0.0.1:1'), /S3_BUCKET: the bucket music can’t be reached .*S3_ENDPOINT/],
    ['malformed token key', { ...home, JWT_PRIVATE_KEY: damagedPem }, /JWT_PRIVATE_KEY is not a private key in PEM form/],
    ['malformed next token key', { ...home, JWT_NEXT_PUBLIC_KEY: 'canary-of-the-key' }, /JWT_NEXT_PUBLIC_KEY or JWT_PREVIOUS_PUBLIC_KEY is not a public key/],
    ['a signing key that CloudFront does not take', { ...home, CDN_PRIVATE_KEY: rsa }, /CDN_PRIVATE_KEY is a key of type rsa 1024/],
    ['malformed next signing key', { ...home, CDN_NEXT_KEY_PAIR_ID: 'K2', CDN_NEXT_PRIVATE_KEY: 'canary-of-the-key' }, /CDN_NEXT_PRIVATE_KEY is not a private key in PEM form/],
    ['all the same characters', { ...production, UPLOAD_SECRET: 'a'.repeat(64) }, /UPLOAD_SECRET is too easily guessed/],
    ['short', { ...production, UPLOAD_SECRET: 'canary-of-the-secret' }, /UPLOAD_SECRET must have at least 32 characters/],
    ['the password of the examples', { ...production, DATABASE_PASSWORD: 'password' }, /DATABASE_PASSWORD.* is too easily guessed/],
    ['none at all', { ...production, JWT_PRIVATE_KEY: undefined }, /JWT_PRIVATE_KEY is required in production/],
    ['unreachable queue', { ...queue, SQS_ENDPOINT: 'http://127.0.0.1:1' }, /SQS_QUEUE_URL: the queue can't be reached/],
    ['a queue that nobody made', { ...queue, SQS_QUEUE_URL: `${url}-absent` }, /SQS_QUEUE_URL names a queue that does not exist/],
    ['a queue without dead letters', queue, /SQS_QUEUE_URL: the queue has no redrive policy/],
    ['a reference that leads nowhere', { ...home, ...aws.env, JWT_PRIVATE_KEY: 'aws-secret:freshet/absent' }, /JWT_PRIVATE_KEY refers to aws-secret:freshet\/absent, which does not exist in us-east-1/],
    ['a reference that may not be read', { ...home, ...aws.env, JWT_PRIVATE_KEY: 'aws-secret:freshet/closed' }, /JWT_PRIVATE_KEY refers to aws-secret:freshet\/closed, which this machine may not read .*secretsmanager:GetSecretValue/],
    ['unreachable database', { DATABASE_URL: 'postgres://freshet:canary@127.0.0.1:1/freshet' }, /DATABASE_URL: the database can't be reached .*127\.0\.0\.1:1/],
    ['a wrong password', { DATABASE_URL: db.url.replace(/:[^:@/]+@/, ':canary@') }, /DATABASE_URL: the database lets nobody in .*DATABASE_PASSWORD/],
    ['no TLS where it is demanded', { DATABASE_URL: db.url, DATABASE_TLS: 'rds' }, /DATABASE_TLS: no encrypted connection/]
  ]
  for (const [name, env, message] of cases) {
    const { code, said } = await refusalOf(t, env)
    t.equal(code, 1, name)
    t.match(said, /^Freshet can’t start: /m, name)
    t.match(said, message, name)
    t.notMatch(said, /canary|BEGIN PRIVATE KEY/, `${name}: nothing secret is said`)
    t.notMatch(said, /^\s+at /m, `${name}: without a stack`)
  }
})
