import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import type { TicketOrFault, Upload, UploadPage, UploadTicket } from '../../src/uploads/schemas.ts'
import { expireOpenUploads } from '../../src/uploads/cancel-upload.ts'
import { parseMessage } from '../../src/processing/object-events.ts'
import { receiveObject } from '../../src/processing/receive-object.ts'
import { type TestApp, testApp, type TestUser } from '../support/app.ts'
import { diskStore } from '../support/stores.ts'

const mebibyte = 1_048_576
const noWhere = '00000000-0000-4000-8000-000000000000'

/** A client of the API over real sockets. */
interface Client {
  (method: string, path: string, body?: object): Promise<{ readonly status: number, readonly body: unknown }>
}

/** All tests share the app: each works with users of its own. */
const shared: { app?: TestApp, url?: string, clock: { now: Date } } = { clock: { now: new Date() } }

t.before(async () => {
  const store = await diskStore(t, { now: () => shared.clock.now })
  shared.app = await testApp(t, { store, env: { UPLOAD_MAX_BYTES: String(40 * mebibyte) } })
  shared.url = await shared.app.listen()
})

function app (): TestApp {
  if (shared.app === undefined) throw new Error('the app has not been started')
  return shared.app
}

function clientOf (user: TestUser | null): Client {
  return async (method, path, body) => {
    const response = await fetch(`${shared.url}/api${path}`, {
      method,
      headers: { ...user?.bearer, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}

async function curator (): Promise<{ readonly user: TestUser, readonly call: Client }> {
  const user = await app().user('curator')
  return { user, call: clientOf(user) }
}

const newFile = (sizeBytes: number, relativePath = 'Album/01 Song.flac', fingerprint: string = crypto.randomUUID()) => ({ relativePath, sizeBytes, contentType: 'audio/flac', fingerprint })

async function openTicket (call: Client, file = newFile(1_000)): Promise<UploadTicket> {
  const { status, body } = await call('POST', '/uploads', file)
  if (status !== 201) throw new Error(`no ticket: ${status} ${JSON.stringify(body)}`)
  return body as UploadTicket
}

interface Address { readonly partNumber: number, readonly url: string, readonly headers: Record<string, string>, readonly expiresAt: string }

async function addressesOf (call: Client, id: string, partNumbers: number[]): Promise<Address[]> {
  const { body } = await call('POST', `/uploads/${id}/parts`, { partNumbers })
  return (body as { parts: Address[] }).parts
}

/** PUTs these parts as a browser does and returns what completion wants to know. */
async function sendParts (call: Client, { id, partSizeBytes }: UploadTicket, { bytes, partNumbers }: { bytes: Buffer, partNumbers: number[] }) {
  const sent: Array<{ partNumber: number, etag: string }> = []
  for (const { partNumber, url, headers } of await addressesOf(call, id, partNumbers)) {
    const body = bytes.subarray((partNumber - 1) * partSizeBytes, partNumber * partSizeBytes)
    const response = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) })
    if (!response.ok) throw new Error(`part ${partNumber}: ${response.status} ${await response.text()}`)
    sent.push({ partNumber, etag: response.headers.get('etag') ?? '' })
  }
  return sent
}

async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

function codeOf ({ body }: { readonly body: unknown }): string {
  return (body as { error: { code: string } }).error.code
}

async function jobsOf (uploadId: string) {
  return await app().db.prisma.job.findMany({ where: { uploadId } })
}

t.test('a file goes up in parts, resumes after a reload, and becomes one job', async (t) => {
  const { call, user } = await curator()
  const bytes = randomBytes(20 * mebibyte + 7)
  const file = newFile(bytes.length, 'Björk/Début/01 Human Behaviour.flac')
  const first = await openTicket(call, file)
  t.match(first, { state: 'open', partSizeBytes: 8 * mebibyte, partCount: 3, uploadedParts: [] })
  const [two] = await sendParts(call, first, { bytes, partNumbers: [2] })
  t.match((await call('GET', `/uploads/${first.id}/parts`)).body, { parts: [{ partNumber: 2, sizeBytes: 8 * mebibyte }] })

  const resumed = await openTicket(call, file)
  t.equal(resumed.id, first.id, 'the same file gets the same ticket')
  t.same(resumed.uploadedParts.map(({ partNumber, etag }) => ({ partNumber, etag })), [two], 'which says what has arrived')
  t.not((await openTicket(call, { ...file, relativePath: 'Elsewhere/01 Human Behaviour.flac' })).id, first.id, 'the same fingerprint elsewhere is another file')

  const rest = await sendParts(call, resumed, { bytes, partNumbers: [1, 3] })
  const parts = [...rest, ...resumed.uploadedParts.map(({ partNumber, etag }) => ({ partNumber, etag }))]
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const done = await call('POST', `/uploads/${first.id}/complete`, { parts, sha256 })
  t.equal(done.status, 200)
  t.match(done.body, { id: first.id, state: 'received', relativePath: file.relativePath, sizeBytes: bytes.length, source: 'browser', uploadedBy: { id: user.userId } })
  t.same((await call('POST', `/uploads/${first.id}/complete`, { parts, sha256 })).body, done.body, 'a repeated completion gets the same answer')
  const jobs = await jobsOf(first.id)
  t.match(jobs, [{ kind: 'process-upload', dedupeKey: `upload:${first.id}`, state: 'waiting', sentAt: Date }], 'one job, and its message is sent')
  t.equal(jobs.length, 1)
  const { body } = await app().deps.store.get(`incoming/${first.id}`)
  t.equal(createHash('sha256').update(Buffer.concat(await body.toArray())).digest('hex'), sha256, 'the store has the very bytes')
  t.equal((await app().db.prisma.upload.findUniqueOrThrow({ where: { id: first.id } })).sha256, sha256, 'the worker is told what to expect')
  t.equal(codeOf(await call('POST', `/uploads/${first.id}/parts`, { partNumbers: [1] })), 'UPLOAD_FINISHED')
  t.equal(codeOf(await call('DELETE', `/uploads/${first.id}`)), 'UPLOAD_FINISHED')
  t.not((await openTicket(call, file)).id, first.id, 'once received, the same file gets a new ticket')
})

t.test('an upload that the store finished but nobody noted goes on', async (t) => {
  const { call } = await curator()
  const bytes = randomBytes(1_000)
  const finished = async () => {
    const file = newFile(bytes.length)
    const ticket = await openTicket(call, file)
    const parts = await sendParts(call, ticket, { bytes, partNumbers: [1] })
    const { objectKey, multipartId } = await app().db.prisma.upload.findUniqueOrThrow({ where: { id: ticket.id } })
    await app().deps.store.completeMultipart(objectKey, multipartId ?? '', parts)
    return { file, ticket, parts }
  }
  const lost = await finished()
  t.match((await call('POST', `/uploads/${lost.ticket.id}/complete`, { parts: lost.parts })).body, { state: 'received' }, 'completed again after a crash')
  t.equal((await jobsOf(lost.ticket.id)).length, 1)
  const reloaded = await finished()
  t.match(await openTicket(call, reloaded.file), { id: reloaded.ticket.id, state: 'received' }, 'noticed when the ticket is asked for again')
  t.equal((await jobsOf(reloaded.ticket.id)).length, 1)
  const told = await finished()
  for (const instruction of parseMessage(JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key: `incoming/${told.ticket.id}`, size: 1_000 } } }] }))) {
    if (instruction.kind === 'object-created') await receiveObject(app().deps, instruction)
  }
  t.match((await call('POST', `/uploads/${told.ticket.id}/complete`, { parts: told.parts })).body, { state: 'received' }, 'completed after the store’s own event')
  t.equal((await jobsOf(told.ticket.id)).length, 1)
})

t.test('completions at once make one job', async (t) => {
  const { call } = await curator()
  const ticket = await openTicket(call)
  const parts = await sendParts(call, ticket, { bytes: randomBytes(1_000), partNumbers: [1] })
  const answers = await Promise.all([1, 2, 3, 4].map(() => call('POST', `/uploads/${ticket.id}/complete`, { parts })))
  t.same(answers.map(({ status }) => status), [200, 200, 200, 200])
  t.equal((await jobsOf(ticket.id)).length, 1)
})

t.test('two tabs with the same file share a ticket', async (t) => {
  const { call } = await curator()
  const file = newFile(1_000)
  const tickets = await Promise.all([1, 2, 3, 4].map(() => openTicket(call, file)))
  t.equal(new Set(tickets.map(({ id }) => id)).size, 1)
  const { multipartId } = await app().db.prisma.upload.findUniqueOrThrow({ where: { id: tickets[0]?.id ?? '' } })
  const pending = (await all(app().deps.store.listMultiparts(`incoming/${tickets[0]?.id}`))).map((multipart) => multipart.multipartId)
  t.same(pending, [multipartId], 'and leave one multipart upload behind')
})

t.test('what is not whole is not taken', async (t) => {
  const { call } = await curator()
  const bytes = randomBytes(9 * mebibyte)
  const ticket = await openTicket(call, newFile(bytes.length))
  const [one] = await sendParts(call, ticket, { bytes, partNumbers: [1] })
  const complete = (parts: object[]) => call('POST', `/uploads/${ticket.id}/complete`, { parts })
  const incomplete = await complete([one ?? {}])
  t.equal(incomplete.status, 409)
  t.equal(codeOf(incomplete), 'UPLOAD_INCOMPLETE')
  t.match(incomplete.body, { error: { message: / 2$/ } }, 'the message names the part')
  t.equal(codeOf(await complete([one ?? {}, { partNumber: 2, etag: '"never sent"' }])), 'UPLOAD_INCOMPLETE')
  const [two] = await sendParts(call, ticket, { bytes, partNumbers: [2] })
  t.equal(codeOf(await complete([one ?? {}, two ?? {}, two ?? {}])), 'UPLOAD_INCOMPLETE', 'a part named twice')
  t.equal(codeOf(await complete([one ?? {}, { partNumber: 2, etag: '"wrong"' }])), 'MULTIPART_INVALID')
  t.equal((await jobsOf(ticket.id)).length, 0)
  t.equal((await complete([two ?? {}, one ?? {}])).status, 200, 'any order will do')
})

t.test('an address takes exactly its part, and only for a while', async (t) => {
  const { call } = await curator()
  const ticket = await openTicket(call)
  const [address] = await addressesOf(call, ticket.id, [1])
  const put = (url: string, size: number) => fetch(url, { method: 'PUT', headers: address?.headers ?? {}, body: new Uint8Array(size) })
  t.equal((await put(address?.url ?? '', 999)).status, 400, 'fewer bytes')
  t.equal((await put(address?.url ?? '', 1_001)).status, 413, 'more bytes')
  t.equal((await put((address?.url ?? '').replace(ticket.id, noWhere), 1_000)).status, 403, 'another upload')
  t.equal(codeOf(await call('POST', `/uploads/${ticket.id}/parts`, { partNumbers: [2] })), 'PART_NUMBER_INVALID')
  shared.clock.now = new Date(Date.now() + 16 * 60_000)
  const late = await put(address?.url ?? '', 1_000)
  shared.clock.now = new Date()
  t.equal(late.status, 403, 'too late')
  t.match((await call('GET', `/uploads/${ticket.id}/parts`)).body, { parts: [] })
  t.equal((await put(address?.url ?? '', 1_000)).status, 200)
})

t.test('files that can’t become tracks get no ticket, and say why', async (t) => {
  const { call, user } = await curator()
  const refused = async (file: object) => {
    const answer = await call('POST', '/uploads', file)
    return [answer.status, codeOf(answer)]
  }
  t.same(await refused(newFile(40 * mebibyte + 1)), [413, 'UPLOAD_TOO_LARGE'])
  t.same(await refused(newFile(0)), [400, 'UPLOAD_EMPTY'])
  t.same(await refused(newFile(10, 'Album/notes.txt')), [415, 'UPLOAD_TYPE_REFUSED'])
  t.same(await refused(newFile(10, 'Album/flac')), [415, 'UPLOAD_TYPE_REFUSED'])
  t.same(await refused(newFile(10, 'Album/cover.JPG')), [415, 'UPLOAD_PICTURE_REFUSED'])
  t.same(await refused(newFile(10, '../..')), [400, 'UPLOAD_PATH_INVALID'])
  t.same(await refused(newFile(10, 'a\0.mp3')), [400, 'UPLOAD_PATH_INVALID'])
  t.same(await refused({ ...newFile(10), userId: noWhere }), [400, 'INVALID_REQUEST'])
  t.same(await refused({ ...newFile(10), sizeBytes: 1.5 }), [400, 'INVALID_REQUEST'])
  t.equal(await app().db.prisma.upload.count({ where: { userId: user.userId } }), 0)
  const { id } = await openTicket(call, newFile(10, '../C:\\Music//Album/./01.MP3'))
  t.match((await call('GET', `/uploads/${id}`)).body, { relativePath: 'C:/Music/Album/01.MP3' })
  const batch = await call('POST', '/uploads/batch', { files: [newFile(10, 'a.mp3'), newFile(10, 'a.txt'), newFile(0, 'b.mp3')] })
  t.match((batch.body as { items: TicketOrFault[] }).items, [
    { ticket: { state: 'open', partCount: 1 }, error: null },
    { ticket: null, error: { code: 'UPLOAD_TYPE_REFUSED' } },
    { ticket: null, error: { code: 'UPLOAD_EMPTY' } }
  ], 'in a batch each file has its own answer')
})

t.test('a cancelled upload leaves nothing in the store', async (t) => {
  const { call } = await curator()
  const ticket = await openTicket(call)
  const parts = await sendParts(call, ticket, { bytes: randomBytes(1_000), partNumbers: [1] })
  t.equal((await call('DELETE', `/uploads/${ticket.id}`)).status, 204)
  t.equal((await call('DELETE', `/uploads/${ticket.id}`)).status, 204, 'cancelling twice is fine')
  t.same(await all(app().deps.store.listMultiparts(`incoming/${ticket.id}`)), [])
  t.equal(codeOf(await call('POST', `/uploads/${ticket.id}/complete`, { parts })), 'UPLOAD_CANCELLED')
  t.equal(codeOf(await call('POST', `/uploads/${ticket.id}/parts`, { partNumbers: [1] })), 'UPLOAD_CANCELLED')
  t.match((await call('GET', `/uploads/${ticket.id}`)).body, { state: 'cancelled' })
})

t.test('a ticket that nobody works on expires, with its parts', async (t) => {
  const { call } = await curator()
  const { db, store } = app().deps
  const stale = await openTicket(call)
  await sendParts(call, stale, { bytes: randomBytes(1_000), partNumbers: [1] })
  const orphan = await store.createMultipart(`incoming/${noWhere}`, { contentType: 'audio/flac' })
  const day = new Date(Date.now() - 86_400_000)
  t.equal(await expireOpenUploads(db, store, day), 0, 'not before its time')
  t.ok((await all(store.listMultiparts('incoming/'))).some(({ multipartId }) => multipartId === orphan))
  const afterwards = new Date(Date.now() + 1_000)
  t.ok(await expireOpenUploads(db, store, afterwards) >= 1)
  t.match((await call('GET', `/uploads/${stale.id}`)).body, { state: 'cancelled', reasonCode: 'UPLOAD_EXPIRED', finishedAt: String })
  t.same(await all(store.listMultiparts('incoming/')), [], 'nor are there parts without a ticket')
})

t.test('who may do what', async (t) => {
  const [mine, others] = await Promise.all([curator(), curator()])
  const admin = clientOf(await app().user('admin'))
  const ticket = await openTicket(mine.call)
  const routes: Array<[string, string, object?]> = [
    ['GET', `/uploads/${ticket.id}`],
    ['GET', `/uploads/${ticket.id}/parts`],
    ['POST', `/uploads/${ticket.id}/parts`, { partNumbers: [1] }],
    ['POST', `/uploads/${ticket.id}/complete`, { parts: [{ partNumber: 1, etag: '"x"' }] }],
    ['DELETE', `/uploads/${ticket.id}`]
  ]
  const allRoutes: typeof routes = [
    ['GET', '/uploads'],
    ['POST', '/uploads', newFile(10)],
    ['POST', '/uploads/batch', { files: [newFile(10)] }],
    ['POST', '/uploads/check', { files: [{ sha256: '0'.repeat(64) }] }],
    ...routes
  ]
  for (const role of ['listener', 'auditor'] as const) {
    const call = clientOf(await app().user(role))
    for (const route of allRoutes) t.equal((await call(...route)).status, 403, `${role}: ${route[0]} ${route[1].replace(ticket.id, ':id')}`)
  }
  for (const route of allRoutes) t.equal((await clientOf(null)(...route)).status, 401, `nobody: ${route[0]} ${route[1].replace(ticket.id, ':id')}`)
  for (const route of routes) {
    const answer = await others.call(...route)
    t.equal(answer.status, 404, `another curator: ${route[0]} ${route[1].replace(ticket.id, ':id')}`)
    t.same(answer.body, (await others.call(route[0], route[1].replace(ticket.id, noWhere), route[2])).body, 'as if it did not exist')
  }
  t.equal((await admin('GET', `/uploads/${ticket.id}`)).status, 200)
  const idsOf = async (call: Client) => ((await call('GET', '/uploads?limit=200')).body as UploadPage).items.map(({ id }) => id)
  t.ok((await idsOf(mine.call)).includes(ticket.id))
  t.notOk((await idsOf(others.call)).includes(ticket.id))
  t.ok((await idsOf(admin)).includes(ticket.id))
  t.equal((await admin('DELETE', `/uploads/${ticket.id}`)).status, 204)
})

t.test('uploads are listed newest first, page by page, by state', async (t) => {
  const { call } = await curator()
  const tickets: UploadTicket[] = []
  for (let i = 0; i < 5; i++) tickets.push(await openTicket(call, newFile(10, `${i}.mp3`)))
  await call('DELETE', `/uploads/${tickets[1]?.id}`)
  const seen: Upload[] = []
  let cursor: string | null = null
  do {
    const page = (await call('GET', `/uploads?state=open&limit=2${cursor === null ? '' : `&cursor=${cursor}`}`)).body as UploadPage
    seen.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  t.same(seen.map(({ relativePath }) => relativePath), ['4.mp3', '3.mp3', '2.mp3', '0.mp3'])
  t.equal((await call('GET', '/uploads?state=lost')).status, 400)
  t.equal(codeOf(await call('GET', '/uploads?cursor=nonsense')), 'INVALID_CURSOR')
})

t.test('the ledger tells what failed and why, and lets it be tried again', async (t) => {
  const [{ call, user }, others] = await Promise.all([curator(), curator()])
  const { db } = app()
  const [failed, rejected] = [await openTicket(call, newFile(10, 'failed.mp3')), await openTicket(call, newFile(10, '=cmd,"x".mp3'))]
  await db.prisma.upload.update({ where: { id: failed.id }, data: { state: 'received', reasonCode: 'STORE_AWAY', reason: 'The store was away.' } })
  await db.prisma.upload.update({ where: { id: rejected.id }, data: { state: 'rejected', reasonCode: 'NOT_AUDIO', reason: 'No sound in it.' } })
  await db.prisma.job.create({ data: { kind: 'process-upload', dedupeKey: `upload:${failed.id}`, uploadId: failed.id, state: 'failed', attempts: 5 } })
  t.match((await call('GET', '/uploads/summary')).body, { running: 0, failed: 1, rejected: 1, done: 0, reasons: [{ code: 'NOT_AUDIO', count: 1, examples: ['=cmd,"x".mp3'], reason: 'No sound in it.' }] })
  t.match((await others.call('GET', '/uploads/summary')).body, { failed: 0, rejected: 0, reasons: [] }, 'of another curator nothing')
  t.same(((await call('GET', '/uploads?show=failed&reason=STORE_AWAY')).body as UploadPage).items.map(({ id }) => id), [failed.id])
  t.equal((await call('GET', '/uploads?reason=%00')).status, 400)
  const csv = async (of: TestUser): Promise<Response> => await fetch(`${shared.url}/api/uploads/rejected.csv`, { headers: of.bearer })
  const download = await csv(user)
  t.match([download.headers.get('content-type'), download.headers.get('content-disposition')], ['text/csv; charset=utf-8', 'attachment; filename="rejected.csv"'])
  const [head, first] = (await download.text()).split('\r\n')
  t.equal(head, 'file,size in bytes,reason code,reason,at')
  t.equal(first?.split(',10,')[0], '"\'=cmd,""x"".mp3"', 'nothing that a spreadsheet would reckon')
  t.match(first, /,10,NOT_AUDIO,No sound in it\.,\d{4}-\d\d-\d\dT/)
  t.equal(await (await csv(others.user)).text(), `${head}\r\n`, 'another curator has a head and nothing below it')
  await db.prisma.upload.createMany({ data: Array.from({ length: 1_100 }, (_, i) => ({ source: 'browser' as const, userId: user.userId, relativePath: `+${i}\n.mp3`, sizeBytes: 1n, partSizeBytes: 1n, fingerprint: String(i), objectKey: `incoming/${i}`, state: 'rejected' as const })) })
  const all = (await (await csv(user)).text()).split('\r\n').slice(1, -1)
  t.equal(all.length, 1_101, 'more than one page of the database')
  t.equal(new Set(all).size, 1_101)
  t.equal(all.filter((line) => /^"'\+\d+\n\.mp3",1,,,/.test(line)).length, 1_100)
  await db.prisma.upload.deleteMany({ where: { userId: user.userId, sizeBytes: 1n } })
  t.same((await others.call('POST', '/uploads/retry', { ids: [failed.id] })).body, { retried: 0 })
  t.same((await call('POST', '/uploads/retry', { ids: [rejected.id] })).body, { retried: 0 }, 'what was rejected would be rejected again')
  t.equal((await db.prisma.upload.findUniqueOrThrow({ where: { id: rejected.id } })).state, 'rejected')
  const again = await openTicket(call, newFile(10, '=cmd,"x".mp3'))
  t.not(again.id, rejected.id, 'and may be sent once more')
  t.same((await call('POST', '/uploads/retry', {})).body, { retried: 1 })
  t.match(await db.prisma.job.findFirst({ where: { uploadId: failed.id } }), { state: 'waiting', attempts: 0 })
  t.match(await db.prisma.auditEvent.findFirst({ where: { actorId: user.userId }, orderBy: { id: 'desc' } }), { action: 'jobs.retried', details: { count: 1 } })
})

t.test('an account can have only so many uploads open', async (t: Test) => {
  const { call, user } = await curator()
  await app().db.prisma.upload.createMany({
    data: Array.from({ length: 1_000 }, (_, i) => ({ source: 'browser' as const, userId: user.userId, relativePath: 'a.mp3', sizeBytes: 1n, partSizeBytes: 1n, fingerprint: String(i), objectKey: `incoming/${i}` }))
  })
  const answer = await call('POST', '/uploads', newFile(10))
  t.equal(answer.status, 429)
  t.equal(codeOf(answer), 'TOO_MANY_UPLOADS')
})

t.test('known bytes need not be sent', async (t) => {
  const { call } = await curator()
  const { prisma } = app().db
  const [known, unknown] = ['a'.repeat(64), 'b'.repeat(64)] as const
  const key = `originals/sha256/aa/${known}`
  await prisma.storedObject.create({ data: { key, sizeBytes: 1n, sha256: known, contentType: 'audio/flac' } })
  await prisma.original.create({ data: { sha256: known, objectKey: key, fileName: 'a.flac', audioHash: 'x', container: 'flac', codec: 'flac', lossless: true, sampleRate: 44_100, channels: 2, durationMs: 1 } })
  const album = await prisma.album.create({ data: { title: 'A', sortTitle: 'a', identityKey: 'a', artistCredit: 'A' } })
  const track = await prisma.track.create({ data: { title: 'A', sortTitle: 'a', albumId: album.id, artistCredit: 'A', durationMs: 1, originalId: known, state: 'published' } })
  await prisma.original.update({ where: { sha256: known }, data: { trackId: track.id } })
  const check = async () => (await call('POST', '/uploads/check', { files: [{ sha256: unknown }, { sha256: known }] })).body
  t.same(await check(), { files: [{ sha256: unknown, trackId: null }, { sha256: known, trackId: track.id }] })
  await prisma.track.update({ where: { id: track.id }, data: { state: 'withdrawn' } })
  t.match(await check(), { files: [{ trackId: null }, { trackId: null }] }, 'a withdrawn track is not named')
})
