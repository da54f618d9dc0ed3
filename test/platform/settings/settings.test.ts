import { createPrivateKey, createPublicKey } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { readConfig } from '../../../src/config.ts'
import { connectionOptions } from '../../../src/platform/database/database-address.ts'
import { newJwtKeyPem } from '../../../src/platform/secrets.ts'
import { freshText } from '../../../src/platform/settings/fresh-text.ts'
import { resolveSettings } from '../../../src/platform/settings/resolve-settings.ts'
import { startAwsDouble } from '../../support/aws-double.ts'
import { testDatabase } from '../../support/database.ts'

process.env['AWS_ACCESS_KEY_ID'] = 'any'
process.env['AWS_SECRET_ACCESS_KEY'] = 'any'

t.test('values that are references are looked up, others are left alone', async (t) => {
  const aws = await startAwsDouble(t)
  aws.secrets.set('freshet/keys', JSON.stringify({ cdn: 'the signing key', generation: 7 }))
  aws.secrets.set('arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1', JSON.stringify({ username: 'postgres', password: 'pa#ss' }))
  aws.secrets.set('plain', 'a whole secret')
  aws.parameters.set('/freshet/public-url', 'https://music.example.org')
  const env = await resolveSettings({
    ...aws.env,
    PATH: 'aws-secret:not-a-setting',
    ORGANISATION: 'Plain',
    CDN_PRIVATE_KEY: 'aws-secret:freshet/keys#cdn',
    STAGE: 'aws-secret:freshet/keys#generation',
    DATABASE_USER: 'aws-secret:arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1#username',
    DATABASE_PASSWORD: 'aws-secret:arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1#password',
    UPLOAD_SECRET: 'aws-secret:plain',
    PUBLIC_URL: 'aws-ssm:/freshet/public-url'
  })
  t.match(env, {
    PATH: 'aws-secret:not-a-setting',
    ORGANISATION: 'Plain',
    CDN_PRIVATE_KEY: 'the signing key',
    STAGE: '7',
    DATABASE_USER: 'postgres',
    DATABASE_PASSWORD: 'pa#ss',
    UPLOAD_SECRET: 'a whole secret',
    PUBLIC_URL: 'https://music.example.org'
  })
  t.same(aws.asked.toSorted(), ['/freshet/public-url', 'arn:aws:secretsmanager:us-east-1:1:secret:rds!db-1', 'freshet/keys', 'plain'], 'each is asked for once')
  const plain = { PORT: '3000' }
  t.equal(await resolveSettings(plain), plain, 'without references nothing is asked')
})

t.test('a reference that leads nowhere names the setting and itself, never a value', async (t) => {
  const aws = await startAwsDouble(t)
  aws.secrets.set('list', '["canary"]').set('text', 'canary').set('closed', 'canary')
  aws.forbidden.add('closed').add('/closed')
  const fault = async (value: string, message: RegExp, env = {}) => {
    const error = await resolveSettings({ ...aws.env, CDN_PRIVATE_KEY: value, ...env }).then(() => undefined, (reason: unknown) => reason)
    if (!(error instanceof Error)) return t.fail(`${value} was resolved`)
    t.match(error, { name: 'ConfigError', message })
    t.match(error.message, /CDN_PRIVATE_KEY refers to aws-/)
    t.notMatch(error.message, 'canary')
  }
  await fault('aws-secret:absent', /aws-secret:absent, which does not exist in us-east-1; check the name and AWS_REGION/)
  await fault('aws-ssm:/absent', /aws-ssm:\/absent, which does not exist in us-east-1/)
  await fault('aws-secret:closed', /may not read .*its role needs secretsmanager:GetSecretValue/)
  await fault('aws-ssm:/closed', /may not read .*its role needs ssm:GetParameter/)
  await fault('aws-secret:text#key', /can't be used: it is no JSON object/)
  await fault('aws-secret:list#key', /can't be used: its JSON has no text named key/)
  await fault('aws-secret:text', /can't be looked up .*AWS_ENDPOINT/, { AWS_ENDPOINT: 'http://127.0.0.1:1' })
  await t.rejects(resolveSettings({ ...aws.env, CDN_PRIVATE_KEY: 'aws-secret:a', JWT_PRIVATE_KEY: 'aws-secret:b' }), { message: /CDN_PRIVATE_KEY refers.*JWT_PRIVATE_KEY refers|JWT_PRIVATE_KEY refers.*CDN_PRIVATE_KEY refers/s }, 'all at once')
  await t.rejects(resolveSettings({ AWS_REGION: 'aws-ssm:/region' }), { message: /AWS_REGION can't be a reference/ })
})

t.test('a secret of another region is looked up there', async (t) => {
  const aws = await startAwsDouble(t)
  const name = 'arn:aws:secretsmanager:eu-west-1:1:secret:far'
  aws.secrets.set(name, 'far away')
  t.equal((await resolveSettings({ ...aws.env, ORGANISATION: `aws-secret:${name}` }))['ORGANISATION'], 'far away')
})

t.test('a password that is changed is used by the next connection', async (t) => {
  const db = await testDatabase(t)
  const url = new URL(db.url)
  const passwords = { current: 'the first one', asked: 0 }
  await db.pool.query("CREATE ROLE rotating LOGIN PASSWORD 'the first one'")
  t.teardown(() => db.pool.query('DROP ROLE rotating'))
  url.username = ''
  url.password = ''
  const password = freshText({ text: passwords.current, freshMs: 50, again: async () => { passwords.asked++; return passwords.current } })
  const pool = new pg.Pool({ ...connectionOptions({ url: url.href, user: 'rotating', password, tls: 'off' }), max: 5 })
  t.teardown(() => pool.end())
  const user = async () => (await pool.query<{ name: string }>('SELECT current_user AS name')).rows[0]?.name
  const kept = await pool.connect()
  const before = passwords.asked
  await db.pool.query("ALTER ROLE rotating PASSWORD 'the next one'")
  passwords.current = 'the next one'
  await delay(60)
  t.equal(await user(), 'rotating', 'a new connection gets in')
  await kept.query('SELECT 1')
  kept.release()
  t.equal(passwords.asked - before, 1)
  passwords.current = 'a wrong one'
  await delay(60)
  const connections = await Promise.allSettled(Array.from({ length: 3 }, () => pool.connect()))
  for (const connection of connections) if (connection.status === 'fulfilled') connection.value.release()
  t.ok(connections.some((connection) => connection.status === 'rejected' && String(connection.reason).includes('password authentication failed')), 'and a wrong one says so')
})

t.test('a password that can’t be looked up is as good as it was', async (t) => {
  const password = freshText({ text: 'last', freshMs: 0, again: async () => { throw new Error('throttled') } })
  await delay(2)
  t.equal(await password(), 'last')
  const slow = freshText({ text: 'last', freshMs: 0, waitMs: 50, again: async () => { await delay(300); return 'new' } })
  await delay(2)
  t.equal(await slow(), 'last', 'nobody waits until the connection is given up')
  await delay(400)
  t.equal(await slow(), 'new', 'and what came late is used')
})

t.test('the address of a database says all, or leaves parts to settings', async (t) => {
  t.same(connectionOptions('postgres://u:p@h/d'), { connectionString: 'postgres://u:p@h/d' })
  t.same(connectionOptions({ url: 'postgres://u:p@h/d?sslmode=require', tls: 'off' }), { connectionString: 'postgres://u:p@h/d?sslmode=require' })
  t.match(connectionOptions({ url: 'postgres://h.example.org:6543/a%20b?options=-c%20geqo%3Doff', user: 'u', tls: 'off' }), { host: 'h.example.org', port: 6543, database: 'a b', user: 'u', options: '-c geqo=off', ssl: undefined })
  const { ssl } = connectionOptions({ url: 'postgres://u:p%40@[::1]/d?sslmode=disable', tls: 'rds' })
  t.match(ssl, { rejectUnauthorized: true })
  const authorities = typeof ssl === 'object' && Array.isArray(ssl.ca) ? ssl.ca : []
  t.ok(authorities.length > 50, 'the authorities of all regions')
  const besideMode = (mode: string) => connectionOptions({ url: `postgres://h/d?sslmode=${mode}`, user: 'u', tls: 'off' }).ssl
  t.strictSame(['require', 'verify-full', 'no-verify', 'disable'].map(besideMode), [{ rejectUnauthorized: true }, { rejectUnauthorized: true }, { rejectUnauthorized: false }, undefined], 'an sslmode counts beside a user too')
  t.match(connectionOptions({ url: 'postgres://u:p%40@[::1]/d', tls: 'verify' }), { host: '::1', port: 5432, user: 'u', password: 'p@', ssl: { rejectUnauthorized: true } })
})

t.test('TLS that is asked for is not done without', async (t) => {
  const db = await testDatabase(t)
  for (const tls of ['verify', 'rds'] as const) {
    const client = new pg.Client(connectionOptions({ url: db.url, tls }))
    await t.rejects(client.connect(), { message: /does not support SSL/ }, tls)
  }
  const asked = new pg.Client(connectionOptions({ url: `${db.url}?sslmode=require`, user: 'postgres', tls: 'off' }))
  await t.rejects(asked.connect(), { message: /does not support SSL/ }, 'asked for by the address, with the user beside it')
})

t.test('a key on one line is the same key', async (t) => {
  const pem = newJwtKeyPem()
  const { jwtPrivateKey } = readConfig({ JWT_PRIVATE_KEY: pem.trim().replaceAll('\n', '\\n') })
  t.ok(jwtPrivateKey.kind === 'given' && createPublicKey(createPrivateKey(jwtPrivateKey.text)).equals(createPublicKey(createPrivateKey(pem))))
})
