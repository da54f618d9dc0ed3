import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects } from 'node:v8'
import t, { type Test } from 'tap'
import pg from 'pg'
import type { JobQueue, ReceiveOptions } from '../../src/platform/queue/job-queue.ts'
import { PostgresJobQueue } from '../../src/platform/queue/postgres-job-queue.ts'
import { SqsJobQueue } from '../../src/platform/queue/sqs-job-queue.ts'
import { testDatabase } from '../support/database.ts'
import { type Fault, startFaultProxy } from '../support/fault-proxy.ts'
import { startSqsServer } from '../support/sqs-server.ts'

/** A fresh queue whose messages die after three receipts; `peer` is the same queue as another process has it. */
interface QueueUnderTest {
  readonly queue: JobQueue
  readonly peer: JobQueue
}

const amzJson = { 'content-type': 'application/x-amz-json-1.0' }
const never = new AbortController().signal
const soon: ReceiveOptions = { max: 10, waitSeconds: 0, visibilitySeconds: 30, signal: never }

async function receiveOne (queue: JobQueue, options: Partial<ReceiveOptions> = {}) {
  const [message, ...others] = await queue.receive({ ...soon, max: 1, waitSeconds: 5, ...options })
  if (message === undefined || others.length > 0) throw new Error(`expected one message, got ${message === undefined ? 0 : 1 + others.length}`)
  return message
}

/** What every adapter of the JobQueue port must do. */
async function jobQueueContract (t: Test, open: (t: Test) => Promise<QueueUnderTest>): Promise<void> {
  t.test('hands every message out once while it is hidden, ten at a time', async (t) => {
    const { queue, peer } = await open(t)
    const bodies = Array.from({ length: 23 }, (_, n) => `body ${n}`)
    await queue.send(bodies)
    const batches = await Promise.all([queue, peer, queue, peer].map((q) => q.receive(soon)))
    t.ok(batches.every((batch) => batch.length <= 10))
    const received = batches.flat()
    while (received.length < 23) received.push(...await queue.receive({ ...soon, waitSeconds: 2 }))
    t.same(received.map((m) => m.body).sort(), bodies.sort())
    t.ok(received.every((m) => m.receiveCount === 1))
    t.same(await peer.receive(soon), [])
  })

  t.test('refuses what SQS would refuse', async (t) => {
    const { queue } = await open(t)
    await t.rejects(queue.receive({ ...soon, max: 11 }), { code: 'QUEUE_OPTIONS_INVALID' })
    await t.rejects(queue.receive({ ...soon, waitSeconds: 21 }), { code: 'QUEUE_OPTIONS_INVALID' })
    await t.rejects(queue.send(['x'], { delaySeconds: 901 }), { code: 'QUEUE_OPTIONS_INVALID' })
  })

  t.test('deletes for good', async (t) => {
    const { queue } = await open(t)
    await queue.send(['once'])
    const message = await receiveOne(queue, { visibilitySeconds: 1 })
    t.equal(await queue.delete(message), true)
    await delay(1_200)
    t.same(await queue.receive(soon), [])
  })

  t.test('shows a message again when its time is up, and refuses the old receipt', async (t) => {
    const { queue, peer } = await open(t)
    await queue.send(['work'])
    const first = await receiveOne(queue, { visibilitySeconds: 1 })
    const second = await receiveOne(peer, { waitSeconds: 5 })
    t.equal(second.id, first.id)
    t.equal(second.receiveCount, 2)
    t.equal(await queue.hide(first, 0), false, 'a stale receipt hides nothing')
    t.equal(await queue.delete(first), false, 'and deletes nothing')
    t.same(await queue.receive(soon), [], 'the message is still hidden')
    t.equal(await peer.delete(second), true)
  })

  t.test('keeps a message hidden for as long as the heartbeat asks', async (t) => {
    const { queue, peer } = await open(t)
    await queue.send(['long work'])
    const message = await receiveOne(queue, { visibilitySeconds: 3 })
    t.equal(await queue.hide(message, 30), true)
    t.same(await peer.receive({ ...soon, waitSeconds: 4 }), [])
    t.equal(await queue.delete(message), true)
  })

  t.test('gives a message back at once', async (t) => {
    const { queue, peer } = await open(t)
    await queue.send(['unfinished'])
    const message = await receiveOne(queue)
    const waiting = receiveOne(peer, { waitSeconds: 10 })
    await delay(200)
    const startedAt = performance.now()
    t.equal(await queue.hide(message, 0), true)
    t.equal((await waiting).receiveCount, 2)
    t.ok(performance.now() - startedAt < 5_000, 'a waiting receiver is woken')
  })

  t.test('wakes a receiver that waits', async (t) => {
    const { queue, peer } = await open(t)
    const waiting = receiveOne(peer, { waitSeconds: 10 })
    await delay(500)
    const startedAt = performance.now()
    await queue.send(['news'])
    t.equal((await waiting).body, 'news')
    t.ok(performance.now() - startedAt < 5_000, `woken after ${Math.round(performance.now() - startedAt)} ms`)
  })

  t.test('ends the wait when nothing comes or the signal is aborted', async (t) => {
    const { queue } = await open(t)
    const startedAt = performance.now()
    t.same(await queue.receive({ ...soon, waitSeconds: 1 }), [])
    t.ok(performance.now() - startedAt > 900)
    const stop = new AbortController()
    const waiting = queue.receive({ ...soon, waitSeconds: 20, signal: stop.signal })
    setTimeout(() => stop.abort(), 100)
    t.same(await waiting, [])
    t.ok(performance.now() - startedAt < 5_000)
  })

  t.test('a wait that is over leaves nothing in memory', async (t) => {
    const { queue } = await open(t)
    const { signal } = new AbortController()
    const waits = async (count: number) => { for (let n = 0; n < count; n++) await queue.receive({ ...soon, signal }) }
    await waits(3)
    const before = Number(queryObjects(AbortSignal))
    await waits(30)
    const more = Number(queryObjects(AbortSignal)) - before
    t.ok(more < 15, `${more} more signals after 30 waits`)
  })

  t.test('delays a message', async (t) => {
    const { queue } = await open(t)
    const sentAt = performance.now()
    await queue.send(['much later'], { delaySeconds: 900 })
    await queue.send(['later'], { delaySeconds: 1 })
    t.equal((await receiveOne(queue)).body, 'later')
    t.ok(performance.now() - sentAt > 900, 'not before its time')
    t.same(await queue.receive(soon), [])
  })

  t.test('sets a message aside after three receipts, and others go on', async (t) => {
    const { queue } = await open(t)
    await queue.send(['poison'])
    for (let n = 1; n <= 3; n++) {
      const message = await receiveOne(queue)
      t.equal(message.receiveCount, n)
      await queue.hide(message, 0)
    }
    await queue.send(['sound'])
    t.equal((await receiveOne(queue)).body, 'sound')
    t.match(await queue.depth(), { waiting: 0, inFlight: 1, dead: 1 })
  })

  t.test('says how much there is to do', async (t) => {
    const { queue } = await open(t)
    t.same(await queue.depth(), { waiting: 0, inFlight: 0, dead: 0, oldestSeconds: 0 })
    await queue.send(['a', 'b', 'c'])
    await receiveOne(queue)
    await delay(50)
    const depth = await queue.depth()
    t.match(depth, { waiting: 2, inFlight: 1, dead: 0 })
    t.ok(depth.oldestSeconds !== null && depth.oldestSeconds > 0 && depth.oldestSeconds < 10)
  })
}

t.test('PostgresJobQueue', async (t) => {
  const db = await testDatabase(t)
  let queues = 0
  const openNamed = (t: Test, queue: string) => {
    const opened = new PostgresJobQueue({ address: db.url, queue, maxReceives: 3, onError: (error) => t.comment(error.message) })
    t.teardown(() => opened.close())
    return opened
  }
  await jobQueueContract(t, async (t) => {
    const name = `contract_${queues++}`
    return { queue: openNamed(t, name), peer: openNamed(t, name) }
  })

  t.test('listens again after its connection is lost', async (t) => {
    const queue = openNamed(t, 'torn')
    const waiting = receiveOne(queue, { waitSeconds: 20 })
    const listens = "FROM pg_stat_activity WHERE application_name = 'freshet-queue-listen' AND query LIKE 'LISTEN%' AND state = 'idle' AND datname = current_database()"
    while ((await db.pool.query(`SELECT ${listens}`)).rowCount === 0) await delay(10)
    const { rowCount } = await db.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'freshet-queue-listen' AND datname = current_database()")
    t.equal(rowCount, 1)
    await delay(900)
    const startedAt = performance.now()
    await queue.send(['after the break'])
    t.equal((await waiting).body, 'after the break')
    t.ok(performance.now() - startedAt < 5_000, 'by notification, not at the end of its wait')
  })

  t.test('goes by the clock of the database', async (t) => {
    const queue = openNamed(t, 'clock')
    await queue.send(['x'])
    const message = await receiveOne(queue, { visibilitySeconds: 60 })
    const client = new pg.Client({ connectionString: db.url })
    await client.connect()
    const { rows } = await client.query('SELECT extract(epoch FROM visible_at - now())::float8 AS left FROM queue_message WHERE id = $1', [message.id])
    await client.end()
    t.ok(rows[0].left > 55 && rows[0].left <= 60)
  })
})

t.test('SqsJobQueue', async (t) => {
  const server = await startSqsServer(t)
  let queues = 0
  const openAt = (t: Test, place: { readonly url: string, readonly deadLetterUrl: string }, endpoint = server.endpoint) => {
    const opened = new SqsJobQueue({ ...server, ...place, endpoint })
    t.teardown(() => opened.close())
    return opened
  }
  await jobQueueContract(t, async (t) => {
    const place = server.queues(`contract-${queues++}`)
    return { queue: openAt(t, place), peer: openAt(t, place) }
  })

  t.test('counts as late only what can be', async (t) => {
    const place = server.queues('ages')
    const [queue, onlooker] = [openAt(t, place), openAt(t, place)]
    await queue.send(['a'])
    t.match(await onlooker.depth(), { waiting: 1, oldestSeconds: null }, 'who receives nothing knows nothing')
    await queue.delete(await receiveOne(queue))
    t.match(await onlooker.depth(), { waiting: 0, oldestSeconds: 0 })
    await delay(1_500)
    // By the queue's own clock: it counts whole milliseconds, and may say one more than have passed.
    const lookedAt = Date.now()
    t.same(await queue.receive({ ...soon, waitSeconds: 1 }), [])
    await queue.send(['b'])
    const { oldestSeconds } = await queue.depth()
    t.ok(oldestSeconds !== null && oldestSeconds <= (Date.now() - lookedAt) / 1_000, `the queue was empty a moment ago: ${oldestSeconds}`)
  })

  t.test('refuses a queue that would not do, and says which setting names it', async (t) => {
    const good = server.queues('good')
    await openAt(t, good).check()
    const faults: Array<readonly [string, { readonly url: string, readonly deadLetterUrl: string }, RegExp]> = [
      ['no queue', { ...good, url: `${good.url}-absent` }, /^SQS_QUEUE_URL names a queue that does not exist/],
      ['no dead letters', { ...good, deadLetterUrl: `${good.url}-absent` }, /^SQS_DEAD_LETTER_QUEUE_URL names a queue that does not exist/],
      ['no redrive policy', { ...server.queues('endless', { maxReceives: null }) }, /^SQS_QUEUE_URL: the queue has no redrive policy/],
      ['another dead-letter queue', { ...good, deadLetterUrl: server.queues('other').deadLetterUrl }, /^SQS_DEAD_LETTER_QUEUE_URL is arn.*but the redrive policy of SQS_QUEUE_URL leads to arn/],
      ['one receipt', server.queues('hasty', { maxReceives: 1 }), /^SQS_QUEUE_URL: the redrive policy gives up after 1 receipts/]
    ]
    for (const [name, place, message] of faults) await t.rejects(openAt(t, place).check(), { code: 'QUEUE_UNUSABLE', message }, name)
    await t.rejects(openAt(t, good, 'http://127.0.0.1:1').check(), { code: 'QUEUE_UNUSABLE', message: /^SQS_QUEUE_URL: the queue can't be reached .*SQS_ENDPOINT/ })
    const proxy = await startFaultProxy(t, server.endpoint)
    proxy.decide(() => ({ kind: 'answer', status: 403, body: '{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"not you"}', headers: amzJson }))
    await t.rejects(openAt(t, good, proxy.endpoint).check(), { code: 'QUEUE_UNUSABLE', message: /may not read the queue's attributes .*allow sqs:GetQueueAttributes/ })
  })

  t.test('sends again what SQS did not take, and nothing twice', async (t) => {
    const place = server.queues('partial')
    const proxy = await startFaultProxy(t, server.endpoint)
    const queue = openAt(t, place, proxy.endpoint)
    const md5 = createHash('md5').update('first').digest('hex')
    const answers = [
      { Successful: [{ Id: '0', MessageId: 'x', MD5OfMessageBody: md5 }], Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }, { Id: '2', Code: 'ThrottlingException', SenderFault: false }] },
      undefined
    ]
    proxy.decide(() => {
      const answer = answers.shift()
      return answer === undefined ? undefined : { kind: 'answer', status: 200, body: JSON.stringify(answer), headers: amzJson }
    })
    await queue.send(['first', 'second', 'third'])
    t.same((await openAt(t, place).receive(soon)).map((m) => m.body).sort(), ['second', 'third'])
    proxy.decide(() => ({ kind: 'answer', status: 200, body: JSON.stringify({ Failed: [{ Id: '0', Code: 'InvalidMessageContents', Message: 'no', SenderFault: true }] }), headers: amzJson }))
    await t.rejects(queue.send(['bad']), { code: 'QUEUE_SEND_FAILED', message: /1 of 1 .*InvalidMessageContents/ })
  })

  t.test('waits and tries again when it is throttled or the service fails', async (t) => {
    const place = server.queues('throttled')
    const proxy = await startFaultProxy(t, server.endpoint)
    const queue = openAt(t, place, proxy.endpoint)
    const faults: Array<Fault | undefined> = [
      { kind: 'answer', status: 400, body: '{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slower"}', headers: amzJson },
      { kind: 'answer', status: 503, body: '{}', headers: amzJson },
      { kind: 'torn', afterBytes: 10 }
    ]
    proxy.decide(() => faults.shift())
    await queue.send(['through'])
    const message = await receiveOne(openAt(t, place))
    t.equal(message.body, 'through')
    t.ok(proxy.requests() >= 4)
  })

  t.test('gives back what arrives after nobody waits any more', async (t) => {
    const place = server.queues('late')
    const proxy = await startFaultProxy(t, server.endpoint)
    const [queue, direct] = [openAt(t, place, proxy.endpoint), openAt(t, place)]
    const answered = Promise.withResolvers<void>()
    proxy.decide((request) => String(request.headers['x-amz-target']).endsWith('ReceiveMessage') ? { kind: 'waits', answerFor: answered.promise } : undefined)
    const stop = new AbortController()
    const waiting = queue.receive({ ...soon, waitSeconds: 10, signal: stop.signal })
    await direct.send(['on its way'])
    while ((await direct.depth()).inFlight === 0) await delay(10)
    stop.abort()
    t.same(await waiting, [])
    answered.resolve()
    t.equal((await receiveOne(direct, { waitSeconds: 15 })).receiveCount, 2, 'long before its 30 s are over')
  })

  t.test('splits what is too much for one request', async (t) => {
    const place = server.queues('large')
    const queue = openAt(t, place)
    await queue.send(Array.from({ length: 7 }, (_, n) => String(n).repeat(100_000)))
    t.match(await queue.depth(), { waiting: 7 })
  })
})
