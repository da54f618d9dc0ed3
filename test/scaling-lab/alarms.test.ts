import t from 'tap'
import { AlarmWatch } from '../../scripts/scaling-lab/alarm-watch.ts'
import { type AlarmRule, type AlarmState, breaches, type Comparison, evaluateAlarm, evaluationRange, type MissingData } from '../../scripts/scaling-lab/alarm.ts'
import { MetricStore } from '../../scripts/scaling-lab/metrics.ts'
import { hasTooFewSamples, statistic } from '../../scripts/scaling-lab/statistics.ts'

const rule = (change: Partial<AlarmRule> = {}): AlarmRule =>
  ({ comparison: 'GreaterThanThreshold', threshold: 0.5, evaluationPeriods: 3, datapointsToAlarm: 3, treatMissingData: 'missing', ...change })
const points = (text: string) => text.split(' ').map((cell) => cell === '-' ? null : cell === 'X' ? 1 : 0)

const treatments: readonly MissingData[] = ['missing', 'ignore', 'breaching', 'notBreaching']
const [ok, alarm, none, kept] = ['OK', 'ALARM', 'INSUFFICIENT_DATA', 'kept'] as const

// The two tables of the CloudWatch user guide as they are today, then the rows that earlier editions and its prose add.
const threeOfThree = [
  ['0 - X - X', ok, ok, ok, ok],
  ['0 - - - -', ok, ok, ok, ok],
  ['- - - - -', none, kept, alarm, ok],
  ['0 X X - X', alarm, alarm, alarm, alarm],
  ['- - X - -', alarm, kept, alarm, ok],
  ['- - - - X', none, kept, alarm, ok],
  ['- - - X -', none, kept, alarm, ok],
  ['X - - - -', alarm, kept, alarm, ok],
  ['- - - X 0', ok, ok, ok, ok]
] as const
const twoOfThree = [
  ['0 - X - X', alarm, alarm, alarm, alarm],
  ['0 0 X 0 X', alarm, alarm, alarm, alarm],
  ['0 - X - -', ok, ok, alarm, ok],
  ['- - - - 0', ok, ok, alarm, ok],
  ['- - - X -', alarm, kept, alarm, ok],
  ['- - - - X', none, kept, alarm, ok]
] as const

for (const [datapointsToAlarm, table] of [[3, threeOfThree], [2, twoOfThree]] as const) {
  for (const [data, ...states] of table) {
    t.test(`${datapointsToAlarm} of 3 with ${data} is as CloudWatch’s table says, however missing data is treated`, async (t) => {
      for (const [i, treatMissingData] of treatments.entries()) {
        for (const previous of ['OK', 'ALARM', 'INSUFFICIENT_DATA'] satisfies AlarmState[]) {
          const state = evaluateAlarm(rule({ datapointsToAlarm, treatMissingData }), points(data), previous)
          t.equal(state, states[i] === kept ? previous : states[i], `${treatMissingData}, before ${previous}`)
        }
      }
    })
  }
}

t.test('only the evaluation range counts, two periods more than are needed', async (t) => {
  t.equal(evaluationRange(rule()), 5)
  t.equal(evaluateAlarm(rule(), points('0 X X X - -'), 'OK'), 'ALARM')
  t.equal(evaluateAlarm(rule(), points('X X X 0 0 0'), 'ALARM'), 'OK')
})

t.test('every comparison operator, at, above and below its threshold', async (t) => {
  const band = { lower: 1, upper: 3 }
  const expected: Record<Comparison, readonly boolean[]> = {
    GreaterThanThreshold: [false, false, true],
    GreaterThanOrEqualToThreshold: [false, true, true],
    LessThanThreshold: [true, false, false],
    LessThanOrEqualToThreshold: [true, true, false],
    GreaterThanUpperThreshold: [false, false, true],
    LessThanLowerThreshold: [true, false, false],
    LessThanLowerOrGreaterThanUpperThreshold: [true, false, true]
  }
  for (const [comparison, results] of Object.entries(expected) as Array<[Comparison, readonly boolean[]]>) {
    t.same([1, 2, 3].map((value) => breaches({ comparison, threshold: 2 }, value)), results, comparison)
  }
  t.same([0, 1, 3, 4].map((value) => breaches({ comparison: 'LessThanLowerOrGreaterThanUpperThreshold', threshold: band }, value)), [true, false, false, true])
})

t.test('statistics over a period, percentiles by nearest rank, and nothing from nothing', async (t) => {
  const samples = [4, 1, 3, 2]
  t.same(['Average', 'Sum', 'Minimum', 'Maximum', 'SampleCount', 'p50', 'p95', 'p100'].map((name) => statistic(name, samples)), [2.5, 10, 1, 4, 4, 2, 4, 4])
  t.equal(statistic('p95', Array.from({ length: 100 }, (_, i) => i + 1)), 95)
  t.equal(statistic('p99.9', Array.from({ length: 1000 }, (_, i) => i + 1)), 999)
  t.equal(statistic('Average', []), null)
  t.throws(() => statistic('Median', samples), /does not know the statistic Median/)
  t.same([hasTooFewSamples('p95', 199), hasTooFewSamples('p95', 200), hasTooFewSamples('p10', 99), hasTooFewSamples('p10', 100), hasTooFewSamples('Average', 1)], [true, false, true, false, false])
})

t.test('a period can be read when it is over and its delay has passed', async (t) => {
  const metrics = new MetricStore((namespace) => namespace === 'late' ? 60 : 0)
  const query = { name: 'm', statistic: 'Sum', periodSeconds: 60 }
  for (const at of [5, 15, 65]) for (const namespace of ['late', 'prompt']) metrics.put(namespace, 'm', at, [1])
  t.same(metrics.periods({ ...query, namespace: 'prompt' }, 2, 119), [null, 2])
  t.same(metrics.periods({ ...query, namespace: 'prompt' }, 2, 120), [2, 1])
  t.same(metrics.periods({ ...query, namespace: 'late' }, 2, 120), [2, null])
  t.same(metrics.periods({ ...query, namespace: 'late', statistic: 'p95', ignoreLowSamples: true }, 1, 300), [null])
})

t.test('an alarm is looked at once a minute, or every 10 s if its period is shorter, and acts anew each minute', async (t) => {
  for (const [periodSeconds, first] of [[60, 60], [10, 10]] as const) {
    const metrics = new MetricStore(() => 0)
    for (let at = 5; at < 400; at += 10) metrics.put('n', 'm', at, [at < 250 ? 1 : 0])
    const watch = new AlarmWatch({ name: 'a', policies: [], metric: { namespace: 'n', name: 'm', statistic: 'Maximum', periodSeconds }, rule: rule({ evaluationPeriods: 1, datapointsToAlarm: 1 }) })
    const acted: number[] = []
    for (let now = 0; now <= 400; now += 10) if (watch.tick(now, metrics) !== undefined) acted.push(now)
    t.same(acted, periodSeconds === 60 ? [60, 120, 180, 240, 300] : [10, 70, 130, 190, 250])
    t.equal(acted[0], first)
    t.equal(watch.state, 'OK')
  }
})
