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
  UPLOAD_SECRET: 'x'.repeat(32)
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

t.test('a key may be given on one line', async (t) => {
  t.match(readConfig({ ...production, CDN_PRIVATE_KEY: 'a\\nb' }).cdn.privateKey, { kind: 'given', text: 'a\nb' })
})

t.test('the generated papers say what the settings table says', async (t) => {
  t.equal(readFileSync(join(root, 'docs/configuration.md'), 'utf8'), configurationMarkdown(), 'run npm run docs:configuration')
  t.equal(readFileSync(join(root, '.env.example'), 'utf8'), exampleEnv(), 'run npm run docs:configuration')
})
