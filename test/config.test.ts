import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configurationMarkdown, exampleEnv } from '../scripts/configuration-docs.ts'
import { ConfigError, readConfig } from '../src/config.ts'

const root = join(import.meta.dirname, '..')

/** Every setting that production demands, well formed. */
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://freshet@db.example.org/freshet',
  PUBLIC_URL: 'https://music.example.org',
  MEDIA_URL: 'https://music.example.org',
  CDN_KEY_PAIR_ID: 'K2JCJMDEHXQW5F',
  CDN_PRIVATE_KEY: 'pem',
  JWT_PRIVATE_KEY: 'pem',
  UPLOAD_SECRET: '7d2f0c9be1a84653b7d2f0c9be1a8465'
}

function faultsOf (env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

t.test('nothing needs to be set on one machine', async (t) => {
  const config = readConfig({})
  t.match(config, { role: 'all', production: false, database: { kind: 'embedded' }, storage: { kind: 'disk' }, cdn: { kind: 'local-edge', mediaUrl: 'http://localhost:3000' } })
})

t.test('the public address follows the port', async (t) => {
  t.equal(readConfig({ PORT: '8080' }).http.publicUrl, 'http://localhost:8080')
})

t.test('an empty setting is as good as none', async (t) => {
  t.equal(readConfig({ PORT: '', DATABASE_URL: '' }).http.port, 3000)
})

t.test('every fault is named, all at once', async (t) => {
  const faults = faultsOf({ PORT: 'many', STORAGE: 'tape', PUBLIC_URL: 'music', LOG_LEVEL: 'loud', UPLOAD_SECRET: 'short' })
  t.same(faults.map((fault) => fault.split(' ')[0]), ['PORT', 'PUBLIC_URL', 'STORAGE', 'LOG_LEVEL', 'UPLOAD_SECRET'])
  t.match(faults[0], /PORT must be a whole number from 0 to 65535/)
})

t.test('an address has a scheme that the setting can use', async (t) => {
  t.match(faultsOf({ PUBLIC_URL: 'music.example.org:3000', MEDIA_URL: 'localhost:3000', CDN_KEY_PAIR_ID: 'K', DATABASE_URL: 'https://db.example.org/freshet' }),
    [/^PUBLIC_URL .*https:/, /^DATABASE_URL .*postgres:/, /^MEDIA_URL .*https:/])
})

t.test('only networks that somebody owns are believed, and a stray % is named', async (t) => {
  t.same(readConfig({ TRUST_PROXY: '10.0.0.0/8, fd00::/8,192.0.2.1 ,loopback' }).http.trustProxy, ['10.0.0.0/8', 'fd00::/8', '192.0.2.1', 'loopback'])
  t.same(readConfig({ TRUST_PROXY: '' }).http.trustProxy, [])
  for (const network of ['lb.example.org', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '300.0.0.1']) {
    t.match(faultsOf({ TRUST_PROXY: `10.0.0.0/8,${network}` }), [new RegExp(`^TRUST_PROXY must be networks .*${network} is none`)], network)
  }
  t.match(faultsOf({ ...production, DATABASE_URL: 'postgres://freshet:100%@db.example.org/freshet' }), [/^DATABASE_URL has a % that is no escape; write it as %25$/])
})

t.test('production refuses to make up secrets', async (t) => {
  t.same(faultsOf(production), [])
  for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'CDN_PRIVATE_KEY', 'JWT_PRIVATE_KEY', 'UPLOAD_SECRET'] as const) {
    t.match(faultsOf({ ...production, [name]: undefined }), [new RegExp(`^${name} is required in production`)], name)
  }
  t.match(faultsOf({ ...production, PUBLIC_URL: 'http://music.example.org' }), [/PUBLIC_URL must start with https/])
})

t.test('settings that belong together are checked together', async (t) => {
  t.same(faultsOf({ STORAGE: 's3' }), ['S3_BUCKET is required when STORAGE is s3'])
  t.same(faultsOf({ MEDIA_URL: 'https://cdn.example.org' }), ['CDN_KEY_PAIR_ID is required with MEDIA_URL'])
})

t.test('each part of AWS is switched on with what it needs', async (t) => {
  t.match(readConfig({}), { queue: { kind: 'postgres' }, stage: 'local', metrics: { emf: false }, jwtOtherKeys: [], cdn: { next: undefined } })
  t.match(faultsOf({ QUEUE: 'sqs' }), [/^SQS_QUEUE_URL is required/, /^SQS_DEAD_LETTER_QUEUE_URL is required/])
  t.match(readConfig({ QUEUE: 'sqs', SQS_QUEUE_URL: 'https://sqs.example.org/1/jobs', SQS_DEAD_LETTER_QUEUE_URL: 'https://sqs.example.org/1/dead', AWS_REGION: 'eu-west-1' }).queue,
    { kind: 'sqs', url: 'https://sqs.example.org/1/jobs', deadLetterUrl: 'https://sqs.example.org/1/dead', region: 'eu-west-1' })
  t.match(readConfig({ QUEUE: 'sqs', SQS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/jobs', SQS_DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/1/dead', AWS_REGION: 'eu-west-1' }).queue,
    { region: 'us-east-1' }, 'the queue may be in another region than the machine')
  t.match(readConfig({ DATABASE_URL: 'postgres://db.example.org/freshet', DATABASE_USER: 'freshet', DATABASE_PASSWORD: 'p', DATABASE_TLS: 'rds' }).database, { user: 'freshet', password: 'p', tls: 'rds' })
  t.match(faultsOf({ DATABASE_USER: 'freshet', DATABASE_TLS: 'rds' }), [/^DATABASE_USER goes with DATABASE_URL/, /^DATABASE_TLS goes with DATABASE_URL/])
  t.match(faultsOf({ CDN_NEXT_KEY_PAIR_ID: 'K2' }), [/^CDN_NEXT_KEY_PAIR_ID and CDN_NEXT_PRIVATE_KEY/])
  t.match(faultsOf({ CDN_KEY_PAIR_ID: 'K1', CDN_NEXT_KEY_PAIR_ID: 'K1', CDN_NEXT_PRIVATE_KEY: 'pem' }), [/^CDN_NEXT_KEY_PAIR_ID must differ/])
  t.same(readConfig({ JWT_NEXT_PUBLIC_KEY: 'next', JWT_PREVIOUS_PUBLIC_KEY: 'previous' }).jwtOtherKeys, ['next', 'previous'])
})

t.test('production refuses a secret that anybody would guess', async (t) => {
  for (const weak of ['x'.repeat(64), 'ababab'.repeat(10), 'abcde'.repeat(10)]) t.match(faultsOf({ ...production, UPLOAD_SECRET: weak }), [/^UPLOAD_SECRET is too easily guessed/], weak)
  for (const token of ['short', 'a token with blanks, and of the right length']) t.match(faultsOf({ SETUP_TOKEN: token }), [/^SETUP_TOKEN must have from 32 to 100 letters/], token)
  t.match(faultsOf({ ...production, SETUP_TOKEN: 'z'.repeat(32) }), [/^SETUP_TOKEN is too easily guessed/])
  t.match(faultsOf({ ...production, REFRESH_SECRET: 'z'.repeat(32) }), [/^REFRESH_SECRET is too easily guessed/])
  for (const weak of ['password', 'Freshet1', 'change-me', 'qwertz', 'aaaaaaaaaaaa']) {
    t.match(faultsOf({ ...production, DATABASE_PASSWORD: weak }), [/^DATABASE_PASSWORD.* is too easily guessed/], weak)
    t.match(faultsOf({ ...production, DATABASE_URL: `postgres://freshet:${weak}@db.example.org/freshet` }), [/^DATABASE_PASSWORD.* is too easily guessed/], weak)
  }
  t.same(faultsOf({ NODE_ENV: 'development', UPLOAD_SECRET: 'x'.repeat(32) }), [], 'at home it is enough')
})

t.test('a key may be given on one line', async (t) => {
  t.match(readConfig({ ...production, CDN_PRIVATE_KEY: 'a\\nb' }).cdn.privateKey, { kind: 'given', text: 'a\nb' })
})

t.test('the generated papers say what the settings table says', async (t) => {
  t.equal(readFileSync(join(root, 'docs/configuration.md'), 'utf8'), configurationMarkdown(), 'run npm run docs:configuration')
  t.equal(readFileSync(join(root, '.env.example'), 'utf8'), exampleEnv(), 'run npm run docs:configuration')
})
