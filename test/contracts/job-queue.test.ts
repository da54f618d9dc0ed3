import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import pg from 'pg'
import type { JobQueue, ReceiveOptions } from '../../src/platform/queue/job-queue.ts'
import { PostgresJobQueue } from '../../src/platform/queue/postgres-job-queue.ts'
import { testDatabase } from '../support/database.ts'

/** A fresh queue whose messages die after three receipts; `peer` is the same queue as another process has it. */
interface QueueUnderTest {
  readonly queue: JobQueue
  readonly peer: JobQueue
}

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
    const message = await receiveOne(queue, { visibilitySeconds: 1 })
    t.equal(await queue.hide(message, 30), true)
    t.same(await peer.receive({ ...soon, waitSeconds: 2 }), [])
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
    t.ok(performance.now() - startedAt < 1_000, 'a waiting receiver is woken')
  })

  t.test('wakes a receiver that waits', async (t) => {
    const { queue, peer } = await open(t)
    const waiting = receiveOne(peer, { waitSeconds: 10 })
    await delay(500)
    const startedAt = performance.now()
    await queue.send(['news'])
    t.equal((await waiting).body, 'news')
    t.ok(performance.now() - startedAt < 500, `woken after ${Math.round(performance.now() - startedAt)} ms`)
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

  t.test('delays a message', async (t) => {
    const { queue } = await open(t)
    await queue.send(['later'], { delaySeconds: 1 })
    t.same(await queue.receive(soon), [])
    t.equal((await receiveOne(queue)).body, 'later')
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
    t.ok(depth.oldestSeconds > 0 && depth.oldestSeconds < 10)
  })
}

t.test('PostgresJobQueue', async (t) => {
  const db = await testDatabase(t)
  let queues = 0
  const openNamed = (t: Test, queue: string) => {
    const opened = new PostgresJobQueue({ connectionString: db.url, queue, maxReceives: 3, onError: (error) => t.comment(error.message) })
    t.teardown(() => opened.close())
    return opened
  }
  await jobQueueContract(t, async (t) => {
    const name = `contract_${queues++}`
    return { queue: openNamed(t, name), peer: openNamed(t, name) }
  })

  t.test('listens again after its connection is lost', async (t) => {
    const queue = openNamed(t, 'torn')
    const waiting = receiveOne(queue, { waitSeconds: 15 })
    await delay(300)
    const { rowCount } = await db.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'freshet-queue-listen' AND datname = current_database()")
    t.equal(rowCount, 1)
    await delay(900)
    const startedAt = performance.now()
    await queue.send(['after the break'])
    t.equal((await waiting).body, 'after the break')
    t.ok(performance.now() - startedAt < 400, 'by notification, not by polling')
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
