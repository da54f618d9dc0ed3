import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import t from 'tap'
import { enqueueBackfills } from '../../src/processing/backfill.ts'
import { checkInvariants, type FsckReport } from '../../src/processing/fsck.ts'
import { enqueueJob, relayJobs } from '../../src/processing/jobs.ts'
import { parseMessage } from '../../src/processing/object-events.ts'
import { sweepScratch, withScratchFolder } from '../../src/processing/scratch.ts'
import { sweepObjects } from '../../src/processing/sweep-objects.ts'
import { testApp } from '../support/app.ts'
import { ended, now, openPipeline, type Pipeline, sound, until, upload, workIn } from '../support/pipeline.ts'
import { temporaryFolder } from '../support/stores.ts'

const lossless = async (pipeline: Pipeline, title: string) =>
  ended(pipeline, await upload(pipeline, { path: await sound(pipeline, 'flac', { tags: { title, album: 'Shelf', artist: 'Flo', genre: 'Folk' } }), relativePath: `${title}.flac` }))

const fsck = (pipeline: Pipeline, deep = false): Promise<FsckReport> =>
  checkInvariants({ ...pipeline, scratchDir: join(pipeline.dir, 'scratch'), now }, { deep, graceMs: 0 }, () => {})

t.test('keeping house', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, store, queue } = pipeline
  const worker = await workIn(t, pipeline)
  const { trackId } = await lossless(pipeline, 'Kept')

  t.test('deletes what nothing refers to, once it is old enough', async (t) => {
    await until(async () => (await queue.depth()).inFlight === 0)
    const path = join(pipeline.dir, 'garbage')
    await writeFile(path, 'garbage')
    const garbage = ['incoming/left', `media/${trackId ?? ''}/losing-attempt/aac-96.mp4`, `originals/sha256/00/${'0'.repeat(64)}`]
    for (const key of garbage) await store.putFile(key, path, { contentType: 'application/octet-stream' })
    const open = crypto.randomUUID()
    await store.putFile(`incoming/${open}`, path, { contentType: 'application/octet-stream' })
    await db.prisma.upload.create({ data: { id: open, source: 'browser', relativePath: 'open.mp3', sizeBytes: 7, fingerprint: open, objectKey: `incoming/${open}`, partSizeBytes: 7 } })
    t.same(await sweepObjects({ db, store, now }), { deleted: 0, deletedBytes: 0 }, 'not within the grace time')
    t.equal((await fsck(pipeline)).breachCount, 3)
    t.same(await sweepObjects({ db, store, now }, -1_000), { deleted: 3, deletedBytes: 21 })
    t.same((await fsck(pipeline)).breaches, [])
    t.ok(await store.head(`incoming/${open}`), 'an upload under way is not garbage')
    await db.prisma.upload.update({ where: { id: open }, data: { state: 'cancelled' } })
    t.match(await sweepObjects({ db, store, now }, -1_000), { deleted: 1 })
  })

  t.test('makes renditions of an old recipe anew, under the same track', async (t) => {
    const before = await db.prisma.rendition.findMany({ where: { trackId: trackId ?? '' } })
    t.equal(await enqueueBackfills(db), 0)
    await db.prisma.rendition.updateMany({ data: { recipeVersion: 0 } })
    t.equal(await enqueueBackfills(db), 1)
    t.equal(await enqueueBackfills(db), 0, 'one job a recipe')
    await relayJobs({ db, queue })
    await until(async () => await db.prisma.job.count({ where: { kind: 'backfill-track', state: 'done' } }) === 1)
    const after = await db.prisma.rendition.findMany({ where: { trackId: trackId ?? '' } })
    t.equal(after.length, before.length)
    t.ok(after.every(({ recipeVersion, objectKey }) => recipeVersion === 1 && !before.some((old) => old.objectKey === objectKey)))
    t.match(await db.prisma.track.findUnique({ where: { id: trackId ?? '' } }), { title: 'Kept', fence: 2, artworkId: null })
    const inAWeek = () => new Date(Date.now() + 7 * 24 * 3_600_000)
    await db.prisma.storedObject.updateMany({ where: { replacedAt: { not: null } }, data: { replacedAt: new Date(inAWeek().getTime() - 3_600_000) } })
    t.match(await sweepObjects({ db, store, now: inAWeek }), { deleted: 0 }, 'somebody may be listening to what was replaced an hour ago')
    t.match(await sweepObjects({ db, store, now: inAWeek }, 0), { deleted: 5 }, 'what they replace becomes garbage')
    t.same((await fsck(pipeline, true)).breaches, [])
  })

  t.test('draws the outline of an older waveform from its stored peaks, and makes nothing else anew', async (t) => {
    const where = { trackId: trackId ?? '' }
    const before = await db.prisma.waveform.findUniqueOrThrow({ where })
    t.match(before.outline, /^[0-9a-f]{48}$/, 'a new track has it from the start')
    t.match(before.outline, /f/, 'the highest bar is as high as can be')
    await db.prisma.waveform.update({ where, data: { recipeVersion: 1, outline: null } })
    const [kept] = await db.prisma.rendition.findMany({ where })
    await db.prisma.job.deleteMany({ where: { kind: 'backfill-track' } })
    t.equal(await enqueueBackfills(db), 1)
    await relayJobs({ db, queue })
    await until(async () => await db.prisma.job.count({ where: { kind: 'backfill-track', state: 'done' } }) === 1)
    t.same(await db.prisma.waveform.findUnique({ where }), before)
    t.equal((await db.prisma.rendition.findFirst({ where: { id: kept?.id ?? '' } }))?.objectKey, kept?.objectKey)
    t.equal(await enqueueBackfills(db), 0)
  })

  t.test('finds every breach of a promise', async (t) => {
    const { trackId: broken } = await lossless(pipeline, 'Broken')
    await worker.stop()
    const id = broken ?? ''
    await db.prisma.album.updateMany({ data: { trackCount: { increment: 1 } } })
    await db.prisma.artist.updateMany({ data: { albumCount: { increment: 1 } } })
    await db.prisma.genre.updateMany({ data: { trackCount: { decrement: 1 } } })
    await db.prisma.waveform.delete({ where: { trackId: id } })
    await db.prisma.rendition.delete({ where: { trackId_name: { trackId: id, name: 'aac-96' } } })
    await db.prisma.rendition.update({ where: { trackId_name: { trackId: id, name: 'aac-160' } }, data: { sampleCount: 1 } })
    await db.pool.query('DELETE FROM search_doc WHERE ref_id = $1', [id])
    await db.prisma.upload.create({ data: { source: 'import', relativePath: 'silent.mp3', sizeBytes: 1, fingerprint: 'x', objectKey: 'x', partSizeBytes: 1, state: 'rejected' } })
    const { breaches } = await fsck(pipeline)
    const said = breaches.map(({ invariant, subject, message }) => `${invariant} ${subject.split(' ')[0] ?? ''} ${message}`).sort()
    t.match(said, [
      /^I3 track a rendition’s length/,
      /^I3 track it has no waveform/,
      /^I3 track its renditions are: aac-160, aac-256, flac/,
      /^I5 upload it was rejected without a reason/,
      /^counters album it counts 3 tracks and has 2/,
      /^counters artist it counts 2 albums and has 1/,
      /^counters genre it counts 1 tracks and has 2/,
      /^search track search does not find it/
    ])
    t.equal(said.length, 8)
  })

  t.test('finds bytes that were changed, cut or lost', async (t) => {
    const key = async (name: string) => (await db.prisma.rendition.findUniqueOrThrow({ where: { trackId_name: { trackId: trackId ?? '', name } } })).objectKey
    const bytesOf = async (name: string) => buffer((await store.get(await key(name))).body)
    const flipped = await bytesOf('aac-256')
    const middle = Math.floor(flipped.length / 2)
    flipped[middle] = (flipped[middle] ?? 0) ^ 0xff
    await store.put(await key('aac-256'), flipped, { contentType: 'audio/mp4' })
    await store.put(await key('aac-160'), (await bytesOf('aac-160')).subarray(0, 1_000), { contentType: 'audio/mp4' })
    await store.delete(await key('aac-96'))
    const { breaches } = await fsck(pipeline, true)
    const ours = breaches.filter(({ subject }) => subject.includes(trackId ?? ''))
    t.ok(ours.some(({ subject, message }) => subject.endsWith('aac-256.mp4') && message.includes('sha256')))
    t.ok(ours.some(({ subject, message }) => subject.endsWith('aac-160.mp4') && message.includes('1000 bytes instead of')))
    t.ok(ours.some(({ message }) => message.startsWith('aac-160 ')), 'what is cut sounds too short')
    t.ok(ours.some(({ subject, message }) => subject.endsWith('aac-96.mp4') && message.includes('missing')))
    t.notOk(ours.some(({ subject }) => subject.endsWith('flac.mp4')))
  })
})

t.test('messages are our own or the store’s', async (t) => {
  const record = (eventName: string, key: string) => ({ eventName, s3: { object: { key, size: 5 } } })
  t.same(parseMessage('{"jobId":"018f0000-0000-7000-8000-000000000000"}'), [{ kind: 'run-job', jobId: '018f0000-0000-7000-8000-000000000000' }])
  t.same(parseMessage(JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'x' })), [])
  t.same(parseMessage(JSON.stringify({ Records: [record('ObjectCreated:Put', 'incoming/a+b%2Bc'), record('s3:ObjectCreated:CompleteMultipartUpload', 'k'), record('ObjectRemoved:Delete', 'x')] })),
    [{ kind: 'object-created', key: 'incoming/a b+c', sizeBytes: 5 }, { kind: 'object-created', key: 'k', sizeBytes: 5 }])
  for (const body of ['', 'null', '[]', '{"jobId":"x"}', '{"Records":[{}]}', JSON.stringify({ Records: [record('ObjectCreated:Put', '%E0%A4%A')] })]) {
    t.throws(() => parseMessage(body), { code: 'MESSAGE_INVALID' }, body)
  }
})

t.test('scratch folders are private, and those of dead processes are removed', async (t) => {
  const dir = join(await temporaryFolder(t), 'scratch')
  let seen = ''
  await t.rejects(withScratchFolder(dir, async (folder) => { seen = folder; throw new Error('broken off') }), { message: 'broken off' })
  t.same(await readdir(dir), [])
  t.ok(seen.startsWith(join(dir, `${process.pid}-`)))
  for (const name of ['999999999-dead', `${process.pid}-mine`, 'odd', `${process.ppid}-alive`]) await mkdir(join(dir, name))
  await sweepScratch(dir)
  t.same(await readdir(dir), [`${process.ppid}-alive`])
})

t.test('jobs are listed, counted and tried again by those who may', async (t) => {
  const { as, user, db } = await testApp(t)
  const [curator, auditor, listener] = [await user('curator'), await user('auditor'), await user('listener')]
  const uploadId = crypto.randomUUID()
  await db.prisma.upload.create({ data: { id: uploadId, source: 'browser', relativePath: 'A/b.flac', sizeBytes: 1, fingerprint: 'x', objectKey: 'x', partSizeBytes: 1, state: 'received', reasonCode: 'X', reason: 'broken' } })
  await db.prisma.$transaction(async (tx) => {
    await enqueueJob(tx, { kind: 'process-upload', dedupeKey: 'one', uploadId })
    for (const dedupeKey of ['two', 'three']) await enqueueJob(tx, { kind: 'backfill-track', dedupeKey, payload: { trackId: crypto.randomUUID() } })
  })
  await db.pool.query("UPDATE job SET state = 'failed', attempts = 3, error_code = 'X', last_error = 'broken', finished_at = now() WHERE dedupe_key <> 'three'")
  const { id } = await db.prisma.job.findUniqueOrThrow({ where: { dedupeKey: 'one' } })

  t.match(await as(auditor, { url: '/api/jobs?state=failed' }), { status: 200, body: { items: [{ state: 'failed' }, { state: 'failed' }], nextCursor: null } })
  const first = await as(curator, { url: '/api/jobs?limit=2' })
  t.match(first, { status: 200, body: { items: [{}, {}], nextCursor: String } })
  t.match(await as(curator, { url: '/api/jobs/summary' }), { status: 200, body: { waiting: 1, running: 0, failed: 2, done24h: 0 } })
  t.match(await as(listener, { url: '/api/jobs' }), { status: 403 })
  t.match(await as(auditor, { method: 'POST', url: `/api/jobs/${id}/retry` }), { status: 403 })
  t.match(await as(curator, { method: 'POST', url: `/api/jobs/${crypto.randomUUID()}/retry` }), { status: 404, body: { error: { code: 'JOB_NOT_FOUND' } } })
  t.match(await as(curator, { method: 'POST', url: `/api/jobs/${id}/retry` }), { status: 200, body: { state: 'waiting', attempts: 0, lastError: null, subject: 'A/b.flac' } })
  t.match(await as(curator, { method: 'POST', url: `/api/jobs/${id}/retry` }), { status: 409, body: { error: { code: 'JOB_NOT_FAILED' } } })
  t.match(await db.prisma.upload.findUnique({ where: { id: uploadId } }), { reason: null, reasonCode: null })
  t.match(await as(curator, { method: 'POST', url: '/api/jobs/retry-failed' }), { status: 200, body: { retried: 1 } })
  t.match(await as(curator, { url: '/api/jobs/summary' }), { body: { waiting: 3, failed: 0 } })
  t.equal(await db.prisma.auditEvent.count({ where: { action: 'jobs.retried' } }), 2)
})
