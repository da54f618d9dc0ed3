import { createHash, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import type { PresignedRequest } from '../../../src/platform/storage/object-store.ts'
import { S3ObjectStore, type S3ObjectStoreOptions } from '../../../src/platform/storage/s3-object-store.ts'
import { dropAbandonedParts } from '../../../src/processing/abandoned-parts.ts'
import { fetchObject } from '../../../src/processing/fetch-object.ts'
import { type Fault, startFaultProxy } from '../../support/fault-proxy.ts'
import { kmsKeyId, s3ServerLack, startS3Server } from '../../support/s3-server.ts'
import { temporaryFolder } from '../../support/stores.ts'

const mebibyte = 1024 ** 2
const lack = s3ServerLack()
if (process.env.CI === 'true' && lack !== undefined) t.fail(lack)
const never = new AbortController().signal
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const audio = { contentType: 'audio/flac' }
const slowDown: Fault = { kind: 'answer', status: 503, body: '<Error><Code>SlowDown</Code><Message>slower</Message></Error>' }
const inner: Fault = { kind: 'answer', status: 500, body: '<Error><Code>InternalError</Code><Message>sorry</Message></Error>' }

t.test('S3ObjectStore', { skip: lack ?? false }, async (t) => {
  const server = await startS3Server()
  t.teardown(() => server.stop())
  const open = (t: Test, options: Partial<S3ObjectStoreOptions> = {}) => {
    const store = new S3ObjectStore({ ...server, forcePathStyle: true, limits: { partBytes: 5 * mebibyte, copyPartBytes: 6 * mebibyte }, ...options })
    t.teardown(() => store.close())
    return store
  }
  const faulty = async (t: Test, options: Partial<S3ObjectStoreOptions> = {}) => {
    const proxy = await startFaultProxy(t, server.endpoint)
    return { proxy, store: open(t, { endpoint: proxy.endpoint, idleTimeoutMs: 3_000, ...options }) }
  }
  const file = async (t: Test, body: Uint8Array) => {
    const path = join(await temporaryFolder(t), 'file')
    await writeFile(path, body)
    return path
  }

  t.test('gets through errors, silence and torn answers', async (t) => {
    const { proxy, store } = await faulty(t)
    const body = randomBytes(12 * mebibyte)
    const path = await file(t, body)
    const faults: Array<Fault | undefined> = [slowDown, undefined, inner, { kind: 'silent' }, undefined, { kind: 'torn', afterBytes: 0 }, undefined, slowDown, inner]
    proxy.decide(() => faults.shift())
    await store.putFile('media/through', path, { ...audio, sha256: sha256(body) })
    t.equal(faults.length, 0, 'every fault happened')
    t.equal(sha256(await buffer((await open(t).get('media/through')).body)), sha256(body))
  })

  t.test('a download that breaks or stalls half way goes on where it broke', async (t) => {
    const { proxy, store } = await faulty(t)
    const body = randomBytes(4 * mebibyte)
    await open(t).put('incoming/long', body, audio)
    const faults: Array<Fault | undefined> = [{ kind: 'torn', afterBytes: mebibyte }, { kind: 'torn', afterBytes: mebibyte }, { kind: 'stalled', afterBytes: mebibyte }]
    proxy.decide(() => faults.shift())
    const dir = await temporaryFolder(t)
    const fetched = await fetchObject(store, { key: 'incoming/long', path: join(dir, 'copy') }, never)
    t.match(fetched, { sha256: sha256(body), sizeBytes: body.length })
    t.equal(faults.length, 0)
    t.ok(proxy.requests() <= 5, `${proxy.requests()} requests: it did not begin anew each time`)
  })

  t.test('an object that is replaced meanwhile is not mixed from two', async (t) => {
    const { proxy, store } = await faulty(t)
    await open(t).put('incoming/changing', randomBytes(2 * mebibyte), audio)
    proxy.decide(() => {
      const replaced = open(t).put('incoming/changing', randomBytes(2 * mebibyte), audio).catch((error: Error) => t.fail(error.message))
      proxy.decide(() => ({ kind: 'waits', for: replaced }))
      return { kind: 'torn', afterBytes: mebibyte }
    })
    const dir = await temporaryFolder(t)
    await t.rejects(fetchObject(store, { key: 'incoming/changing', path: join(dir, 'copy') }, never), { code: 'OBJECT_CHANGED' })
  })

  t.test('a fault that stays is given up, and leaves nothing behind', async (t) => {
    const { proxy, store } = await faulty(t)
    const path = await file(t, randomBytes(12 * mebibyte))
    proxy.decide((request) => request.url?.includes('partNumber=2') === true ? inner : undefined)
    await t.rejects(store.putFile('media/given-up', path, audio), { name: 'InternalError' })
    t.equal(await store.head('media/given-up'), null)
    for await (const { key } of store.listMultiparts('media/given-up')) t.fail(`parts of ${key} are left`)
  })

  t.test('parts of a worker that was killed are dropped in time, and no others', async (t) => {
    const store = open(t)
    await store.createMultipart('media/abandoned', audio)
    await store.createMultipart('incoming/ticket', audio)
    t.equal(await dropAbandonedParts(store, new Date(Date.now() - 60_000)), 0, 'it may still be at work')
    t.equal(await dropAbandonedParts(store, new Date(Date.now() + 60_000)), 1)
    const left: string[] = []
    for await (const { key } of store.listMultiparts('')) left.push(key)
    t.same(left, ['incoming/ticket'])
  })

  t.test('tries again when two conditional writes meet', async (t) => {
    const { proxy, store } = await faulty(t)
    const conflict: Fault = { kind: 'answer', status: 409, body: '<Error><Code>ConditionalRequestConflict</Code><Message>try again</Message></Error>' }
    const faults: Array<Fault | undefined> = [conflict, conflict]
    proxy.decide(() => faults.shift())
    t.match(await store.put('media/conflict', Buffer.from('one'), { ...audio, ifAbsent: true }), { sizeBytes: 3 })
    await t.rejects(store.put('media/conflict', Buffer.from('two'), { ...audio, ifAbsent: true }), { code: 'OBJECT_EXISTS' })
  })

  t.test('encrypts every write with the key of the settings', async (t) => {
    const store = open(t, { kmsKeyId })
    const client = new S3Client({ ...server, forcePathStyle: true })
    t.teardown(() => client.destroy())
    const send = async ({ url, method, headers }: PresignedRequest, body: Uint8Array) => {
      const answer = await fetch(url, { method, headers, body: new Uint8Array(body) })
      t.equal(answer.status, 200, await answer.text())
      return answer.headers.get('etag') ?? ''
    }
    const whole = { sizeBytes: 5 * mebibyte, expiresInSeconds: 60 }
    await store.put('kms/put', Buffer.from('x'), audio)
    await store.putFile('kms/file', await file(t, randomBytes(11 * mebibyte)), audio)
    await send(await store.presignPut('kms/presigned', { ...whole, ...audio }), randomBytes(whole.sizeBytes))
    const id = await store.createMultipart('kms/parts', audio)
    const etag = await send(await store.presignPart('kms/parts', id, 1, whole), randomBytes(whole.sizeBytes))
    await store.completeMultipart('kms/parts', id, [{ partNumber: 1, etag }])
    for (const name of ['put', 'file', 'presigned', 'parts']) {
      t.match(await client.send(new HeadObjectCommand({ Bucket: server.bucket, Key: `kms/${name}` })), { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId }, name)
    }
    t.equal((await buffer((await store.get('kms/put')).body)).toString(), 'x')

    // This server can't copy into an encrypted object; what it is asked for can be seen.
    const { proxy, store: watched } = await faulty(t, { kmsKeyId })
    const asked: unknown[] = []
    proxy.decide(({ headers }) => {
      if (headers['x-amz-copy-source'] !== undefined) asked.push(headers['x-amz-server-side-encryption'], headers['x-amz-server-side-encryption-aws-kms-key-id'])
      return undefined
    })
    await watched.copy('kms/put', 'kms/copy', audio).catch((error: Error) => t.equal(error.name, 'NotImplemented'))
    t.same(asked, ['aws:kms', kmsKeyId])
  })

  t.test('says which setting to look at when the bucket can’t be used', async (t) => {
    const credentials = { ...server.credentials, secretAccessKey: 'wrong' }
    await open(t).check()
    await t.rejects(open(t, { bucket: 'nowhere' }).check(), { code: 'BUCKET_UNUSABLE', message: /^S3_BUCKET: there is no bucket nowhere/ })
    await t.rejects(open(t, { credentials }).check(), { code: 'BUCKET_UNUSABLE', message: /^S3_BUCKET: the bucket music may not be used from here.*s3:ListBucket/ })
    const { proxy, store } = await faulty(t)
    for (const status of [301, 400]) {
      proxy.decide(() => ({ kind: 'answer', status, body: '', headers: { 'x-amz-bucket-region': 'eu-west-1' } }))
      await t.rejects(store.check(), { code: 'BUCKET_UNUSABLE', message: 'S3_REGION is us-east-1, but the bucket music is in eu-west-1' })
    }
  })
})
