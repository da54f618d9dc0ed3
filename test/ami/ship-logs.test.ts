import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startAwsJson } from '../../ami/doubles/aws-json.ts'
import { batchLimits, createLogBatch } from '../../src/platform/logs/log-batch.ts'
import { toLogEvent } from '../../src/platform/logs/log-event.ts'
import { openLogStream } from '../../src/platform/logs/log-stream.ts'
import { shipJournal } from '../../src/platform/logs/ship-journal.ts'

const web = 'freshet-web.service'
const place = { group: '/freshet/test/web', stream: 'i-1' }

interface Line { readonly unit: string, readonly message: string, readonly priority?: number, readonly at?: number }

/** Speaks as journalctl does, from a file that may grow: this machine's own journal is no business of a test. */
async function journal (t: Test) {
  const dir = t.testdir()
  const file = join(dir, 'journal')
  const program = join(dir, 'journalctl')
  await writeFile(file, '')
  await writeFile(program, `#!/bin/bash
after=0; follow=
for word; do case $word in --after-cursor=*) after=\${word#*=};; --follow) follow=-F;; esac; done
exec tail -q -n +$((after + 1)) $follow ${file}
`)
  await chmod(program, 0o755)
  let count = 0
  return {
    command: [program] as const,
    cursorFile: join(dir, 'cursor'),
    async write (lines: readonly Line[]) {
      const entries = lines.map(({ unit, message, priority = 6, at = Date.now() }) => JSON.stringify({ __CURSOR: String(++count), __REALTIME_TIMESTAMP: `${at}000`, _SYSTEMD_UNIT: unit, PRIORITY: String(priority), MESSAGE: message }))
      await writeFile(file, `${entries.join('\n')}\n`, { flag: 'a' })
    }
  }
}

async function setUp (t: Test) {
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' })
  const aws = await startAwsJson({ groups: [place.group] })
  t.teardown(aws.stop)
  const retries: string[] = []
  const stream = openLogStream({ ...place, region: 'us-east-1', endpoint: aws.url, firstWaitMs: 5, onRetry: ({ name }) => { retries.push(name) } })
  t.teardown(stream.close)
  const source = await journal(t)
  const refused: number[] = []
  return {
    aws,
    source,
    retries,
    refused,
    messages: () => (aws.logs.get(`${place.group}:${place.stream}`) ?? []).map(({ message }) => message),
    start ({ lastWordsMs = 20_000 } = {}) {
      const stop = new AbortController()
      const running = shipJournal({ stream, cursorFile: source.cursorFile, flushMs: 20, lastWordsMs, signal: stop.signal, onRefused: (count) => { refused.push(count) }, journal: source.command })
      return async () => { stop.abort(); await running }
    }
  }
}

async function until (condition: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 30_000; !condition();) {
    if (performance.now() > deadline) throw new Error('it did not come to pass within 30 s')
    await sleep(10)
  }
}

t.test('The journal reaches CloudWatch Logs', async (t) => {
  t.test('line by line, and what comes later too', async (t) => {
    const { source, start, messages } = await setUp(t)
    await source.write([{ unit: web, message: '{"msg":"one"}' }])
    const stop = start()
    await until(() => messages().length === 1)
    await source.write([{ unit: web, message: '{"msg":"two"}' }])
    await until(() => messages().length === 2)
    await stop()
    t.same(messages(), ['{"msg":"one"}', '{"msg":"two"}'])
  })

  t.test('nothing is lost or doubled over a restart', async (t) => {
    const { source, start, messages } = await setUp(t)
    for (let round = 0; round < 3; round++) {
      await source.write([{ unit: web, message: `{"round":${round},"part":1}` }])
      const stop = start()
      await until(() => messages().length === 2 * round + 1)
      await source.write([{ unit: web, message: `{"round":${round},"part":2}` }])
      // What is there when it is told to stop is sent still.
      await stop()
      t.equal(messages().length, 2 * round + 2)
    }
    t.equal(new Set(messages()).size, 6)
    t.equal((await readFile(source.cursorFile, 'utf8')).trim(), '6')
  })

  t.test('while CloudWatch Logs fails, it waits, and keeps the order', async (t) => {
    const { aws, source, start, messages, retries } = await setUp(t)
    aws.failNext(4, 'ThrottlingException')
    await source.write(Array.from({ length: 50 }, (_, index) => ({ unit: web, message: `{"n":${index}}` })))
    const stop = start()
    await until(() => messages().length === 50)
    await stop()
    t.same(messages(), Array.from({ length: 50 }, (_, index) => `{"n":${index}}`))
    t.same(retries, Array(4).fill('ThrottlingException'))
  })

  t.test('a fault that lasts until the end leaves the cursor where it was', async (t) => {
    const { aws, source, start, messages } = await setUp(t)
    await source.write([{ unit: web, message: '{"msg":"kept"}' }])
    aws.failNext(1_000, 'ServiceUnavailableException', 503)
    const stop = start({ lastWordsMs: 1_000 })
    await sleep(100)
    await t.rejects(stop(), /no time left|aborted|timeout/i)
    await t.rejects(readFile(source.cursorFile), { code: 'ENOENT' })
    aws.failNext(0, '')
    const stopAgain = start()
    await until(() => messages().length === 1)
    await stopAgain()
  })

  t.test('thousands of lines go in batches within the limits, oldest first', async (t) => {
    const { aws, source, start, messages } = await setUp(t)
    const now = Date.now()
    const long = 'x'.repeat(2_000)
    await source.write(Array.from({ length: 2_000 }, (_, index) => ({ unit: web, message: `{"n":${index},"long":"${long}"}`, at: now + (index % 7) })))
    const stop = start()
    await until(() => messages().length === 2_000)
    await stop()
    // The double refuses whatever CloudWatch Logs would refuse.
    t.ok(aws.batches.length >= 4)
    t.equal(new Set(messages()).size, 2_000)
  })
})

t.test('A batch takes no more than the service does', (t) => {
  const full = createLogBatch()
  const taken = Array.from({ length: batchLimits.events }, () => full.add({ timestamp: 1, message: 'a' }))
  t.ok(taken.every(Boolean))
  t.notOk(full.add({ timestamp: 1, message: 'a' }), 'not an event more')
  const days = createLogBatch()
  days.add({ timestamp: 0, message: 'a' })
  t.notOk(days.add({ timestamp: batchLimits.spanMs, message: 'a' }), 'not a day more')
  const heavy = createLogBatch()
  for (let index = 0; index < 4; index++) heavy.add({ timestamp: 4 - index, message: 'é'.repeat(131_000) })
  t.notOk(heavy.add({ timestamp: 1, message: 'é'.repeat(131_000) }), 'not a byte more')
  t.same(heavy.events().map(({ timestamp }) => timestamp), [1, 2, 3, 4])
  const long = createLogBatch()
  t.ok(long.add({ timestamp: 1, message: 'é'.repeat(400_000) }))
  t.ok(Buffer.byteLength(long.events()[0]?.message ?? '') <= 262_144 - 26, 'and cuts a line that nobody would take')
  t.end()
})

t.test('Of the journal', (t) => {
  const entry = { cursor: '1', timestampMs: 0, priority: 6, unit: web, message: '{"_aws":{"Timestamp":1}}' }
  t.same(toLogEvent(entry), { timestamp: 0, message: entry.message }, 'metrics go as they are')
  t.equal(toLogEvent({ ...entry, unit: 'freshet-logs.service', priority: 3 }), undefined, 'the shipper’s own words stay')
  t.equal(toLogEvent({ ...entry, unit: 'dbus.service', message: 'hello' }), undefined, 'chatter of others stays')
  t.match(toLogEvent({ ...entry, unit: undefined, priority: 2, message: 'Out of memory' })?.message, '"level":"error"', 'what the kernel warns of goes')
  t.match(toLogEvent({ ...entry, unit: 'freshet-settings.service', message: 'i-1 is a web instance' })?.message, '"msg":"i-1 is a web instance"', 'our units’ words go, as JSON')
  t.equal(toLogEvent({ ...entry, message: ' ' }), undefined, 'an empty line stays')
  t.end()
})
