import t from 'tap'
import { Arrivals } from '../../scripts/scaling-lab/arrivals.ts'
import type { ScalingSetup } from '../../scripts/scaling-lab/group-settings.ts'
import { ModelFleet } from '../../scripts/scaling-lab/model-fleet.ts'
import { drawPicture } from '../../scripts/scaling-lab/picture.ts'
import { exponentialTimes, seededRandom } from '../../scripts/scaling-lab/random.ts'
import { runScenario } from '../../scripts/scaling-lab/run-scenario.ts'
import { scenarios, scenariosNamed } from '../../scripts/scaling-lab/scenarios.ts'
import { goalsOf, reversalsOf, scoreOf } from '../../scripts/scaling-lab/score.ts'
import { percentile } from '../../scripts/scaling-lab/statistics.ts'
import { type InstanceSettings, VirtualInstance } from '../../scripts/scaling-lab/virtual-instance.ts'

t.test('arrivals keep the rate each second, are random within it, and a seed repeats them', async (t) => {
  const take = (seed: number) => {
    const arrivals = new Arrivals(seededRandom(seed))
    arrivals.setRate(100)
    return [arrivals.until(500), arrivals.until(1000), arrivals.until(3000)]
  }
  const [half, rest, later] = take(1)
  t.equal((half?.length ?? 0) + (rest?.length ?? 0), 100)
  t.not(half?.length, 50)
  t.equal(later?.length, 200)
  t.same(take(1), take(1))
  t.notSame(take(1), take(2))
  const gaps = take(3).flat().map((at, i, all) => at - (all[i - 1] ?? 0))
  t.ok(percentile(gaps, 0.95) > 25 && percentile(gaps, 0.5) < 8, 'gaps spread like an exponential’s with a mean of 10 ms')
})

t.test('service times are exponential, and 64 in a row have the exact mean', async (t) => {
  const draw = exponentialTimes(10, seededRandom(1))
  const times = Array.from({ length: 640 }, draw)
  t.ok(Math.abs(times.slice(0, 64).reduce((sum, one) => sum + one) / 64 - 10) < 1e-9)
  t.ok(Math.abs(percentile(times, 0.5) - 6.93) < 0.3 && Math.abs(percentile(times, 0.95) - 30) < 1.5)
})

function serve (perSecond: number, seconds: number, { shedAboveMs = 100, holdMost = 0 } = {}) {
  const instance = new VirtualInstance<undefined>({ vcpus: 1, eventLoops: 1, serviceMs: 4, shedAboveMs, holdMs: 500, holdMost }, 1)
  const arrivals = new Arrivals(seededRandom(2))
  arrivals.setRate(perSecond)
  const served: number[] = []
  const shed: number[] = []
  const take = (now: number) => {
    for (const answer of instance.advance(now)) {
      (answer.shed ? shed : served).push(answer.doneMs - answer.arrivedMs)
    }
  }
  for (const at of arrivals.until(seconds * 1000)) {
    take(at)
    instance.arrive(undefined, at)
  }
  take(seconds * 1000)
  return { served: served.length, shed: shed.length, held: shed.filter((ms) => ms >= 500).length, p95: percentile(served, 0.95), busy: instance.figures(seconds * 1000).busyMs / seconds / 1000 }
}

t.test('a virtual event loop is as busy as its load, and quick', async (t) => {
  const { served, shed, p95, busy } = serve(137.5, 20)
  t.equal(shed, 0)
  t.ok(served > 2700)
  t.ok(Math.abs(busy - 0.55) < 0.01, `busy ${busy}`)
  t.ok(p95 > 15 && p95 < 40, `p95 ${p95}`)
})

t.test('overloaded, it sheds and stays quick; without shedding it does not', async (t) => {
  const shedding = serve(500, 20)
  t.ok(shedding.shed > 4000 && shedding.served > 3000, `${shedding.shed} shed, ${shedding.served} served`)
  t.ok(shedding.p95 < 600, `p95 ${shedding.p95}`)
  const queueing = serve(500, 20, { shedAboveMs: 0 })
  t.equal(queueing.shed, 0)
  t.ok(queueing.p95 > 5000, `p95 ${queueing.p95}`)
})

t.test('it answers who is shed after a hold, and no more than it may hold', async (t) => {
  const free = serve(500, 20)
  const [all, some] = [serve(500, 20, { holdMost: Infinity }), serve(500, 20, { holdMost: 20 })]
  t.equal(all.held, all.shed)
  t.ok(some.held - free.held > 300 && some.held - free.held < 20 * 20 / 0.5, `${some.held} of ${some.shed} waited half a second, ${free.held} of ${free.shed} without a hold`)
  t.ok(some.p95 < 600 && Math.abs(some.served - free.served) < free.served / 10, 'what is answered is answered as before')
})

const setup: ScalingSetup = {
  group: { min: 2, max: 12, zones: 2, warmupSeconds: 120, cooldownSeconds: 300, healthGraceSeconds: 120, balancerHealth: true, launchBeforeEnding: true, refresh: { minHealthyPercent: 100, maxHealthyPercent: 150, abortAlarms: [] } },
  target: { healthPath: '/readyz', intervalSeconds: 5, timeoutSeconds: 4, healthyThreshold: 2, unhealthyThreshold: 2, deregistrationSeconds: 30, balance: 'leastconn' },
  alarms: [],
  policies: [{ kind: 'target-tracking', name: 'cpu', target: 55, scaleIn: true, warmupSeconds: 120, metric: { namespace: 'AWS/EC2', name: 'CPUUtilization', statistic: 'Average', periodSeconds: 60 } }]
}
const lab = { instance: { vcpus: 1, eventLoops: 1, serviceMs: 20, shedAboveMs: 100, holdMs: 0, holdMost: 0 }, bootSeconds: 60, pendingSeconds: 25, shutdownSeconds: 60, measuredMs: 1.5, compression: 30, delaySeconds: () => 60 }
const play = (name: string, instance: InstanceSettings = lab.instance) => {
  const [scenario] = scenariosNamed(name)
  if (scenario === undefined) throw new Error('no scenario')
  return runScenario(scenario, setup, { fleet: new ModelFleet({ instance, target: setup.target, compression: 30, seed: 1 }), lab: { ...lab, instance } })
    .then((run) => ({ run, scenario, score: scoreOf(run, scenario, 250) }))
}

t.test('the model grows with a fourfold load, settles, and is drawn', async (t) => {
  const { run, scenario, score } = await play('step')
  t.ok(score.mostInstances >= 8, `${score.mostInstances} instances at most`)
  t.equal(score.failed, 0)
  t.ok(score.shed > 0 && score.minutesOverTarget > 0)
  t.match(goalsOf(scenario, score).map((goal) => goal.says), [/flapping/, /within 5 minutes/, /0 failed/, /CPU between/])
  t.same(await play('step').then((again) => again.score), score, 'a seed repeats it')
  const picture = drawPicture(run.rows, { title: 'a & b <c>', subtitle: 's', targetMs: 250 })
  t.match(picture, /^<svg [^>]+viewBox.*light-dark.*a &amp; b &lt;c>/s)
  t.ok(picture.length < 20_000, `${picture.length} bytes`)
})

t.test('a killed instance fails requests until the balancer notices, and is replaced; a refresh fails none', async (t) => {
  const killed = await play('killed-instance')
  t.ok(killed.score.failed > 0 && killed.score.failed < 100, `${killed.score.failed} failed`)
  t.ok((killed.run.rows.at(-1)?.healthy ?? 0) >= 4)
  t.match(killed.run.activities.map((activity) => activity.text).join('; '), /unhealthy and is replaced/)
  const refreshed = await play('refresh')
  t.equal(refreshed.score.failed, 0)
  t.match(refreshed.run.activities.at(-1)?.text, /complete/)
})

t.test('a slow instance that refuses at once draws requests; one that lets them wait does not', async (t) => {
  const atOnce = await play('slow-instance')
  const holding = await play('slow-instance', { ...lab.instance, holdMs: 500, holdMost: 4 })
  t.ok(atOnce.score.shed > 5 * holding.score.shed, `${atOnce.score.shed} shed at once, ${holding.score.shed} held`)
})

t.test('reversals are changes of direction, not of size', async (t) => {
  t.same([[2, 4, 8], [2, 4, 4, 3, 2], [2, 4, 3, 5], []].map(reversalsOf), [0, 1, 2, 0])
})

t.test('scenarios have names, and an unknown one lists them', async (t) => {
  t.equal(scenariosNamed('all').length, scenarios.length)
  t.throws(() => scenariosNamed('storm'), /no scenario storm; there are doubling, step, .* and all/)
})
