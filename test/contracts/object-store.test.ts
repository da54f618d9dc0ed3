import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import type { ObjectStore, PresignedRequest } from '../../src/platform/storage/object-store.ts'
import { S3ObjectStore } from '../../src/platform/storage/s3-object-store.ts'
import { s3ServerLack } from '../support/s3-server.ts'
import { diskStore, s3Store, temporaryFolder } from '../support/stores.ts'

const mebibyte = 1024 ** 2
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}
const bytesOf = async (store: ObjectStore, key: string) => await buffer((await store.get(key)).body)
const listed = async (store: ObjectStore, prefix: string) => (await all(store.list(prefix))).map(({ key }) => key)
const send = (to: PresignedRequest, body: Uint8Array, headers: Record<string, string> = {}) =>
  fetch(to.url, { method: to.method, headers: { ...to.headers, ...headers }, body: new Uint8Array(body) })
const half = { sizeBytes: 5 * mebibyte, expiresInSeconds: 60 }

const lack = s3ServerLack()
if (process.env.CI === 'true' && lack !== undefined) t.fail(lack)

t.test('DiskObjectStore', async (t) => contract(t, await diskStore(t)))
t.test('S3ObjectStore', { skip: lack ?? false }, async (t) => contract(t, await s3Store(t)))

t.test('an S3 server that is silent, absent or without the bucket is given up with a reason', async (t) => {
  const silent = createServer((socket) => { socket.on('error', () => {}) })
  t.teardown(() => silent.close())
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const address = silent.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const credentials = { accessKeyId: 'x', secretAccessKey: 'x' }
  const storeAt = (port: number) => new S3ObjectStore({ bucket: 'none', region: 'us-east-1', endpoint: `http://127.0.0.1:${port}`, forcePathStyle: true, credentials, idleTimeoutMs: 200 })
  await t.rejects(storeAt(address.port).head('media/a'), { name: 'TimeoutError' })
  for (const port of [address.port, 1]) await t.rejects(storeAt(port).check(), { code: 'BUCKET_UNUSABLE', message: /^S3_BUCKET: the bucket none can’t be reached .*S3_ENDPOINT/ })
})

/** What both adapters promise. */
async function contract (t: Test, store: ObjectStore): Promise<void> {
  t.test('an object comes back as it was put', async (t) => {
    const body = randomBytes(100_000)
    const before = new Date(Date.now() - 2_000)
    const info = await store.put('media/one/aac-96.mp4', body, { contentType: 'audio/mp4', sha256: sha256(body) })
    t.match(info, { key: 'media/one/aac-96.mp4', sizeBytes: body.length, etag: /^"[^"]+"$/, contentType: 'audio/mp4' })
    t.ok(info.lastModifiedAt >= before)
    t.same(await store.head(info.key), info)
    const got = await store.get(info.key)
    t.same(got.info, info)
    t.ok(body.equals(await buffer(got.body)))
  })

  t.test('an empty object is an object', async (t) => {
    const info = await store.put('empty', new Uint8Array(), { contentType: 'text/plain' })
    t.equal(info.sizeBytes, 0)
    t.equal((await bytesOf(store, 'empty')).length, 0)
  })

  t.test('putting again replaces bytes, type and etag', async (t) => {
    const first = await store.put('again', Buffer.from('first'), { contentType: 'text/plain' })
    const second = await store.put('again', Buffer.from('the second'), { contentType: 'image/webp' })
    t.not(second.etag, first.etag)
    t.match(await store.head('again'), { contentType: 'image/webp', sizeBytes: 10, etag: second.etag })
    t.equal((await bytesOf(store, 'again')).toString(), 'the second')
  })

  t.test('of many writers with ifAbsent one wins, and its bytes stay', async (t) => {
    const bodies = Array.from({ length: 8 }, (_, i) => Buffer.from(`writer ${i}`))
    const outcomes = await Promise.allSettled(bodies.map((body) => store.put('once', body, { contentType: 'text/plain', ifAbsent: true })))
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal((await bytesOf(store, 'once')).toString(), `writer ${winner}`)
    for (const outcome of outcomes) if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'OBJECT_EXISTS' })
    await t.rejects(store.copy('once', 'once', { contentType: 'text/plain', ifAbsent: true }), { code: 'OBJECT_EXISTS' })
  })

  t.test('bytes with another sha256 than announced are refused and not kept', async (t) => {
    const dir = await temporaryFolder(t)
    const wrong = { contentType: 'audio/flac', sha256: sha256(Buffer.from('other')) }
    await t.rejects(store.put('sum', Buffer.from('bytes'), wrong), { code: 'OBJECT_CHECKSUM' })
    for (const size of [1_000, 11 * mebibyte]) {
      await writeFile(join(dir, 'file'), randomBytes(size))
      await t.rejects(store.putFile('sum', join(dir, 'file'), wrong), { code: 'OBJECT_CHECKSUM' })
    }
    t.equal(await store.head('sum'), null)
    t.same(await all(store.listMultiparts('sum')), [])
  })

  t.test('files of any size arrive whole', async (t) => {
    const dir = await temporaryFolder(t)
    for (const size of [0, 5 * mebibyte, 5 * mebibyte + 1, 17 * mebibyte + 3]) {
      const body = randomBytes(size)
      await writeFile(join(dir, 'file'), body)
      const key = `originals/${size}`
      const info = await store.putFile(key, join(dir, 'file'), { contentType: 'audio/flac', sha256: sha256(body), ifAbsent: true })
      t.match(info, { sizeBytes: size, contentType: 'audio/flac' })
      t.equal(sha256(await bytesOf(store, key)), sha256(body), `${size} bytes`)
      await t.rejects(store.putFile(key, join(dir, 'file'), { contentType: 'audio/flac', ifAbsent: true }), { code: 'OBJECT_EXISTS' })
    }
    await t.rejects(store.putFile('originals/none', join(dir, 'none'), { contentType: 'audio/flac' }), { code: 'ENOENT' })
  })

  t.test('ranges are inclusive, end with the object, and keep the size of the whole', async (t) => {
    const body = randomBytes(1_000)
    await store.put('ranged', body, { contentType: 'audio/mp4' })
    for (const [start, end] of [[0, 0], [0, 999], [10, 19], [999, 999], [990, 5_000]] as const) {
      const { info, body: part } = await store.get('ranged', { range: { start, end } })
      t.equal(info.sizeBytes, 1_000)
      t.ok(body.subarray(start, end + 1).equals(await buffer(part)), `${start}-${end}`)
    }
    await t.rejects(store.get('ranged', { range: { start: 1_000, end: 1_001 } }), { code: 'OBJECT_RANGE' })
  })

  t.test('aborting ends a download with the reason of the signal', async (t) => {
    await store.put('long', randomBytes(8 * mebibyte), { contentType: 'audio/mp4' })
    const reason = new Error('the listener left')
    await t.rejects(store.get('long', { signal: AbortSignal.abort(reason) }), reason)
    const ending = new AbortController()
    const { body } = await store.get('long', { signal: ending.signal })
    const reading = buffer(body)
    ending.abort(reason)
    await t.rejects(reading, reason)
  })

  t.test('what is missing is said to be missing', async (t) => {
    t.equal(await store.head('nothing'), null)
    await t.rejects(store.get('nothing'), { code: 'OBJECT_NOT_FOUND' })
    await t.rejects(store.copy('nothing', 'elsewhere', { contentType: 'audio/mp4' }), { code: 'OBJECT_NOT_FOUND' })
    await store.delete('nothing')
  })

  t.test('a deleted object is gone', async (t) => {
    await store.put('brief', Buffer.from('x'), { contentType: 'text/plain' })
    await store.delete('brief')
    t.equal(await store.head('brief'), null)
    t.same(await listed(store, 'brief'), [])
  })

  t.test('a copy has its own type and outlives its source', async (t) => {
    for (const size of [3_000, 13 * mebibyte]) {
      const body = randomBytes(size)
      await store.put('incoming/copied', body, { contentType: 'application/octet-stream' })
      const info = await store.copy('incoming/copied', `originals/copy-${size}`, { contentType: 'audio/flac' })
      t.match(info, { sizeBytes: size, contentType: 'audio/flac' })
      await store.delete('incoming/copied')
      t.ok(body.equals(await bytesOf(store, info.key)))
    }
  })

  t.test('a listing is in byte order and has what begins with the prefix', async (t) => {
    const names = ['list/b/x', 'list/b', 'list/b-', 'list/b.c', 'list/b0', 'list/B', 'list/b/a/z', 'list/_', 'listless']
    await Promise.all(names.map((key) => store.put(key, Buffer.from(key), { contentType: 'text/plain' })))
    const ordered = (prefix: string) => names.filter((name) => name.startsWith(prefix)).sort()
    for (const prefix of ['list', 'list/', 'list/b', 'list/b/', 'list/b/a', 'none', 'none/']) t.same(await listed(store, prefix), ordered(prefix), prefix)
    const [first] = await all(store.list('list/B'))
    t.match(first, { sizeBytes: 6, etag: (await store.head('list/B'))?.etag })
  })

  t.test('keys that could leave the store are refused everywhere', async (t) => {
    const options = { contentType: 'text/plain' }
    for (const key of ['', '/', '/etc/passwd', '..', 'a/../b', 'a/./b', 'a//b', 'a/', 'a\\b', 'a%2fb', 'a b', 'a;json', 'a\0', 'ä', 'a\n', 'x'.repeat(1_025)]) {
      const attempts: Array<() => Promise<unknown>> = [
        () => store.put(key, Buffer.from('x'), options), () => store.head(key), () => store.get(key), () => store.delete(key),
        () => store.copy(key, 'fine', options), () => store.copy('ranged', key, options), () => store.presignPut(key, { ...half, ...options }),
        () => store.createMultipart(key, options), () => store.presignPart(key, 'id', 1, half), () => store.putFile(key, '/dev/null', options)
      ]
      for (const attempt of attempts) await t.rejects(attempt(), { code: 'OBJECT_KEY_INVALID' }, JSON.stringify(key))
    }
    for (const prefix of ['../', 'a/../', '/']) await t.rejects(listed(store, prefix), { code: 'OBJECT_KEY_INVALID' })
  })

  t.test('a browser sends a whole object to a presigned address, once, exactly as agreed', async (t) => {
    const body = randomBytes(4_000)
    const to = await store.presignPut('incoming/sent', { contentType: 'audio/flac', sizeBytes: body.length, expiresInSeconds: 60 })
    t.ok(to.expiresAt > new Date())
    const refused = async (name: string, response: Promise<Response>, ...statuses: number[]) => {
      const { status } = await response
      t.ok(statuses.includes(status), `${name}: ${status}`)
      t.equal(await store.head('incoming/sent'), null)
    }
    await refused('longer', send(to, randomBytes(4_001)), 403, 413)
    await refused('shorter', send(to, body.subarray(1)), 400, 403)
    await refused('another type', send(to, body, { 'content-type': 'text/html' }), 403)
    await refused('another key', send({ ...to, url: to.url.replace('incoming/sent', 'incoming/senT') }, body), 403)
    await refused('later expiry', send({ ...to, url: to.url.replace(/(xpires=)/, '$19') }, body), 400, 403)
    const response = await send(to, body)
    t.equal(response.status, 200)
    t.equal(response.headers.get('etag'), (await store.head('incoming/sent'))?.etag)
    t.equal((await store.head('incoming/sent'))?.contentType, 'audio/flac')
    t.ok([409, 412].includes((await send(to, randomBytes(4_000))).status), 'a second time')
    t.ok(body.equals(await bytesOf(store, 'incoming/sent')))
  })

  t.test('an address past its time is refused', async (t) => {
    const to = await store.presignPut('incoming/late', { contentType: 'audio/flac', sizeBytes: 1, expiresInSeconds: 1 })
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    t.equal((await send(to, Buffer.from('x'))).status, 403)
    t.equal(await store.head('incoming/late'), null)
  })

  t.test('of a body that breaks off nothing stays', async (t) => {
    const whole = await store.presignPut('incoming/broken', { contentType: 'audio/flac', sizeBytes: mebibyte, expiresInSeconds: 60 })
    await sendHalf(whole, mebibyte)
    const id = await store.createMultipart('incoming/broken', { contentType: 'audio/flac' })
    await sendHalf(await store.presignPart('incoming/broken', id, 1, { ...half, sizeBytes: mebibyte }), mebibyte)
    await new Promise((resolve) => setTimeout(resolve, 300))
    t.equal(await store.head('incoming/broken'), null)
    t.same(await store.listParts('incoming/broken', id), [])
    await store.abortMultipart('incoming/broken', id)
  })

  t.test('parts sent in any order, one of them twice, become one object', async (t) => {
    const key = `incoming/${randomUUID()}`
    const id = await store.createMultipart(key, { contentType: 'audio/flac' })
    t.match(await all(store.listMultiparts(key)), [{ key, multipartId: id, startedAt: Date }])
    const bodies = [randomBytes(5 * mebibyte), randomBytes(5 * mebibyte), randomBytes(100)] as const
    const sendPart = async (partNumber: number, body: Uint8Array) => {
      const response = await send(await store.presignPart(key, id, partNumber, { ...half, sizeBytes: body.length }), body)
      t.equal(response.status, 200)
      return { partNumber, etag: response.headers.get('etag') ?? '' }
    }
    await sendPart(2, randomBytes(5 * mebibyte))
    const [third, first, second] = [await sendPart(3, bodies[2]), await sendPart(1, bodies[0]), await sendPart(2, bodies[1])]
    const parts = [first, second, third]
    t.match(await store.listParts(key, id), parts.map((part, i) => ({ ...part, sizeBytes: bodies[i]?.length })))
    t.equal(await store.head(key), null, 'nothing to see until it is complete')

    for (const wrong of [[], [first, { partNumber: 2, etag: '"00000000000000000000000000000000"' }], [first, { ...second, partNumber: 4 }], [second, first]]) {
      await t.rejects(store.completeMultipart(key, id, wrong), { code: 'MULTIPART_INVALID' })
    }
    const info = await store.completeMultipart(key, id, parts)
    t.match(info, { key, sizeBytes: 10 * mebibyte + 100, contentType: 'audio/flac' })
    t.equal(sha256(await bytesOf(store, key)), sha256(Buffer.concat(bodies)))
    t.same(await all(store.listMultiparts(key)), [])
    await t.rejects(store.listParts(key, id), { code: 'MULTIPART_NOT_FOUND' })
    const late = await send(await store.presignPart(key, id, 1, half), randomBytes(5 * mebibyte))
    t.ok([404, 409, 412].includes(late.status), 'a part after completion')
    t.match(await store.head(key), { etag: info.etag })
  })

  t.test('a part is for one number and one size of one upload', async (t) => {
    const id = await store.createMultipart('incoming/parted', { contentType: 'audio/flac' })
    const to = await store.presignPart('incoming/parted', id, 1, { sizeBytes: 10, expiresInSeconds: 60 })
    for (const [what, url, body] of [
      ['longer', to.url, 11], ['shorter', to.url, 9], ['another number', to.url.replace('partNumber=1', 'partNumber=2'), 10],
      ['another key', to.url.replace('incoming/parted', 'incoming/Parted'), 10]
    ] as const) {
      const { status } = await send({ ...to, url }, randomBytes(body))
      t.ok([400, 403, 413].includes(status), `${what}: ${status}`)
    }
    t.same(await store.listParts('incoming/parted', id), [])
    for (const number of [0, -1, 1.5, 10_001]) await t.rejects(store.presignPart('incoming/parted', id, number, half), { code: 'MULTIPART_INVALID' })
    await store.abortMultipart('incoming/parted', id)
    await store.abortMultipart('incoming/parted', id)
    await t.rejects(store.listParts('incoming/parted', id), { code: 'MULTIPART_NOT_FOUND' })
    // Ceph says that it is at it already, and Amazon that there is no such upload.
    await t.rejects(store.completeMultipart('incoming/parted', id, [{ partNumber: 1, etag: '"x"' }]))
  })

  t.test('readers that began before an object was replaced get the old bytes whole, or fail', async (t) => {
    const [old, fresh] = [randomBytes(3 * mebibyte), randomBytes(3 * mebibyte)]
    await store.put('swapped', old, { contentType: 'audio/mp4' })
    const readers: Readable[] = await Promise.all(Array.from({ length: 4 }, async () => (await store.get('swapped')).body))
    await store.put('swapped', fresh, { contentType: 'audio/mp4' })
    for (const result of await Promise.allSettled(readers.map((reader) => buffer(reader)))) {
      if (result.status === 'fulfilled') t.ok(result.value.equals(old))
    }
    t.ok(fresh.equals(await bytesOf(store, 'swapped')))
  })

  t.test('a usable store passes its check', () => store.check())
}

/** Announces a body, sends half of it and hangs up. */
function sendHalf (to: PresignedRequest, sizeBytes: number): Promise<void> {
  return new Promise((resolve) => {
    const sending = request(to.url, { method: to.method, headers: { ...to.headers, 'content-length': sizeBytes } })
    sending.on('error', () => resolve())
    sending.write(randomBytes(sizeBytes / 2), () => sending.destroy(new Error('hung up')))
  })
}
