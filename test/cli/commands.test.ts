import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { passwordMatches } from '../../src/accounts/password.ts'
import { nearest } from '../../src/cli/nearest.ts'
import { readableBytes, readableTime } from '../../src/cli/readable.ts'
import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/platform/database/database.ts'
import { startEmbeddedPostgres } from '../../src/platform/database/embedded-postgres.ts'
import { freshet } from '../support/cli.ts'
import { testDatabase } from '../support/database.ts'
import { temporaryFolder } from '../support/stores.ts'

t.setTimeout(180_000)

async function environment (t: Test): Promise<{ readonly DATA_DIR: string, readonly DATABASE_URL: string, readonly PORT: string }> {
  return { DATA_DIR: join(await temporaryFolder(t), 'data'), DATABASE_URL: (await testDatabase(t)).url, PORT: '0' }
}

const admin = ['create-admin', '--username', 'Ada', '--password-stdin']

t.test('help names every command, and a slip of the fingers gets a hint', async (t) => {
  const [help, none, helpOnImport, flag] = await Promise.all([freshet(['help']), freshet([]), freshet(['help', 'import']), freshet(['doctor', '--help'])])
  t.match(help, { code: 0, stdout: /Usage: freshet COMMAND/ })
  for (const name of ['import', 'create-admin', 'migrate', 'doctor', 'fsck']) t.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'))
  t.same(none, help)
  t.match(helpOnImport, { code: 0, stdout: /Usage: freshet import FOLDER/ })
  t.match(flag, { code: 0, stdout: /Usage: freshet doctor/ })
  const [slip, far, option, settings] = await Promise.all([
    freshet(['improt']), freshet(['toString']), freshet(['doctor', '--fast']), freshet(['fsck'], { env: { PORT: 'many', STORAGE: 'tape' } })
  ])
  t.match(slip, { code: 2, stdout: '', stderr: /no command “improt”; did you mean “import”\?/ })
  t.match(far, { code: 2, stderr: /no command “toString”\n/ })
  t.match(option, { code: 2, stderr: /--fast/ })
  t.match(settings, { code: 1, stderr: /PORT must be[^]*STORAGE must be/ })
  t.notMatch(settings.stderr, / at .*\.ts:/, 'a fault of the person has no stack')
})

t.test('the command npx runs is the same', async (t) => {
  const child = spawn(process.execPath, ['scripts/freshet.mjs', 'help'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
  await once(child, 'close')
  t.match(stdout, /Usage: freshet COMMAND/)
  t.equal(child.exitCode, 0)
})

t.test('create-admin makes an admin who can sign in, once', async (t) => {
  const env = await environment(t)
  const db = openDatabase(env.DATABASE_URL, { poolSize: 2, onError () {} })
  t.teardown(() => db.close())
  const create = (stdin: string, args: string[] = admin) => freshet(args, { env, stdin })
  t.match(await create('correct horse battery\n'), { code: 0, stdout: /Ada is an admin now/ })
  const user = await db.prisma.user.findUniqueOrThrow({ where: { usernameKey: 'ada' } })
  t.equal(user.role, 'admin')
  t.ok(await passwordMatches(user.passwordHash, 'correct horse battery'), 'the line break does not belong to the password')
  t.match(await create('correct horse battery\n'), { code: 1, stderr: /another user has this username/ })
  const refused = await Promise.all([
    create(''), create('\n'), create('short', ['create-admin', '--username', 'Bea', '--password-stdin']),
    create('correct horse battery', ['create-admin', '--username', 'Bea']), create('correct horse battery', ['create-admin', '--password-stdin'])
  ])
  t.match(refused, [
    { code: 2, stderr: /standard input is empty/ }, { code: 2, stderr: /standard input is empty/ }, { code: 1, stderr: /the password / },
    { code: 2, stderr: /--password-stdin is missing/ }, { code: 2, stderr: /--username NAME is missing/ }
  ])
  t.equal(await db.prisma.user.count(), 1)
})

t.test('commands join the embedded database of a running Freshet', async (t) => {
  const env = { DATA_DIR: join(await temporaryFolder(t), 'data'), PORT: '0' }
  const { database } = readConfig(env)
  if (database.kind !== 'embedded') throw new Error('not embedded')
  t.match(await freshet(['doctor'], { env }), { code: 0, stdout: /✓ Database: embedded, made at the first start/ }, 'a fresh folder is no fault')
  const running = await startEmbeddedPostgres(database)
  t.teardown(() => running.stop())
  t.match(await freshet(['doctor'], { env }), { code: 1, stdout: /✗ Database: .*run `freshet migrate`/ })
  t.match(await freshet(['migrate'], { env }), { code: 0, stdout: /^Applied \d+_initial/ })
  t.match(await freshet(['migrate'], { env }), { code: 0, stdout: 'The database is up to date.\n' })
  t.match(await freshet(admin, { env, stdin: 'correct horse battery' }), { code: 0 })
  const db = openDatabase(running.url, { poolSize: 2, onError () {} })
  t.equal(await db.prisma.user.count(), 1, 'and leave it running')
  await db.close()
  t.match(await freshet(['doctor'], { env }), { code: 0, stdout: /media are signed as KLOCALEDGE[^]*Postgres \d+.*reachable[^]*all \d+ applied[^]*pg_trgm is there/ })
})

t.test('doctor finds what is broken and says what to do', async (t) => {
  const env = await environment(t)
  const well = await freshet(['doctor'], { env })
  t.equal(well.code, 0, well.stdout + well.stderr)
  t.equal(well.stdout.match(/^✓ /gm)?.length, 12)
  t.match(well.stdout, /✓ Queue: postgres: 0 waiting, 0 in flight, 0 dead/)
  const notFfmpeg = join(env.DATA_DIR, 'ffmpeg')
  await writeFile(notFfmpeg, '#!/bin/sh\necho ffmpeg version 7.0\n')
  await chmod(notFfmpeg, 0o755)
  const taken = createServer((_request, response) => { response.end('somebody else') }).listen(0, 'localhost')
  await once(taken, 'listening')
  t.teardown(() => { taken.close() })
  const address = taken.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const doctor = (faulty: NodeJS.ProcessEnv) => freshet(['doctor'], { env: { ...env, ...faulty } })
  const results = await Promise.all([
    doctor({ FFMPEG_PATH: join(env.DATA_DIR, 'nowhere') }), doctor({ FFMPEG_PATH: notFfmpeg }), doctor({ PORT: port }),
    doctor({ DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }), doctor({ JWT_PRIVATE_KEY: 'no key' }), doctor({ CDN_PRIVATE_KEY: 'no key' }),
    doctor({ STORAGE: 's3', S3_BUCKET: 'none', S3_ENDPOINT: 'http://127.0.0.1:1' }), doctor({ PORT: 'many' }),
    doctor({ QUEUE: 'sqs', SQS_ENDPOINT: 'http://127.0.0.1:1', SQS_QUEUE_URL: 'http://127.0.0.1:1/q', SQS_DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/dead', AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any' })
  ])
  t.match(results.map(({ stdout }) => stdout.split('\n').filter((line) => line.startsWith('✗')).join('\n')), [
    /^✗ ffmpeg: .*nowhere does not run.*set FFMPEG_PATH/, /^✗ ffmpeg: .*was built without decoder aac.*full build/, /^✗ Port: .*taken by another program; stop it or set PORT/,
    /^✗ Database: it can’t be reached: .*check DATABASE_URL/, /^✗ Keys: JWT_PRIVATE_KEY is not a private key/, /^✗ Keys: CDN_PRIVATE_KEY is not a private key/,
    /^✗ Store: ./, /^✗ Settings: PORT must be/, /^✗ Queue: SQS_QUEUE_URL: the queue can't be reached/
  ])
  for (const { code, stdout } of results) {
    t.equal(code, 1)
    t.equal(stdout.match(/^✗ /gm)?.length, 1, 'nothing else is called a fault')
  }
})

t.test('fsck names what it finds', async (t) => {
  const env = await environment(t)
  const db = openDatabase(env.DATABASE_URL, { poolSize: 2, onError () {} })
  t.teardown(() => db.close())
  t.match(await freshet(['fsck'], { env }), { code: 0, stdout: 'All is well.\n' })
  await db.prisma.storedObject.create({ data: { key: 'originals/sha256/aa/lost', sizeBytes: 1n, sha256: 'a'.repeat(64), contentType: 'audio/flac' } })
  t.match(await freshet(['fsck'], { env }), { code: 1, stdout: /^I\d: 1 found\n {2}.*originals\/sha256\/aa\/lost/ })
})

t.test('figures are readable', async (t) => {
  t.same([0, 999, 1_500, 2_000_000_000].map(readableBytes), ['0 B', '999 B', '1.5 kB', '2.0 GB'])
  t.same([0.2, 59, 61, 7_300].map(readableTime), ['1 s', '59 s', '2 min', '2 h 2 min'])
  t.same(['migrat', 'docter', 'xyz', ''].map((word) => nearest(word, ['import', 'migrate', 'doctor'])), ['migrate', 'doctor', undefined, undefined])
})
