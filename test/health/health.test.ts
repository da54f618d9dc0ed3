import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createSampleRecorder } from '../../src/health/sample-recorder.ts'
import { forgetOldSamples } from '../../src/health/health-series.ts'
import { bucketOf, latency, percentile } from '../../src/health/histogram.ts'
import type { HealthSeries } from '../../src/health/schemas.ts'
import { storageCost, storagePrice } from '../../src/health/storage-price.ts'
import { testApp } from '../support/app.ts'

t.test('the health page’s figures', async (t) => {
  const app = await testApp(t)
  const [admin, curator] = [await app.user('admin'), await app.user('curator')]
  const machine = { eventLoopDelayMs: 3, cpuPercent: 40, memoryPercent: 91, diskPercent: 20 }
  const instance = (role: 'web' | 'worker', readings = machine) => createSampleRecorder({
    pool: app.db.pool, role, readings: async () => readings, queueCounts: () => app.queue.depth(), onError: (error) => { throw error }
  })
  const series = async (): Promise<HealthSeries> => (await app.as(admin, { method: 'GET', url: '/api/health/series' })).body as HealthSeries
  const figure = ({ figures }: HealthSeries, id: string) => figures.find((each) => each.id === id)

  t.test('say nothing before anything happened', async (t) => {
    const before = await series()
    t.equal(before.figures[0]?.points.length, 288)
    t.match(figure(before, 'latency'), { now: null, over: false, threshold: 500 })
    t.match(before.storage, { kind: 'disk', cost: null })
    t.ok((before.storage.disk?.totalBytes ?? 0) > (before.storage.disk?.usedBytes ?? 0))
  })

  t.test('are summed over instances, and the worst reading stands', async (t) => {
    const [one, two, worker] = [instance('web'), instance('web', { ...machine, cpuPercent: 90 }), instance('worker')]
    for (const web of [one, two]) {
      for (let n = 0; n < 50; n++) {
        web.requestAnswered({ method: 'GET', route: '/api/home', routeClass: 'browse', status: n === 0 ? 500 : 200, seconds: 0.02, shed: false })
        if (n > 0) web.playStarted()
      }
      web.playFailed('network')
    }
    worker.jobEnded({ stages: ['read'], failedStage: null })
    await Promise.all([one, two, worker].map((each) => each.flush()))
    const now = await series()
    t.match(figure(now, 'playErrors'), { now: 2, threshold: 2, over: true }, 'of those that sounded and those that failed')
    t.match(figure(now, 'plays'), { now: 98 })
    t.match(figure(now, 'serverErrors'), { now: 2, over: true })
    t.match(figure(now, 'cpu'), { now: 90, over: true })
    t.match(figure(now, 'workers'), { now: 1 })
    t.match(figure(now, 'webProcesses'), { now: 2 })
    t.ok((figure(now, 'latency')?.now ?? 0) > 10 && (figure(now, 'latency')?.now ?? 0) <= 25)
    t.ok((figure(now, 'database')?.now ?? 0) > 1_000_000)
    const { rows } = await app.db.pool.query('SELECT count(*)::int AS n FROM health_sample')
    t.ok(rows[0].n < 40, 'one row a figure and minute, however many instances')
  })

  t.test('are for those who see metrics', async (t) => {
    t.match(await app.as(curator, { method: 'GET', url: '/api/health/series' }), { status: 403 })
  })

  t.test('are kept for a day and an hour', async (t) => {
    await app.db.pool.query('INSERT INTO health_sample VALUES (now() - interval \'26 hours\', \'plays\', 1), (now() - interval \'24 hours\', \'plays\', 1)')
    await forgetOldSamples(app.db)
    const { rows } = await app.db.pool.query('SELECT count(*)::int AS n FROM health_sample WHERE at < now() - interval \'1 hour\'')
    t.equal(rows[0].n, 1)
  })
})

t.test('a percentile lies within its bucket', async (t) => {
  const counts = new Map<string, number>()
  for (let ms = 1; ms <= 100; ms++) counts.set(bucketOf(latency, ms), (counts.get(bucketOf(latency, ms)) ?? 0) + 1)
  t.equal(percentile(latency, (bucket) => counts.get(bucket) ?? 0, 0.95), 95)
  t.equal(percentile(latency, () => 0, 0.95), null)
  t.equal(percentile(latency, (bucket) => bucket === 'latency.rest' ? 1 : 0, 0.95), 15_000)
})

t.test('storage costs what the price table says', async (t) => {
  const { prices } = JSON.parse(await readFile(join(import.meta.dirname, '../../scripts/capacity/prices.json'), 'utf8'))
  t.same(storagePrice.tiers.map(({ upToGb, price }) => ({ upTo: upToGb === Infinity ? null : upToGb, price })), prices['s3.standardGb'].tiers)
  t.equal(storageCost(100 * 2 ** 30), 2.3)
  t.equal(storageCost(60_000 * 2 ** 30), Math.round((51_200 * 0.023 + 8_800 * 0.022) * 100) / 100)
})
