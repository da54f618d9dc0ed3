import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { claimJob, ClaimLostError, extendLease, failJob, finishJob, lockClaim, releaseJob } from '../../src/processing/claim.ts'
import { openDatabase } from '../../src/platform/database/database.ts'
import { checkInvariants } from '../../src/processing/fsck.ts'
import { enqueueJob, relayJobs } from '../../src/processing/jobs.ts'
import { findLostJobs, recoverJobs } from '../../src/processing/recover-jobs.ts'
import { retryJob } from '../../src/processing/retry-jobs.ts'
import { createSurroundings, isFaultOfSurroundings } from '../../src/processing/surroundings.ts'
import { untilSomeoneWaits } from '../support/lock-wait.ts'
import { ended, now, openPipeline, type Pipeline, sound, spawnWorker, until, upload, workIn } from '../support/pipeline.ts'

/** Long enough that a worker is still in the middle of it when a busy machine sees that it is. */
const longSeconds = 120
const curator = { userId: '00000000-0000-4000-8000-000000000001', username: 'cora', role: 'curator' as const }

async function mustBeSound (t: Test, pipeline: Pipeline): Promise<void> {
  const report = await checkInvariants({ ...pipeline, scratchDir: join(pipeline.dir, 'scratch'), now }, { deep: true }, () => {})
  t.same(report.breaches, [], 'fsck finds nothing')
}

async function oneSetEach (t: Test, { db }: Pipeline, tracks: number): Promise<void> {
  const { rows } = await db.pool.query('SELECT track_id, count(*)::int AS n FROM rendition GROUP BY track_id')
  t.equal(rows.length, tracks)
  t.ok(rows.every(({ n }) => n === 3), 'exactly one rendition set a track')
}

const running = async ({ db }: Pipeline) => await db.prisma.job.count({ where: { state: 'running', stage: 'renditions' } }) === 1

t.test('messages', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, queue } = pipeline

  t.test('that come twice, late and out of order make exactly one rendition set', async (t) => {
    const ids = await Promise.all(['a', 'b', 'c'].map(async (title) => upload(pipeline, { path: await sound(pipeline, 'mp3', { tags: { title } }), relativePath: `${title}.mp3` })))
    const jobs = await db.prisma.job.findMany()
    const again = jobs.map(({ id }) => JSON.stringify({ jobId: id })).reverse()
    const event = (id: string) => JSON.stringify({ Records: [{ eventName: 'ObjectCreated:Put', s3: { object: { key: `incoming%2F${id}`, size: 1 } } }] })
    await queue.send([...again, ...ids.map(event), JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent' })])
    const workers = await Promise.all([workIn(t, pipeline), workIn(t, pipeline)])
    const rows = await Promise.all(ids.map((id) => ended(pipeline, id)))
    t.ok(rows.every(({ state }) => state === 'published'))
    await queue.send([...again, ...ids.map(event)])
    await until(async () => { const depth = await queue.depth(); return depth.waiting + depth.inFlight === 0 })
    await Promise.all(workers.map(({ stop }) => stop()))
    t.ok((await db.prisma.job.findMany()).every(({ attempts, state }) => attempts === 1 && state === 'done'))
    t.equal((await queue.depth()).dead, 0)
    await oneSetEach(t, pipeline, 3)
    await mustBeSound(t, pipeline)
  })

  t.test('of the store alone are enough, when the browser closed too early', async (t) => {
    const path = await sound(pipeline, 'mp3', { tags: { title: 'Only event' } })
    const id = crypto.randomUUID()
    const { sizeBytes } = await pipeline.store.putFile(`incoming/${id}`, path, { contentType: 'audio/mpeg' })
    await db.prisma.upload.create({ data: { id, source: 'browser', relativePath: 'x.mp3', sizeBytes, fingerprint: id, objectKey: `incoming/${id}`, partSizeBytes: sizeBytes } })
    const announced = (bytes: number) => db.prisma.upload.update({ where: { id }, data: { sizeBytes: bytes } })
    const event = (size: number) => JSON.stringify({ Records: [{ eventName: 'ObjectCreated:CompleteMultipartUpload', s3: { object: { key: `incoming/${id}`, size } } }] })
    await workIn(t, pipeline)
    await announced(sizeBytes + 1)
    await queue.send([event(sizeBytes + 1)])
    await until(async () => (await queue.depth()).waiting + (await queue.depth()).inFlight === 0)
    t.match(await db.prisma.upload.findUnique({ where: { id } }), { state: 'open' }, 'not for a file of another size')
    await announced(sizeBytes)
    await queue.send([event(sizeBytes)])
    t.match(await ended(pipeline, id), { state: 'published' })
  })

  t.test('that nobody understands die, and others go on', async (t) => {
    await workIn(t, pipeline, { times: { leaseSeconds: 1, firstRetryMs: 50, firstPauseMs: 50 } })
    await queue.send(['not json', '{"Records":"no"}'])
    const id = await upload(pipeline, { path: await sound(pipeline, 'mp3', { tags: { title: 'Beside' } }), relativePath: 'beside.mp3' })
    t.match(await ended(pipeline, id), { state: 'published' })
    await until(async () => (await queue.depth()).dead === 2)
  })
})

t.test('a job that always fails is dead after three attempts, others go on, and a retry begins anew', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, queue } = pipeline
  const path = await sound(pipeline, 'mp3', { tags: { title: 'Poison' } })
  const poison = await upload(pipeline, { path, relativePath: 'poison.mp3' })
  await pipeline.store.delete(`incoming/${poison}`)
  await workIn(t, pipeline, { concurrency: 1 })
  const others = await Promise.all([1, 2, 3].map(async (n) => upload(pipeline, { path: await sound(pipeline, 'mp3', { tags: { title: `Good ${n}` } }), relativePath: `${n}.mp3` })))
  for (const id of others) t.match(await ended(pipeline, id), { state: 'published' })
  const failed = await ended(pipeline, poison)
  t.match(failed, { state: 'received', reasonCode: 'OBJECT_NOT_FOUND', reason: /no object/, jobs: [{ state: 'failed', attempts: 3, errorCode: 'OBJECT_NOT_FOUND' }] })
  await until(async () => (await queue.depth()).dead === 1)
  const report = await checkInvariants({ ...pipeline, scratchDir: pipeline.dir, now }, { deep: false, stuckAfterMs: 0 }, () => {})
  t.match(report, { breachCount: 1, breaches: [{ invariant: 'I5', message: /no object/ }] })

  await pipeline.store.putFile(`incoming/${poison}`, path, { contentType: 'audio/mpeg' })
  const [job] = failed.jobs
  // A worker may have begun the first attempt already.
  t.match(await retryJob({ db, queue, now }, curator, job?.id ?? ''), { attempts: Number, lastError: null, state: /waiting|running/ })
  await until(async () => (await db.prisma.upload.findUniqueOrThrow({ where: { id: poison } })).state === 'published')
  t.match(await db.prisma.upload.findUnique({ where: { id: poison } }), { reasonCode: null, reason: null })
  await t.rejects(retryJob({ db, queue, now }, curator, job?.id ?? ''), { code: 'JOB_NOT_FAILED' })
  await mustBeSound(t, pipeline)
})

t.test('a fault is noted, whatever characters it is told in', async (t) => {
  const pipeline = await openPipeline(t)
  const id = await upload(pipeline, { path: await sound(pipeline, 'mp3'), relativePath: 'torn.mp3' })
  const store: Pipeline['store'] = Object.assign(Object.create(pipeline.store), { get: async () => { throw new Error('torn\0reply \ud800') } })
  await workIn(t, pipeline, { store })
  t.match(await ended(pipeline, id, 20_000), { reasonCode: 'PROCESSING_FAULT', reason: 'torn reply', jobs: [{ state: 'failed', attempts: 3 }] })
})

t.test('workers', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, dir } = pipeline
  const long = await sound(pipeline, 'mp3', { seconds: longSeconds, channels: 1, tags: { title: 'Long' } })
  const other = await sound(pipeline, 'mp3', { seconds: longSeconds, channels: 1, tags: { title: 'Frozen' } })
  const third = await sound(pipeline, 'mp3', { seconds: longSeconds, channels: 1, tags: { title: 'Stopped' } })

  t.test('killed in mid-encode lose nothing: another one makes exactly one rendition set', async (t) => {
    const id = await upload(pipeline, { path: long, relativePath: 'long.mp3' })
    const first = await spawnWorker(t, pipeline)
    await until(() => running(pipeline))
    first.kill('SIGKILL')
    await first.ended()
    const second = await spawnWorker(t, pipeline)
    const startedAt = performance.now()
    t.match(await ended(pipeline, id), { state: 'published', jobs: [{ attempts: 2, fence: 2 }] })
    t.comment(`settled ${Math.round(performance.now() - startedAt)} ms after the kill`)
    second.kill('SIGTERM')
    await second.ended()
    await oneSetEach(t, pipeline, 1)
    await mustBeSound(t, pipeline)
  })

  t.test('frozen past their lease publish nothing any more', async (t) => {
    const id = await upload(pipeline, { path: other, relativePath: 'frozen.mp3' })
    const frozen = await spawnWorker(t, pipeline)
    await until(() => running(pipeline))
    frozen.kill('SIGSTOP')
    const second = await spawnWorker(t, pipeline)
    t.match(await ended(pipeline, id), { state: 'published', jobs: [{ attempts: 2 }] })
    const { rows: before } = await db.pool.query('SELECT object_key FROM rendition ORDER BY 1')
    frozen.kill('SIGCONT')
    await delay(1_500)
    frozen.kill('SIGTERM')
    second.kill('SIGTERM')
    await Promise.all([frozen.ended(), second.ended()])
    const { rows: after } = await db.pool.query('SELECT object_key FROM rendition ORDER BY 1')
    t.same(after, before)
    await mustBeSound(t, pipeline)
  })

  t.test('asked to end give their jobs back within five seconds, without an attempt being lost', async (t) => {
    const id = await upload(pipeline, { path: third, relativePath: 'stopped.mp3' })
    const worker = await spawnWorker(t, pipeline)
    await until(() => running(pipeline))
    const startedAt = performance.now()
    worker.kill('SIGTERM')
    await worker.ended()
    t.ok(performance.now() - startedAt < 5_000, `gone after ${Math.round(performance.now() - startedAt)} ms`)
    const [job] = await db.prisma.job.findMany({ where: { uploadId: id } })
    t.match(job, { state: 'waiting', attempts: 0, stage: null })
    t.match(await pipeline.queue.depth(), { waiting: 1, inFlight: 0, dead: 0 })
    await writeFile(join(dir, 'scratch', 'left-behind'), '')
    await workIn(t, pipeline)
    t.match(await ended(pipeline, id), { state: 'published', jobs: [{ attempts: 1 }] })
  })
})

t.test('faults of the surroundings', async (t) => {
  const pipeline = await openPipeline(t)
  const { db } = pipeline
  const serverError = Object.assign(new Error('We encountered an internal error.'), { $metadata: { httpStatusCode: 503 } })

  t.test('are told from those of a file', async (t) => {
    const coded = (code: string) => Object.assign(new Error('x'), { code })
    const surroundings = [coded('ECONNREFUSED'), coded('ENOSPC'), coded('P1001'), coded('57P01'), coded('STORE_FULL'), serverError, new TypeError('fetch failed', { cause: coded('ENOTFOUND') }), new Error('Connection terminated unexpectedly'), Object.assign(coded('ENOENT'), { syscall: 'connect' })]
    for (const error of surroundings) t.ok(isFaultOfSurroundings(error), error.message)
    const answered = (httpStatusCode: number) => Object.assign(new Error(`the store answered ${httpStatusCode}`), { $metadata: { httpStatusCode } })
    // 501: what a store can't do today it can't do tomorrow, so waiting for it would put the job off for ever.
    const ofTheFile = [coded('OBJECT_NOT_FOUND'), Object.assign(coded('ENOENT'), { syscall: 'open' }), coded('23505'), answered(404), answered(501), new Error('ffmpeg ended with 1'), 'x']
    for (const error of ofTheFile) t.notOk(isFaultOfSurroundings(error), String(error))
  })

  t.test('of the database are known by whatever way they come', async (t) => {
    const closed = openDatabase('postgres://x:y@127.0.0.1:9/x', { poolSize: 2, onError: () => {} })
    const own = openDatabase(db.url, { poolSize: 3, onError: () => {} })
    t.teardown(async () => { await closed.close(); await own.close() })
    const cut = async (which: string) => (await db.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${which}`)).rowCount !== 0
    const cutOff = async (statement: () => Promise<unknown>) => {
      const state = { ended: false }
      const sleeping = statement().finally(() => { state.ended = true })
      // Again and again: the first it meets may be the one that was cut off just before.
      const cutting = (async () => { while (!state.ended) { await cut("query LIKE '%pg_sleep%'"); await delay(20) } })()
      await Promise.all([sleeping, cutting])
    }
    const ways: Array<() => Promise<unknown>> = [
      () => closed.pool.query('SELECT 1'), () => closed.prisma.user.findFirst(), () => closed.prisma.$transaction((tx) => tx.user.findFirst()),
      () => cutOff(() => own.pool.query('SELECT pg_sleep(5)')), () => cutOff(async () => own.prisma.$queryRaw`SELECT pg_sleep(5)::text`),
      () => own.prisma.$transaction(async (tx) => { await tx.$executeRaw`SET application_name = 'to cut'`; await until(() => cut("application_name = 'to cut'")); await delay(100); await tx.user.findFirst() })
    ]
    for (const way of ways) {
      const error: unknown = await way().then(() => undefined, (reason: unknown) => reason)
      t.ok(error instanceof Error && isFaultOfSurroundings(error), String(error).slice(0, 200))
    }
  })

  t.test('make all slots of a worker wait together, longer each time, until a job goes through', async (t) => {
    const surroundings = createSurroundings(1_000)
    const { signal } = new AbortController()
    const first = surroundings.failed()
    t.ok(first > 700 && first <= 1_250 && surroundings.failed() <= first, 'slots that fail together are one fault')
    await surroundings.ready(signal)
    const second = surroundings.failed()
    t.ok(second > 1_400 && second <= 2_500, String(second))
    await surroundings.ready(signal)
    surroundings.worked()
    t.ok(surroundings.failed() <= 1_250)
  })

  t.test('of ffmpeg itself reject no good file', async (t) => {
    const tool = join(pipeline.dir, 'mended-later')
    const id = await upload(pipeline, { path: await sound(pipeline, 'wav', { tags: { title: 'Innocent' } }), relativePath: 'innocent.wav' })
    const { stop } = await workIn(t, { ...pipeline, ffmpeg: { ...pipeline.ffmpeg, path: tool } })
    const job = () => db.prisma.job.findFirstOrThrow({ where: { uploadId: id } })
    await until(async () => (await job()).errorCode === 'MEDIA_HELPER')
    t.match(await job(), { state: /waiting|running/, lastError: /before it began: nice: .*mended-later/ })
    await symlink(pipeline.ffmpeg.path, tool)
    t.match(await ended(pipeline, id), { state: 'published' }, 'once it is there, all goes well')
    t.match(await job(), { state: 'done', attempts: 1 })
    await stop()
  })

  t.test('cost no attempt however long they last', async (t) => {
    let away = true
    let asked = 0
    const store = new Proxy(pipeline.store, {
      get (target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name === 'get' && away) return async () => { asked += 1; throw serverError }
        return value.bind(target) as unknown
      }
    })
    const ids = await Promise.all(['One', 'Two', 'Three'].map(async (title) => upload(pipeline, { path: await sound(pipeline, 'mp3', { tags: { title } }), relativePath: `${title}.mp3` })))
    const worker = await workIn(t, pipeline, { store, times: { leaseSeconds: 4, firstRetryMs: 50, firstPauseMs: 100 } })
    await until(async () => asked >= 8)
    t.ok((await db.prisma.job.findMany()).every(({ state, attempts, lastError }) => state !== 'failed' && attempts <= 1 && (lastError ?? 'internal error').includes('internal error')))
    away = false
    for (const id of ids) t.match(await ended(pipeline, id), { state: 'published', jobs: [{ attempts: 1, errorCode: null }] })
    t.equal((await pipeline.queue.depth()).dead, 0)
    await worker.stop()
  })

  t.test('count after all when they have lasted a day', async (t) => {
    const path = await sound(pipeline, 'mp3', { tags: { title: 'Patience' } })
    const id = await upload(pipeline, { path, relativePath: 'patience.mp3' })
    await db.pool.query("UPDATE job SET started_at = now() - interval '25 hours' WHERE upload_id = $1", [id])
    const store = Object.assign(Object.create(pipeline.store) as typeof pipeline.store, { get: async () => { throw serverError } })
    await workIn(t, pipeline, { store })
    t.match(await ended(pipeline, id), { state: 'received', jobs: [{ state: 'failed', attempts: 3 }] })
  })
})

t.test('claims', async (t) => {
  const pipeline = await openPipeline(t)
  const { db, queue } = pipeline
  const newJob = async (dedupeKey: string) => {
    await db.prisma.$transaction((tx) => enqueueJob(tx, { kind: 'backfill-track', dedupeKey }))
    return db.prisma.job.findUniqueOrThrow({ where: { dedupeKey } })
  }

  t.test('are won by one of many', async (t) => {
    const { id } = await newJob('race')
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => claimJob(db, id, 30)))
    t.same(outcomes.map(({ kind }) => kind).sort(), ['claimed', ...Array(7).fill('held')])
  })

  t.test('of a lapsed lease are refused everything', async (t) => {
    const { id } = await newJob('stale')
    const stale = await claimJob(db, id, 0)
    await delay(20)
    const fresh = await claimJob(db, id, 30)
    if (stale.kind !== 'claimed' || fresh.kind !== 'claimed') throw new Error('both should have been claimed')
    t.equal(await extendLease(db, stale.claim, 30), false)
    await t.rejects(db.prisma.$transaction((tx) => lockClaim(tx, stale.claim)), ClaimLostError)
    await t.rejects(db.prisma.$transaction((tx) => finishJob(tx, stale.claim)), ClaimLostError)
    await t.rejects(failJob(db, stale.claim, { code: 'X', message: 'late' }, 0), ClaimLostError)
    t.equal(await extendLease(db, fresh.claim, 30), true)
    await db.prisma.$transaction((tx) => finishJob(tx, fresh.claim))
    t.match(await claimJob(db, id, 30), { kind: 'ended' })
  })

  t.test('wait for the back-off', async (t) => {
    const { id } = await newJob('early')
    const first = await claimJob(db, id, 30)
    if (first.kind !== 'claimed') throw new Error('it should have been claimed')
    t.equal(await failJob(db, first.claim, { code: 'X', message: 'not now' }, 60_000), 'waiting')
    const early = await claimJob(db, id, 30)
    t.ok(early.kind === 'waits' && early.seconds > 30 && early.seconds <= 60)
  })

  t.test('that nobody follows up are sent again, or fail when their worker died three times', async (t) => {
    const [twice, thrice] = [await newJob('died'), await newJob('died often')]
    await db.pool.query("UPDATE job SET state = 'running', sent_at = now(), attempts = CASE dedupe_key WHEN 'died' THEN 2 ELSE 3 END, lease_until = now() - interval '1 minute' WHERE id = ANY($1::uuid[])", [[twice.id, thrice.id]])
    const lost = await newJob('message lost')
    await db.pool.query("UPDATE job SET sent_at = now() - interval '1 hour', not_before = now() - interval '1 hour' WHERE id = $1", [lost.id])
    const orphan = crypto.randomUUID()
    await db.prisma.upload.create({ data: { id: orphan, source: 'import', relativePath: 'x', sizeBytes: 1, fingerprint: 'x', objectKey: 'x', partSizeBytes: 1, state: 'received' } })
    await db.pool.query("UPDATE upload SET updated_at = now() - interval '1 hour'")
    await findLostJobs({ db, queue })
    await recoverJobs({ db, queue })
    t.match(await db.prisma.job.findUnique({ where: { id: twice.id } }), { state: 'waiting', attempts: 2, sentAt: Date })
    t.match(await db.prisma.job.findUnique({ where: { id: thrice.id } }), { state: 'failed', errorCode: 'WORKER_DIED' })
    t.match(await db.prisma.job.findMany({ where: { uploadId: orphan } }), [{ kind: 'process-upload', sentAt: Date }])
    const messages = await queue.receive({ max: 10, waitSeconds: 0, visibilitySeconds: 30, signal: new AbortController().signal })
    t.ok(messages.some(({ body }) => body.includes(lost.id)) && messages.some(({ body }) => body.includes(twice.id)))
  })

  t.test('whose worker died twice are tried one by one: the one that kills takes no other with it', async (t) => {
    const ids = (await Promise.all(['p', 'q', 'r'].map((name) => newJob(`together ${name}`)))).map(({ id }) => id)
    const die = (attempts: number) => db.pool.query("UPDATE job SET state = 'running', sent_at = now(), not_before = now(), attempts = $2, lease_until = now() - interval '1 minute' WHERE id = ANY($1::uuid[])", [ids, attempts])
    // From the first of them: that one is due at once.
    const due = async () => (await db.pool.query<{ seconds: number }>(`SELECT extract(epoch FROM not_before - min(not_before) OVER ())::float8 AS seconds FROM job
      WHERE id = ANY($1::uuid[]) AND (SELECT min(not_before) <= now() FROM job WHERE id = ANY($1::uuid[])) ORDER BY 1`, [ids])).rows.map(({ seconds }) => seconds)
    await die(1)
    await recoverJobs({ db, queue })
    t.same(await due(), [0, 0, 0], 'once may be anything: all at once')
    await die(2)
    await recoverJobs({ db, queue })
    t.same(await due(), [0, 30, 60])
  })

  t.test('that lapsed with the database away are given back without an attempt lost', async (t) => {
    const { id } = await newJob('lapsed')
    const outcome = await claimJob(db, id, 0)
    if (outcome.kind !== 'claimed') throw new Error('it should have been claimed')
    await db.pool.query("UPDATE job SET lease_until = now() - interval '1 minute' WHERE id = $1", [id])
    await recoverJobs({ db, queue })
    await releaseJob(db, outcome.claim)
    t.match(await db.prisma.job.findUnique({ where: { id } }), { state: 'waiting', attempts: 0 })
    await releaseJob(db, outcome.claim)
    t.match(await db.prisma.job.findUnique({ where: { id } }), { attempts: 0 }, 'and once only')
  })

  t.test('that wear out while one of them is being looked at are not tried a fourth time', async (t) => {
    const [held, lapsing] = [await newJob('held'), await newJob('lapsing')]
    await db.pool.query("UPDATE job SET state = 'running', attempts = 3, lease_until = now() + CASE dedupe_key WHEN 'held' THEN interval '-1 minute' ELSE interval '500 ms' END WHERE id = ANY($1::uuid[])", [[held.id, lapsing.id]])
    let recovering: Promise<number> | undefined
    await db.prisma.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM job WHERE id = ${held.id}::uuid FOR UPDATE`
      recovering = recoverJobs({ db, queue })
      await untilSomeoneWaits(db)
      await until(async () => (await db.pool.query("SELECT FROM job WHERE id = $1 AND lease_until < now() - interval '2 seconds'", [lapsing.id])).rowCount === 1)
    }, { timeout: 60_000 })
    await recovering
    await recoverJobs({ db, queue })
    t.match(await db.prisma.job.findUnique({ where: { id: lapsing.id } }), { state: 'failed', errorCode: 'WORKER_DIED' })
  })

  t.test('of one cause are one job', async (t) => {
    const first = await newJob('once')
    const second = await newJob('once')
    t.equal(first.id, second.id)
    await relayJobs({ db, queue })
    t.equal(await relayJobs({ db, queue }), 0)
  })
})
