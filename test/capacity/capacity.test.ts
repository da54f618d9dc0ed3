import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseCapacityArguments } from '../../scripts/capacity/arguments.ts'
import { type Assumptions, assumptions } from '../../scripts/capacity/assumptions.ts'
import { baselineIops } from '../../scripts/capacity/database.ts'
import { instancesFor } from '../../scripts/capacity/fleets.ts'
import { growthOf } from '../../scripts/capacity/growth.ts'
import { installedAs } from '../../scripts/capacity/installed.ts'
import { databaseClasses, defaultMaxConnections, instanceType } from '../../scripts/capacity/instance-types.ts'
import { measuredCostsFile, readMeasuredCosts, routeClasses, staleMeasurements } from '../../scripts/capacity/measured-costs.ts'
import { type Basis, type Plan, planFor } from '../../scripts/capacity/plan.ts'
import { readPriceTable, tieredCost } from '../../scripts/capacity/price-table.ts'
import { firstThreadRanUs, ranUs, threadTimes } from '../../scripts/capacity/processor-time.ts'
import { requestClasses } from '../../scripts/capacity/request-classes.ts'
import { bytes, figure, table } from '../../scripts/capacity/report.ts'
import { inventCatalogue } from '../support/synthetic-catalogue.ts'

const prices = readPriceTable()
const measured = readMeasuredCosts()
const basis: Basis = { measured, prices, installed: installedAs('production') }
const assume = (...args: string[]): Assumptions => {
  const [first] = parseCapacityArguments(args).assumptions
  if (first === undefined) throw new Error('no assumptions')
  return first
}
const plan = (...args: string[]) => planFor(assume(...args), { ...basis, installed: parseCapacityArguments(args).installed })
const delivery = ({ costs }: Plan) => costs.filter(({ item }) => item.startsWith('delivery')).reduce((sum, { dollars }) => sum + dollars, 0)
const near = (t: Test, message: string, found: number, [wanted, share]: readonly [number, number]) =>
  t.ok(Math.abs(found - wanted) <= wanted * share, `${message}: ${found} is within ${share * 100} % of ${wanted}`)

t.test('the figures worked out by hand come out of it', async (t) => {
  const worked = [
    { listeners: '1e3', terabytes: 1.125, dollars: 11, perSecond: 2.35 },
    { listeners: '1e5', terabytes: 112.5, dollars: 8_200, perSecond: 235 },
    { listeners: '1e7', terabytes: 11_250, dollars: 298_000, perSecond: 23_500 }
  ]
  for (const { listeners, terabytes, dollars, perSecond } of worked) {
    const planned = plan('--listeners', listeners)
    near(t, `${listeners} listeners, TB`, planned.demand.mediaBytes / 1e9 / 1_024, [terabytes, 0.001])
    near(t, `${listeners} listeners, requests a second`, planned.demand.peakRequestsPerSecond, [perSecond, 0.01])
    near(t, `${listeners} listeners, dollars of delivery`, delivery(planned), [dollars, 0.05])
  }
})

t.test('a tiered price charges each part at the price of its tier', async (t) => {
  const tiers = [{ upTo: 10, price: 3 }, { upTo: 20, price: 2 }, { upTo: null, price: 1 }]
  const costs = [[0, 0], [-1, 0], [1, 3], [10, 30], [10.5, 31], [20, 50], [21, 51], [100, 130]] as const
  for (const [amount, cost] of costs) t.equal(tieredCost(tiers, amount), cost, `${amount}`)
})

t.test('instances are whole, one more than needed, and one a zone at least', async (t) => {
  const cases = [[0, 3, 3], [0.1, 3, 3], [2, 3, 3], [2.0001, 3, 3], [2.1, 3, 4], [3, 3, 4], [3.2, 3, 5], [0, 1, 1], [0.5, 1, 2]] as const
  for (const [needed, zones, instances] of cases) t.equal(instancesFor(needed, zones), instances, `${needed} in ${zones} zones`)
})

t.test('nobody listening still needs a fleet, a database and a bill without infinities', async (t) => {
  const nobody = plan('--listeners', '0')
  t.equal(nobody.demand.peakRequestsPerSecond, 0)
  t.equal(nobody.web.atPeak, 9, 'one in each of three zones of three regions')
  t.equal(delivery(nobody), 0)
  t.ok(nobody.database.fits)
  t.ok(nobody.costs.every(({ dollars }) => Number.isFinite(dollars) && dollars >= 0))
})

t.test('more listeners never need or cost less', async (t) => {
  const plans = Array.from({ length: 21 }, (_, step) => plan('--listeners', String(1_000 * 2 ** step)))
  const measures: Record<string, (plan: Plan) => number> = {
    dollars: ({ totalDollars }) => totalDollars,
    web: ({ web }) => web.atPeak,
    'database memory wanted': ({ database }) => database.hotGiB,
    volume: ({ database }) => database.storageGiB,
    connections: ({ database }) => database.connections,
    IOPS: ({ database }) => database.iops
  }
  for (const [name, measure] of Object.entries(measures)) {
    t.ok(plans.every((planned, index) => index === 0 || measure(planned) >= measure(plans[index - 1] ?? planned)), name)
  }
})

t.test('a database is chosen that carries the peak, and it is said when none does', async (t) => {
  const few = plan('--listeners', '1000')
  t.equal(few.database.replicas, 2, 'each other region has its own')
  const many = plan('--listeners', '1e7', '--regions', '1')
  const spare = many.database.class.vcpus * assumptions.databaseCpuPercent.fallback / 100
  t.ok(many.database.fits && many.database.writerCores <= spare)
  const tooMany = plan('--listeners', '1e9')
  t.notOk(tooMany.database.fits)
  t.equal(tooMany.database.class.name, 'db.r7g.16xlarge', 'the largest stands in for it')
  t.equal(plan('--listeners', '1000', '--regions', '1').database.replicas, 0)
})

t.test('limits of the database’s classes and volumes', async (t) => {
  t.equal(defaultMaxConnections(instanceType('db.r7g.large')), 1_802)
  t.equal(defaultMaxConnections(instanceType('db.r7g.16xlarge')), 5_000, 'no class has more')
  t.same([20, 399, 400, 1_000].map(baselineIops), [3_000, 3_000, 12_000, 12_000])
  t.ok(databaseClasses(prices).length > 5)
  t.notOk(databaseClasses(prices).some(({ name }) => name.startsWith('db.t')), 'burstable classes carry no peak')
})

t.test('what is assumed can be changed, and changes what it should', async (t) => {
  const base = plan('--listeners', '1e6')
  t.ok(delivery(plan('--listeners', '1e6', '--bitrate', '256')) > delivery(base) * 1.5)
  t.ok(delivery(plan('--listeners', '1e6', '--asia-pacific-percent', '50')) > delivery(base))
  near(t, 'peak', plan('--listeners', '1e6', '--peak-factor', '6').demand.peakRequestsPerSecond, [base.demand.peakRequestsPerSecond * 2, 1e-9])
  t.ok(plan('--listeners', '1e6', '--history-months', '1').database.storageGiB < base.database.storageGiB / 4)
  t.ok(plan('--listeners', '1e6', '--core-ratio', '0.5').web.atPeak > base.web.atPeak)
  t.ok(plan('--listeners', '1e6', '--mix', 'play=0').database.writerCores < base.database.writerCores)
  t.ok(plan('--tracks', '1e6').stored.originalsGb > base.stored.originalsGb * 9)
})

t.test('growth is 64 times in three years, and tells which limit comes first', async (t) => {
  const { plans, limits } = growthOf(assume('--listeners', '1e5'), basis)
  t.same(plans.map(({ month }) => month), [0, 6, 12, 18, 24, 30, 36])
  t.equal(plans.at(-1)?.plan.listeners, 64 * 1e5)
  const months = limits.flatMap(({ month }) => month === undefined ? [] : [month])
  t.same(months, months.toSorted((a, b) => a - b))
  for (const name of ['database class', 'single writer', 'connections', 'search index in memory']) t.ok(limits.some((limit) => limit.name === name && limit.advice !== ''), name)
  const millions = growthOf(assume('--listeners', '5e6'), basis)
  t.ok(millions.limits.some(({ name, month }) => name === 'single writer' && month !== undefined))
})

t.test('a wrong argument is answered with a sentence that names it', async (t) => {
  const wrong: ReadonlyArray<readonly [args: string[], sentence: RegExp]> = [
    [['--listeners', 'many'], /--listeners must be a number of listeners from 0 to .*“many”/],
    [['--listeners', ''], /--listeners must be a number/],
    [['--listeners', '-1'], /--listeners/],
    [['--hours', '1000'], /--hours must be a number of h from 0 to 744, not “1000”/],
    [['--regions', '1.5'], /--regions must be a whole number/],
    [['--stage', 'live'], /--stage must be one of dev, test, production, not “live”/],
    [['--mix', 'sing=1'], /--mix names “sing”; it must be of home, /],
    [['--mix', 'play=x'], /--mix play must be a number/],
    [['--unheard', '1'], /Unknown option '--unheard'; all options: npm run capacity -- --help/]
  ]
  for (const [args, sentence] of wrong) t.throws(() => parseCapacityArguments(args), { message: sentence }, args.join(' '))
  t.throws(() => assume('--mix', routeClasses.map((name) => `${name}=0`).join(',')), { message: /leaves no call/ })
})

t.test('a price table that can’t be right is refused, and old prices are named', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-prices-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'prices.json')
  const write = (prices: unknown) => writeFileSync(file, JSON.stringify({ currency: 'USD', region: 'us-east-1', note: '', prices }))
  const dated = { unit: 'GB', source: 'list' }
  write({ a: { ...dated, asOf: '2026-01-01', price: 1 } })
  t.throws(() => readPriceTable(file).cost('b', 1), { message: /has no price “b”/ })
  t.same(readPriceTable(file).stale(new Date('2027-01-01T00:00:00Z')), [], 'a year to the day is not older')
  t.same(readPriceTable(file).stale(new Date('2027-01-02T00:00:00Z')), [{ name: 'a', asOf: '2026-01-01' }])
  write({ a: { ...dated, asOf: '2026-01-01', tiers: [{ upTo: 5, price: 1 }, { upTo: 4, price: 1 }] } })
  t.throws(() => readPriceTable(file), { message: /the tiers of a must rise/ })
  write({ a: { ...dated, price: 1 } })
  t.throws(() => readPriceTable(file), { message: /can’t be used/ }, 'every price has a date')
  t.throws(() => readPriceTable(join(folder, 'none.json')), { message: /none\.json can’t be used/ })
})

t.test('the measured costs name every kind of request that is measured, and their age', async (t) => {
  const rows = { documents: inventCatalogue(3_000), trackIds: ['a'], albumIds: ['b'], artistIds: ['c'], usernames: [], costs: measured.database }
  t.same(requestClasses(rows).map(({ name }) => name).toSorted(), [...routeClasses].toSorted())
  t.same(Object.keys(measured.routes).toSorted(), [...routeClasses].toSorted())
  t.ok(routeClasses.every((name) => measured.routes[name].webLoopUs <= measured.routes[name].webCpuUs))
  t.ok(Date.parse(measured.measuredAt) <= Date.now(), 'not of tomorrow')
  t.same(staleMeasurements(measured, new Date(measured.measuredAt)), [])
  t.match(staleMeasurements(measured, new Date(Date.parse(measured.measuredAt) + 181 * 86_400_000))[0], /older than 180 days: run npm run bench:requests/)
  const folder = mkdtempSync(join(tmpdir(), 'freshet-costs-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'costs.json')
  const { home, ...others } = JSON.parse(readFileSync(measuredCostsFile, 'utf8')).routes
  t.ok(home)
  writeFileSync(file, JSON.stringify({ ...measured, routes: others }))
  t.throws(() => readMeasuredCosts(file), { message: /can’t be used.*measure again with npm run bench:requests/ })
})

t.test('processor time is of all threads, and of the first alone', async (t) => {
  const before = threadTimes(process.pid)
  const until = performance.now() + 100
  while (performance.now() < until) Math.sqrt(until)
  const after = threadTimes(process.pid)
  const all = ranUs(before, after)
  const first = firstThreadRanUs(process.pid, before, after)
  t.ok(first > 5_000 && first <= all, `${first} of ${all} µs`)
  t.equal(ranUs(new Map([['1', 5_000], ['2', 9_000]]), new Map([['1', 7_000], ['3', 1_000]])), 3, 'what has ended is left out, what is new counts whole')
})

t.test('figures are written to be read', async (t) => {
  t.same([0, 0.02346, 1.5, 234.6, 1_234.5, 1e7].map(figure), ['0', '0.0235', '1.5', '235', '1,235', '10,000,000'])
  t.same([0, 1e9, 1_024e9, 11.25 * 1_024 ** 2 * 1e9].map(bytes), ['0 GB', '1.00 GB', '1.00 TB', '11.3 PB'])
  t.equal(table([['a', '1'], ['bcd', '200']]), 'a       1\nbcd   200')
})

t.test('the command prints a table, JSON, and exits with 2 for a wrong argument', async (t) => {
  const run = (...args: string[]) => spawnSync(process.execPath, ['scripts/capacity/main.ts', ...args], { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8' })
  t.match(run('--listeners', '1e3').stdout, /requests a second, peak +2\.35\n/)
  t.equal(JSON.parse(run('--listeners', '1e3,1e5', '--json').stdout).plans.length, 2)
  t.match(run('--listeners', '1e5', '--growth').stdout, /month 36 +6,400,000/)
  const wrong = run('--listeners', 'x')
  t.equal(wrong.status, 2)
  t.match(wrong.stderr, /^capacity: --listeners must be a number[^\n]*\n$/)
})
