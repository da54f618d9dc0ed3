import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { listKeys } from '../../../src/platform/storage/disk-listing.ts'
import { DiskObjectStore } from '../../../src/platform/storage/disk-object-store.ts'
import type { PresignedRequest } from '../../../src/platform/storage/object-store.ts'
import { diskStore, temporaryFolder, uploadSecret } from '../../support/stores.ts'

const audio = { contentType: 'audio/mp4' }
const grant = { ...audio, sizeBytes: 1_000, expiresInSeconds: 60 }
const plainStore = (dir: string) => new DiskObjectStore({ dir, publicUrl: 'http://localhost', secret: uploadSecret })

/** Status and error code of a PUT, with control over every header and byte. */
async function put (to: PresignedRequest, options: { url?: string, headers?: Record<string, string>, body?: Uint8Array, length?: number, unended?: boolean }): Promise<string> {
  const length: Record<string, string> = options.length === undefined ? {} : { 'content-length': String(options.length) }
  const headers = { ...to.headers, ...length, ...options.headers }
  const sending = request(options.url ?? to.url, { method: 'PUT', headers, agent: false })
  const answered = once(sending, 'response')
  sending.on('error', () => {})
  sending.flushHeaders()
  if (headers['expect'] !== undefined) await once(sending, 'continue')
  if (options.unended === true) sending.write(options.body)
  else if (options.body !== undefined) sending.end(options.body)
  const [response] = await answered
  const text = (await buffer(response)).toString()
  return `${response.statusCode} ${text === '' ? '' : JSON.parse(text).code}`.trim()
}

t.test('an upload address is good for exactly what it was made for', async (t) => {
  const store = await diskStore(t)
  const body = randomBytes(1_000)
  const to = await store.presignPut('incoming/a', grant)
  const changed = (from: string | RegExp, into: string) => ({ url: to.url.replace(from, into), body })
  const refused = '403 UPLOAD_ADDRESS_INVALID'
  t.equal(await put(to, changed('incoming/a', 'incoming/b')), refused)
  t.equal(await put(to, changed('incoming/a', 'incoming/%61%2f..%2fb')), refused)
  t.equal(await put(to, changed('sizeBytes=1000', 'sizeBytes=2000')), refused)
  t.equal(await put(to, changed(/contentType=[^&]*/, 'contentType=text%2Fhtml')), refused)
  t.equal(await put(to, changed(/contentType=[^&]*&/, '')), refused)
  t.equal(await put(to, changed(/expires=\d+/, 'expires=9999999999')), refused)
  t.equal(await put(to, changed(/signature=.*/, '')), refused)
  t.equal(await put(to, changed('?', '?multipartId=x&partNumber=1&')), refused)
  t.equal(await put(to, { url: `${to.url.split('?')[0]}`, body }), refused)
  t.equal(await put(to, { body, headers: { 'content-type': 'text/html' } }), '403 UPLOAD_TYPE')
  t.equal(await put(to, { length: 5_000_000_000 }), '413 UPLOAD_TOO_LARGE', 'answered before the body comes')
  t.equal(await put(to, { body: body.subarray(1), length: 999 }), '400 UPLOAD_SIZE')
  t.equal(await put(to, { body: randomBytes(1_001), headers: { 'transfer-encoding': 'chunked' } }), '413 UPLOAD_TOO_LARGE')
  t.equal(await put(to, { body: randomBytes(1_001), headers: { 'transfer-encoding': 'chunked' }, unended: true }), '413 UPLOAD_TOO_LARGE', 'answered while the body still comes')
  t.equal(await put(to, { body: body.subarray(1), headers: { 'transfer-encoding': 'chunked' } }), '400 UPLOAD_SIZE')
  t.equal(await store.head('incoming/a'), null)
  t.equal(await put(to, { body, length: 1_000, headers: { expect: '100-continue' } }), '200')
  t.equal(await put(to, { body }), '409 OBJECT_EXISTS')
  const elsewhere = new DiskObjectStore({ dir: await temporaryFolder(t), publicUrl: new URL(to.url).origin, secret: 'another secret of 32 characters!' })
  t.equal(await put(await elsewhere.presignPut('incoming/c', grant), { body }), refused)
})

t.test('an address for a part needs its upload', async (t) => {
  const dir = await temporaryFolder(t)
  const store = await diskStore(t, { dir })
  const id = await store.createMultipart('incoming/a', audio)
  const part = await store.presignPart('incoming/a', id, 1, grant)
  t.equal(await put(part, { url: part.url.replace('partNumber=1', 'partNumber=2'), body: randomBytes(1_000) }), '403 UPLOAD_ADDRESS_INVALID')
  t.equal(await put(part, { body: randomBytes(1_000), headers: { 'content-type': 'anything/at-all' } }), '200')
  t.equal(await put(part, { body: randomBytes(1_000) }), '200')
  t.equal((await readdir(join(dir, 'multiparts', id))).length, 2, 'a part sent again takes the place of the first')
  await t.rejects(store.listParts('incoming/b', id), { code: 'MULTIPART_NOT_FOUND' }, 'an upload is of one key')
  await store.abortMultipart('incoming/b', id)
  await store.listParts('incoming/a', id)
  await store.abortMultipart('incoming/a', id)
  t.equal(await put(part, { body: randomBytes(1_000) }), '404 MULTIPART_NOT_FOUND')
  for (const strange of ['../../objects', '..', '']) await t.rejects(store.listParts('incoming/a', strange), { code: 'MULTIPART_NOT_FOUND' })
  await t.rejects(store.completeMultipart('incoming/a', id, [{ partNumber: 1, etag: '"x"' }]), { code: 'MULTIPART_NOT_FOUND' })
})

t.test('who sends nothing for a while is cut off, and nothing is kept', async (t) => {
  const dir = await temporaryFolder(t)
  const store = await diskStore(t, { dir, stretchMs: 150 })
  const to = await store.presignPut('incoming/a', grant)
  const sending = request(to.url, { method: 'PUT', headers: { ...to.headers, 'content-length': 1_000 } })
  sending.write(randomBytes(10))
  await t.rejects(once(sending, 'response'), { code: 'ECONNRESET' })
  for (const deadline = performance.now() + 10_000; performance.now() < deadline && (await readdir(join(dir, 'drafts'))).length > 0;) await sleep(20)
  t.same(await readdir(join(dir, 'drafts')), [])
  t.equal(await store.head('incoming/a'), null)
})

t.test('what lands under incoming/ is announced once, by whichever way it came', async (t) => {
  const announced: string[] = []
  const store = await diskStore(t, { onCreated: async (key, sizeBytes) => { announced.push(`${key} ${sizeBytes}`) } })
  const body = randomBytes(1_000)
  await store.put('incoming/put', body, audio)
  await store.put('media/put', body, audio)
  await store.copy('media/put', 'incoming/copied', audio)
  await store.copy('incoming/put', 'originals/copied', audio)
  t.equal(await put(await store.presignPut('incoming/sent', grant), { body }), '200')
  const id = await store.createMultipart('incoming/parts', audio)
  t.equal(await put(await store.presignPart('incoming/parts', id, 1, grant), { body }), '200')
  await store.completeMultipart('incoming/parts', id, await store.listParts('incoming/parts', id))
  t.same(announced, ['incoming/put 1000', 'incoming/copied 1000', 'incoming/sent 1000', 'incoming/parts 1000'])
})

t.test('on a full disk writes say so, leave nothing, and reads go on', { skip: process.getuid?.() !== 0 && 'only root can mount a small disk' }, async (t) => {
  const dir = await smallDisk(t, 6)
  const store = await diskStore(t, { dir })
  const body = randomBytes(2 * 1024 ** 2)
  await store.put('media/kept', body, audio)
  const large = { ...grant, sizeBytes: 5 * 1024 ** 2 }
  const id = await store.createMultipart('incoming/parts', audio)
  t.equal(await put(await store.presignPart('incoming/parts', id, 1, { ...grant, sizeBytes: body.length }), { body }), '200')
  const attempts: Array<[string, () => Promise<unknown>]> = [
    ['put', () => store.put('media/large', randomBytes(large.sizeBytes), audio)],
    ['replace', () => store.put('media/kept', randomBytes(large.sizeBytes), audio)]
  ]
  for (const [name, attempt] of attempts) await t.rejects(attempt(), { code: 'STORE_FULL', statusCode: 507, message: /disk of the object store is full/ }, name)
  t.equal(await put(await store.presignPut('incoming/large', large), { body: randomBytes(large.sizeBytes) }), '507 STORE_FULL')
  t.equal(await put(await store.presignPart('incoming/parts', id, 2, large), { body: randomBytes(large.sizeBytes) }), '507 STORE_FULL')
  t.ok(body.equals(await buffer((await store.get('media/kept')).body)), 'reads go on')
  t.same(await readdir(join(dir, 'drafts')), [])
  t.equal(await store.head('media/large'), null)
  const again = await store.completeMultipart('incoming/parts', id, await store.listParts('incoming/parts', id))
  t.equal(again.sizeBytes, body.length, 'a single part becomes the object without a copy')
  await store.delete('media/kept')
  await store.put('media/after', body, audio)
})

t.test('a writer killed at any moment leaves the old object or the new one', async (t) => {
  const dir = await temporaryFolder(t)
  const store = plainStore(dir)
  for (let round = 0; round < 5; round++) {
    const writer = spawn(process.execPath, [join(import.meta.dirname, '../../support/put-forever.ts'), dir, 'media/a'], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(writer.stdout, 'data')
    await sleep(Math.random() * 60)
    writer.kill('SIGKILL')
    await once(writer, 'exit')
    const { info, body } = await store.get('media/a')
    const bytes = await buffer(body)
    t.equal(bytes.length, info.sizeBytes)
    t.equal(bytes.length, 3_000_000)
    t.ok(bytes.every((byte) => byte === bytes[0]), 'of one piece')
  }
})

t.test('bytes that no object names are given back, once they are old enough', async (t) => {
  const dir = await temporaryFolder(t)
  const store = plainStore(dir)
  await store.put('media/a', Buffer.from('kept'), audio)
  await store.put('media/a/b', Buffer.from('kept too'), audio)
  const orphans = ['a', 'gone'].map((name) => join(dir, 'objects/media', `${name};${'0'.repeat(32)}`))
  for (const orphan of orphans) await writeFile(orphan, 'lost bytes')
  t.equal(await store.removeLeftovers(new Date(Date.now() - 60_000)), 0, 'a write could be under way')
  t.equal(await store.removeLeftovers(new Date(Date.now() + 1_000)), 20)
  t.equal((await readdir(join(dir, 'objects/media'))).length, 3)
  for (const key of ['media/a', 'media/a/b']) t.match((await buffer((await store.get(key)).body)).toString(), /^kept/)
})

t.test('what a crash left of a write is cleared away a day later', async (t) => {
  const dir = await temporaryFolder(t)
  await mkdir(join(dir, 'drafts'), { recursive: true })
  for (const name of ['old', 'young']) await writeFile(join(dir, 'drafts', name), 'half')
  const twoDaysAgo = Date.now() / 1000 - 2 * 86_400
  await utimes(join(dir, 'drafts', 'old'), twoDaysAgo, twoDaysAgo)
  await plainStore(dir).put('media/a', Buffer.from('x'), audio)
  t.same(await readdir(join(dir, 'drafts')), ['young'])
})

t.test('two processes on one folder see each other’s objects', async (t) => {
  const dir = await temporaryFolder(t)
  const [one, two] = [plainStore(dir), plainStore(dir)]
  t.teardown(() => Promise.all([one.close(), two.close()]))
  const text = async (store: DiskObjectStore) => {
    const object = await store.openForReading('media/a')
    const bytes = Buffer.alloc(20)
    const length = await object.read(bytes, 20, 0)
    object.close()
    return bytes.subarray(0, length).toString()
  }
  const outcomes = await Promise.allSettled([one, two, one, two].map((store) => store.put('media/a', Buffer.from('first'), { ...audio, ifAbsent: true })))
  t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  t.equal(await text(two), 'first')
  await one.put('media/a', Buffer.from('second'), audio)
  await sleep(1_100)
  t.equal(await text(two), 'second')
  await one.delete('media/a')
  await sleep(1_100)
  await t.rejects(text(two), { code: 'OBJECT_NOT_FOUND' })
  const names = await readdir(join(dir, 'objects/media'))
  t.same(names, [], 'and nothing else is left in the folder')
})

t.test('writers who replace one object at once leave one, and no other file', async (t) => {
  const dir = await temporaryFolder(t)
  const store = plainStore(dir)
  await Promise.all(Array.from({ length: 20 }, (_, i) => i % 5 === 4 ? store.delete('media/a') : store.put('media/a', Buffer.from(`${i}`), audio)))
  await store.put('media/a', Buffer.from('last'), audio)
  t.equal((await readdir(join(dir, 'objects/media'))).length, 2)
  t.same(await readdir(join(dir, 'drafts')), [])
  t.equal((await buffer((await store.get('media/a')).body)).toString(), 'last')
})

t.test('a folder larger than a page is listed in order, page by page', async (t) => {
  const dir = await temporaryFolder(t)
  const store = plainStore(dir)
  const keys = ['a/b', 'a-', 'a', 'b/1', 'b/2', 'b/3', 'b/4', 'b/5', 'c', 'd', 'e/f/g', 'e', 'f'].map((key) => `media/${key}`)
  for (const key of keys) await store.put(key, Buffer.from('x'), audio)
  for (const pageSize of [1, 2, 3, 100]) {
    const listed: string[] = []
    for await (const key of listKeys(join(dir, 'objects'), 'media/', pageSize)) listed.push(key)
    t.same(listed, keys.toSorted(), `pages of ${pageSize}`)
  }
})

t.test('a folder that can’t be used fails the check', async (t) => {
  const dir = await temporaryFolder(t)
  await writeFile(join(dir, 'file'), '')
  await t.rejects(plainStore(join(dir, 'file')).check(), { code: 'EEXIST' })
  await plainStore(join(dir, 'new', 'folder')).check()
})

async function smallDisk (t: Test, mebibytes: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'freshet-small-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', dir], { encoding: 'utf8' })
  if (mounted.status !== 0) throw new Error(`mount failed: ${mounted.stderr}`)
  t.teardown(async () => {
    spawnSync('umount', ['--lazy', dir])
    await rm(dir, { recursive: true })
  })
  return dir
}
