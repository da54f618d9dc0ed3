import { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Fastify from 'fastify'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createAdmin } from '../src/accounts/setup.ts'
import { buildApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { openPlatform } from '../src/open-platform.ts'
import { localEdge } from '../src/platform/cdn/local-edge.ts'
import { readFromStore } from '../src/platform/cdn/served-object.ts'
import { findFfmpeg } from '../src/platform/media/ffmpeg.ts'
import { openMetrics } from '../src/platform/metrics/process-metrics.ts'
import { newJwtKeyPem, newSigningKeyPem, newUploadSecret } from '../src/platform/secrets.ts'
import { resolveSettings } from '../src/platform/settings/resolve-settings.ts'
import { S3ObjectStore } from '../src/platform/storage/s3-object-store.ts'
import { startWorker } from '../src/worker.ts'
import { type AwsDouble, startAwsDouble } from './support/aws-double.ts'
import { testDatabase } from './support/database.ts'
import { makeSound } from './support/media.ts'
import { quickTimes } from './support/pipeline.ts'
import { freePort } from './support/process.ts'
import { type S3Server, s3ServerLack, startS3Server } from './support/s3-server.ts'
import { type SqsServer, startSqsServer } from './support/sqs-server.ts'
import { temporaryFolder } from './support/stores.ts'

interface Parts {
  readonly storage: 'disk' | 's3'
  readonly queue: 'postgres' | 'sqs'
  readonly cdn: 'local-edge' | 'cloudfront'
  readonly secrets: 'given' | 'by reference'
}

interface Servers {
  readonly s3: S3Server
  readonly sqs: SqsServer
  readonly aws: AwsDouble
}

const password = 'a long enough password'
const log = pino({ level: 'silent' })
const now = () => new Date()
let installations = 0

/** Each part of AWS by itself and with each other; secrets alternate, so that each part meets both. */
const combinations: Parts[] = (['disk', 's3'] as const).flatMap((storage) =>
  (['postgres', 'sqs'] as const).flatMap((queue) =>
    (['local-edge', 'cloudfront'] as const).map((cdn): Parts =>
      ({ storage, queue, cdn, secrets: (storage === 's3') !== ((queue === 'sqs') !== (cdn === 'cloudfront')) ? 'by reference' : 'given' }))))

/** The settings of an installation with these parts, as an operator would write them. */
function settingsOf ({ storage, queue, cdn, secrets }: Parts, { s3, sqs, aws }: Servers, { databaseUrl, port, distribution, name }: { readonly databaseUrl: string, readonly port: number, readonly distribution: string, readonly name: string }): NodeJS.ProcessEnv {
  const secret = { CDN_PRIVATE_KEY: newSigningKeyPem(), JWT_PRIVATE_KEY: newJwtKeyPem(), UPLOAD_SECRET: newUploadSecret() }
  aws.secrets.set(name, JSON.stringify(secret))
  aws.parameters.set(`/${name}/database`, databaseUrl)
  const { url, deadLetterUrl } = sqs.queues(name, { maxReceives: 5 })
  return {
    NODE_ENV: 'test',
    ...aws.env,
    PORT: String(port),
    ...(secrets === 'given' ? secret : Object.fromEntries(Object.keys(secret).map((setting) => [setting, `aws-secret:${name}#${setting}`]))),
    DATABASE_URL: secrets === 'given' ? databaseUrl : `aws-ssm:/${name}/database`,
    ...(storage === 's3' ? { STORAGE: 's3', S3_BUCKET: s3.bucket, S3_ENDPOINT: s3.endpoint, S3_FORCE_PATH_STYLE: 'true' } : {}),
    ...(queue === 'sqs' ? { QUEUE: 'sqs', SQS_QUEUE_URL: url, SQS_DEAD_LETTER_QUEUE_URL: deadLetterUrl, SQS_ENDPOINT: sqs.endpoint } : {}),
    ...(cdn === 'cloudfront' ? { MEDIA_URL: distribution, CDN_KEY_PAIR_ID: 'KMATRIX' } : {})
  }
}

/** What CloudFront is to a bucket: it knows the public key and checks every address. */
async function startDistribution (t: Test, { s3, port, publicPem }: { readonly s3: S3Server, readonly port: number, readonly publicPem: string }): Promise<void> {
  const store = new S3ObjectStore({ ...s3, forcePathStyle: true })
  const edge = Fastify({ forceCloseConnections: true })
  await edge.register(localEdge, { mediaUrl: `http://127.0.0.1:${port}`, publicKeys: new Map([['KMATRIX', createPublicKey(publicPem)]]), readObject: readFromStore(store), now })
  await edge.listen({ host: '127.0.0.1', port })
  t.teardown(async () => { await edge.close(); await store.close() })
}

async function openInstallation (t: Test, parts: Parts, servers: Servers): Promise<string> {
  const db = await testDatabase(t)
  const [port, distributionPort] = [await freePort(), await freePort()]
  // What is on a disk only the instance itself can send, under whichever name.
  const distribution = `http://127.0.0.1:${parts.storage === 's3' ? distributionPort : port}`
  const env = settingsOf(parts, servers, { databaseUrl: db.url, port, distribution, name: `installation-${installations++}` })
  const config = readConfig(await resolveSettings({ ...env, DATA_DIR: await temporaryFolder(t) }))
  if (parts.cdn === 'cloudfront' && parts.storage === 's3') {
    const { privateKey } = config.cdn
    const pem = privateKey.kind === 'given' ? privateKey.text : ''
    await startDistribution(t, { s3: servers.s3, port: distributionPort, publicPem: createPublicKey(createPrivateKey(pem)).export({ type: 'spki', format: 'pem' }).toString() })
  }
  const platform = await openPlatform(config, log)
  const metrics = openMetrics({ stage: 'test', role: 'all', dataDir: config.dataDir, emf: false, write: () => {}, queueCounts: () => platform.queue.depth(), onError: (error) => t.comment(String(error)) })
  const app = await buildApp({ ...platform, metrics, log, now, webRoot: undefined, limits: { eventLoopDelayMs: 0 } })
  await app.listen({ host: '127.0.0.1', port })
  const worker = await startWorker({ ...platform, config: { worker: { ...config.worker, concurrency: 1 } }, ffmpeg: await findFfmpeg(undefined), log, now, times: quickTimes, events: metrics.events })
  t.teardown(async () => { await worker.stop(); await app.close(); await metrics.close(); await platform.close() })
  await createAdmin(platform.db, { username: 'ada', password })
  return `http://127.0.0.1:${port}`
}

/** As a client of the API would: sign in, upload, wait, listen. */
async function uploadAndListen (t: Test, address: string, bytes: Buffer): Promise<{ readonly mediaUrl: string }> {
  let authorization = ''
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${address}${path}`, { method, headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text)
  }
  authorization = `Bearer ${(await call('POST', '/api/session', { username: 'ada', password })).accessToken}`
  const { id } = await call('POST', '/api/uploads', { relativePath: 'A/B/1 Song.flac', sizeBytes: bytes.length, contentType: 'audio/flac', fingerprint: 'f' })
  const { parts: [part] } = await call('POST', `/api/uploads/${id}/parts`, { partNumbers: [1] })
  const sent = await fetch(part.url, { method: part.method ?? 'PUT', headers: part.headers ?? {}, body: new Uint8Array(bytes) })
  t.equal(sent.status, 200, 'the bytes go straight to the store')
  await call('POST', `/api/uploads/${id}/complete`, { parts: [{ partNumber: 1, etag: sent.headers.get('etag') }] })
  let upload = await call('GET', `/api/uploads/${id}`)
  for (const until = performance.now() + 60_000; upload.state === 'received' && performance.now() < until; upload = await call('GET', `/api/uploads/${id}`)) await delay(50)
  t.match(upload, { state: 'published' })
  const { url } = await call('GET', `/api/tracks/${upload.trackId}/stream?format=aac`)
  const played = await fetch(url, { headers: { range: 'bytes=0-999' } })
  t.equal(played.status, 206)
  t.equal((await played.arrayBuffer()).byteLength, 1_000)
  const forged = await fetch(url.replace(/Signature=...../, 'Signature=AAAAA'))
  t.equal(forged.status, 403)
  await forged.arrayBuffer()
  return { mediaUrl: url }
}

const lack = s3ServerLack()
if (process.env.CI === 'true' && lack !== undefined) t.fail(lack)

t.test('a song is uploaded, processed, published and heard', { skip: lack ?? false }, async (t) => {
  const servers = { s3: await startS3Server(), sqs: await startSqsServer(t), aws: await startAwsDouble(t) }
  t.teardown(() => servers.s3.stop())
  const { accessKeyId, secretAccessKey } = servers.s3.credentials
  process.env['AWS_ACCESS_KEY_ID'] = accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey
  const song = await readFile(await makeSound(join(await temporaryFolder(t), 'song.flac'), { seconds: 1 }))
  for (const parts of combinations) {
    const { storage, queue, cdn, secrets } = parts
    await t.test(`${storage}, ${queue}, ${cdn}, secrets ${secrets}`, async (t) => {
      const address = await openInstallation(t, parts, servers)
      const { mediaUrl } = await uploadAndListen(t, address, song)
      t.equal(mediaUrl.startsWith(address), !(storage === 's3' && cdn === 'cloudfront') && cdn === 'cloudfront', 'from where it should be')
    })
  }
})
