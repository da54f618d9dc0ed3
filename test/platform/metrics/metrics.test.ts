import { tmpdir } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import t from 'tap'
import { type Distribution, emfLine, ValueCounts } from '../../../src/platform/metrics/emf.ts'
import { emfMetrics, type EmfOptions } from '../../../src/platform/metrics/emf-metrics.ts'
import type { AnsweredRequest } from '../../../src/platform/metrics/metric-events.ts'
import { openMetrics } from '../../../src/platform/metrics/process-metrics.ts'
import { openReadings } from '../../../src/platform/metrics/readings.ts'
import { alsoSendEvents, receiveEvent } from '../../../src/platform/metrics/worker-messages.ts'

type Line = Record<string, unknown> & { _aws: { Timestamp: number, CloudWatchMetrics: Array<{ Namespace: string, Dimensions: string[][], Metrics: Array<{ Name: string, Unit: string }> }> } }

const queue = { waiting: 3, inFlight: 1, dead: 2, oldestSeconds: 12.345 }
const readings = { eventLoopDelayMs: 1.234, cpuPercent: 50, memoryPercent: 40, diskPercent: 30 }
const answered: AnsweredRequest = { method: 'GET', route: '/api/search', routeClass: 'search', status: 200, seconds: 0.02, shed: false }

function written (options: Partial<EmfOptions> = {}) {
  const text: string[] = []
  const faults: unknown[] = []
  const metrics = emfMetrics({
    stage: 'test', role: 'web', write: (line) => text.push(line), readings: async () => readings, queueCounts: async () => queue, onError: (error) => faults.push(error), ...options
  })
  const lines = () => text.splice(0).map((line) => JSON.parse(line) as Line)
  return { metrics, faults, lines }
}

const named = (lines: Line[], name: string) => lines.filter((line) => name in line)
/** As CloudWatch reads it: whatever is announced is there, as a number or a distribution, with a value for each dimension. */
function mustBeReadable (line: Line): void {
  for (const { Namespace, Dimensions, Metrics } of line._aws.CloudWatchMetrics) {
    t.equal(Namespace, 'Freshet')
    t.ok(Dimensions.length > 0 && Dimensions.every((set) => set.every((name) => typeof line[name] === 'string' && line[name] !== '')))
    t.ok(Metrics.length > 0 && Metrics.length <= 100)
    for (const { Name, Unit } of Metrics) {
      t.match(Unit, /^(Count|Milliseconds|Seconds|Percent)$/)
      const value = line[Name] as number | Distribution
      if (typeof value === 'number') t.ok(Number.isFinite(value), `${Name}: ${value}`)
      else t.ok(value.Values.length > 0 && value.Values.length <= 100 && value.Values.length === value.Counts.length, Name)
    }
  }
}

t.test('a line says what it holds, as CloudWatch wants to read it', async (t) => {
  const line = JSON.parse(emfLine(5, { Stage: 's', Role: 'web' }, [{ dimensionSets: [['Stage'], ['Stage', 'Role']], metrics: [{ name: 'Requests', unit: 'Count', value: 7 }] }])) as Line
  t.strictSame(line, {
    _aws: { Timestamp: 5, CloudWatchMetrics: [{ Namespace: 'Freshet', Dimensions: [['Stage'], ['Stage', 'Role']], Metrics: [{ Name: 'Requests', Unit: 'Count' }] }] },
    Stage: 's',
    Role: 'web',
    Requests: 7
  })
})

t.test('percentiles of what was collected are right to five percent, however many values there were', async (t) => {
  const values = new ValueCounts()
  t.strictSame(values.distributions(), [])
  const given = Array.from({ length: 50_000 }, (_, i) => 0.01 * 1.0003 ** i)
  for (const value of given) values.add(value)
  values.add(0)
  const portions = values.distributions()
  t.ok(portions.length > 1 && portions.every(({ Values }) => Values.length <= 100), 'never more than a hundred at once')
  t.equal(portions.reduce((sum, { Count }) => sum + Count, 0), given.length + 1)
  const all = portions.flatMap(({ Values, Counts }) => Values.flatMap((value, i) => Array<number>(Counts[i] ?? 0).fill(value)))
  for (const share of [0.5, 0.95, 0.99]) {
    const [found, wanted] = [all[Math.floor(all.length * share)] ?? 0, given[Math.floor(given.length * share)] ?? 0]
    t.ok(Math.abs(found / wanted - 1) < 0.06, `p${share * 100}: ${found} for ${wanted}`)
  }
  for (const { Values, Counts, Min, Max, Sum } of portions) {
    t.same([Min, Max], [Values[0], Values.at(-1)])
    t.ok(Math.abs(Sum - Values.reduce((sum, value, i) => sum + value * (Counts[i] ?? 0), 0)) < 1e-3)
  }
})

t.test('a web process writes what it saw since the last time, and zeros for what it did not', async (t) => {
  const { metrics, lines } = written()
  for (let n = 0; n < 9; n++) metrics.requestAnswered(answered)
  metrics.requestAnswered({ ...answered, status: 500, routeClass: 'browse', seconds: 1 })
  metrics.requestAnswered({ ...answered, status: 503, shed: true })
  metrics.requestAnswered({ ...answered, status: 503, routeClass: null })
  metrics.signInRefused('password')
  metrics.playStarted()
  metrics.playFailed('undecodable')
  metrics.soundStarted({ sound: 'engine', prepared: false, seconds: 0.04 })
  metrics.soundStarted({ sound: 'engine', prepared: true, seconds: 0.01 })
  metrics.soundStalled({ count: 2, seconds: 3.5 })
  await metrics.flush()
  const first = lines()
  first.forEach(mustBeReadable)
  const [base] = named(first, 'ShedPercent')
  t.match(base, {
    Stage: 'test',
    Role: 'web',
    Requests: 11,
    RequestsShed: 1,
    ServerErrors: 1,
    SignInsRefused: 1,
    PlaysStarted: 1,
    PlayErrors: 1,
    PlayStalls: 2,
    PlayStalledSeconds: 3.5,
    EventLoopDelayMs: 1.23,
    CpuPercent: 50,
    MemoryPercent: 40,
    DiskPercent: 30,
    QueueWaiting: 3,
    QueueInFlight: 1,
    QueueDead: 2,
    QueueOldestSeconds: 12.35
  })
  t.ok(Math.abs(Number(base?.ShedPercent) - 100 / 11) < 1e-9)
  const search = named(first, 'RequestMs').find(({ RouteClass }) => RouteClass === 'search')
  t.match(search, { RequestMs: { Counts: [9], Values: [Number] } }, 'what was turned away has no latency')
  t.same(search?._aws.CloudWatchMetrics[0]?.Dimensions, [['Stage'], ['Stage', 'Role'], ['Stage', 'Role', 'RouteClass']])
  const split = (name: string, dimension: string) => named(first, name).filter((line) => dimension in line).map((line) => [line[dimension], line[name], line._aws.CloudWatchMetrics[0]?.Dimensions])
  t.same(split('PlayErrors', 'Reason'), [['undecodable', 1, [['Stage', 'Role', 'Reason']]]], 'nothing is counted twice in the sum')
  t.same(named(first, 'PlayStartMs').map((line) => line.Sound), ['engine', 'engine-prepared'], 'what was fetched beforehand starts sooner, and is no proof of speed')
  t.same(split('Requests', 'RouteClass').map(([name, count]) => [name, count]), [['search', 10], ['browse', 1]])

  await metrics.flush()
  const second = lines()
  t.equal(second.length, 1)
  t.match(second[0], { PlayStalls: 0, PlayStalledSeconds: 0, Requests: 0, ShedPercent: 0, ServerErrors: 0 })
  t.notOk(second[0] !== undefined && 'QueueWaiting' in second[0], 'the queue is asked once a minute')
})

t.test('a worker writes its jobs, by processor and in total', async (t) => {
  const { metrics, lines } = written({ role: 'worker' })
  metrics.jobEnded({ stages: ['fetch', 'read', 'renditions'], failedStage: null })
  metrics.jobEnded({ stages: ['fetch'], failedStage: 'read' })
  metrics.trackPublished(30)
  await metrics.stop()
  const all = lines()
  all.forEach(mustBeReadable)
  const [base] = named(all, 'JobsFailedPercent')
  t.match(base, { JobsDone: 1, JobsFailed: 1, JobsFailedPercent: 50, CpuPercent: 50 })
  t.notOk(base !== undefined && 'Requests' in base, 'it answers none')
  const byProcessor = all.filter((line) => 'Processor' in line).map(({ Processor, JobsDone, JobsFailed }) => [Processor, JobsDone, JobsFailed])
  t.same(byProcessor, [['fetch', 2, undefined], ['read', 1, 1], ['renditions', 1, undefined]])
  t.match(named(all, 'SecondsToPublish'), [{ SecondsToPublish: { Count: 1 } }])
})

t.test('what can’t be read is left out and told, and the rest is written', async (t) => {
  const away = () => Promise.reject(new Error('away'))
  const { metrics, lines, faults } = written({ queueCounts: away, readings: away })
  metrics.playStarted()
  await metrics.flush()
  const [line] = lines()
  t.match(line, { PlaysStarted: 1 })
  t.notOk(line !== undefined && ('QueueWaiting' in line || 'CpuPercent' in line))
  t.equal(faults.length, 2)
  const silent = written({ queueCounts: async () => ({ ...queue, oldestSeconds: null }) })
  await silent.metrics.flush()
  t.notOk(silent.lines().some((one) => 'QueueOldestSeconds' in one), 'an age that nobody knows is no age')
})

t.test('the machine is read as it is', async (t) => {
  const source = openReadings(tmpdir())
  const since = monitorEventLoopDelay({ resolution: 10 })
  since.enable()
  await new Promise((resolve) => setTimeout(resolve, 30))
  const until = performance.now() + 300
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 30))
  // A busy machine may hold the loop up by itself: this one counts from the reading on, as the next reading does.
  since.reset()
  const busy = await source.read()
  t.ok(busy.eventLoopDelayMs > 200, `${busy.eventLoopDelayMs} ms`)
  for (const percent of [busy.cpuPercent, busy.memoryPercent, busy.diskPercent]) t.ok(percent > 0 && percent <= 100, String(percent))
  await new Promise((resolve) => setTimeout(resolve, 200))
  const { eventLoopDelayMs } = await source.read()
  since.disable()
  t.ok(eventLoopDelayMs < Math.max(150, since.max / 1e6), `each reading begins anew: ${eventLoopDelayMs} ms, ${since.max / 1e6} ms at most since then`)
  source.close()
  await t.rejects(openReadings('/nowhere/at/all').read(), { code: 'ENOENT' })
})

t.test('Prometheus reads the same, the worker’s jobs too', async (t) => {
  const text: string[] = []
  const metrics = openMetrics({ stage: 'test', role: 'all', dataDir: tmpdir(), emf: true, write: (line) => text.push(line), queueCounts: async () => queue, onError: (error) => t.fail(String(error)) })
  const messages: object[] = []
  const child = alsoSendEvents({ jobEnded: () => {}, trackPublished: () => {} }, (message) => messages.push(message))
  child.jobEnded({ stages: ['fetch'], failedStage: 'read' })
  child.trackPublished(8)
  for (const message of [...messages, null, 'x', { event: 'jobEnded' }, { event: 'other' }]) receiveEvent(JSON.parse(JSON.stringify(message)), metrics.childEvents)
  metrics.events.requestAnswered({ ...answered, status: 502 })
  metrics.events.requestAnswered({ ...answered, status: 503, shed: true })
  metrics.events.playFailed('gave-up')
  metrics.events.soundStarted({ sound: 'base', prepared: false, seconds: 0.2 })
  metrics.events.soundStalled({ count: 2, seconds: 3.5 })
  const scraped = await metrics.text()
  for (const line of [
    'freshet_jobs_total{outcome="failed"} 1', 'freshet_job_processors_total{processor="fetch",outcome="done"} 1', 'freshet_job_processors_total{processor="read",outcome="failed"} 1',
    'freshet_publish_seconds_count 1', 'freshet_server_errors_total 1', 'freshet_http_requests_shed_total 1', 'freshet_play_errors_total{reason="gave-up"} 1',
    'freshet_play_start_seconds_bucket{le="0.25",sound="base",prepared="no"} 1', 'freshet_play_stalls_total 2', 'freshet_play_stalled_seconds_total 3.5',
    'freshet_queue_messages{state="dead"} 2', 'freshet_queue_oldest_seconds 12.345'
  ]) t.ok(scraped.split('\n').includes(line), line)
  t.match(scraped, /freshet_disk_percent [1-9]/)
  t.match(scraped, /freshet_memory_percent [1-9]/)
  await metrics.close()
  t.ok(text.some((line) => line.includes('"PlayErrors":1')), 'the last figures are written at the end')
  t.notOk(text.some((line) => /SecondsToPublish|Processor/.test(line)), 'but not the worker’s, which writes its own')
})
