import t from 'tap'
import { AutoScalingGroup } from '../../scripts/scaling-lab/auto-scaling-group.ts'
import { Autoscaler } from '../../scripts/scaling-lab/autoscaler.ts'
import type { GroupSettings, ScalingSetup, TargetHealth } from '../../scripts/scaling-lab/group-settings.ts'
import { MetricStore } from '../../scripts/scaling-lab/metrics.ts'
import type { AlarmDefinition, ScalingPolicy, StepPolicy } from '../../scripts/scaling-lab/policies.ts'

const settings: GroupSettings = {
  min: 2,
  max: 10,
  zones: 3,
  warmupSeconds: 60,
  cooldownSeconds: 300,
  healthGraceSeconds: 100,
  balancerHealth: true,
  launchBeforeEnding: false,
  refresh: { minHealthyPercent: 100, maxHealthyPercent: 150, abortAlarms: [] }
}
const lifecycle = { pendingSeconds: 20, deregistrationSeconds: 30, shutdownSeconds: 60 }
const healthy = (): TargetHealth => 'healthy'

function settled (count: number, change: Partial<GroupSettings> = {}): AutoScalingGroup {
  const group = new AutoScalingGroup({ ...settings, ...change }, lifecycle)
  group.beginSettled(count)
  return group
}

const kinds = (actions: ReadonlyArray<{ kind: string }>, kind: string) => actions.filter((action) => action.kind === kind).length

t.test('an instance is pending, in service, warm; then drained, ended and gone', async (t) => {
  const group = settled(2)
  group.setDesired(3, 0, 'more')
  t.same(group.tick(0, healthy), [{ kind: 'launch', id: 'i-3' }])
  t.same([group.warmCount(79, 60), group.isGrowing(79)], [2, true])
  group.tick(20, healthy)
  t.equal(group.instances().at(-1)?.state, 'in-service')
  t.same([group.warmCount(79, 60), group.warmCount(80, 60), group.isGrowing(80)], [2, 3, false])
  group.setDesired(2, 100, 'less')
  const drained = group.tick(100, healthy)
  t.equal(kinds(drained, 'drain'), 1)
  t.same(group.tick(129, healthy), [])
  t.same(group.tick(130, healthy), [{ kind: 'terminate', id: drained[0]?.id }])
  t.equal(group.runningCount, 3, 'still terminating')
  t.same(group.tick(189, healthy), [])
  group.tick(190, healthy)
  t.equal(group.runningCount, 2)
})

t.test('the limits hold', async (t) => {
  const group = settled(4)
  group.setDesired(99, 0, 'far too many')
  t.equal(group.desired, 10)
  group.setDesired(0, 0, 'none')
  t.equal(group.desired, 2)
})

t.test('new instances fill the emptiest zone; from the fullest goes the oldest template, then the longest running', async (t) => {
  const group = settled(3)
  group.setDesired(4, 0, 'one more')
  group.tick(0, healthy)
  t.same(group.instances().map((one) => one.zone), [0, 1, 2, 0])
  group.setDesired(3, 200, 'one less')
  t.same(group.tick(200, healthy), [{ kind: 'drain', id: 'i-1' }])
})

t.test('an unhealthy instance is replaced after its grace time', async (t) => {
  const group = settled(2)
  group.setDesired(3, 0, 'one more')
  group.tick(0, healthy)
  const sick = (id: string): TargetHealth => id === 'i-3' ? 'unhealthy' : 'healthy'
  group.tick(20, sick)
  t.same(group.tick(110, sick), [], 'too early')
  const actions = group.tick(120, sick)
  t.same([kinds(actions, 'drain'), kinds(actions, 'launch')], [1, 1])
})

t.test('with a maintenance policy of 100 % the replacement is there first', async (t) => {
  const group = settled(2, { launchBeforeEnding: true })
  const sick = (id: string): TargetHealth => id === 'i-1' ? 'unhealthy' : 'healthy'
  t.same(group.tick(10, sick), [{ kind: 'launch', id: 'i-3' }])
  t.same(group.tick(20, sick), [])
  t.same(group.tick(30, sick), [{ kind: 'drain', id: 'i-1' }])
})

t.test('a refresh starts new instances first and never has fewer healthy ones than desired', async (t) => {
  const group = settled(4)
  group.startRefresh(0)
  let most = 0
  for (let now = 0; now <= 1200; now += 10) {
    group.tick(now, healthy)
    const inService = group.instances().filter((one) => one.state === 'in-service')
    t.ok(inService.length >= 4, `${inService.length} in service at ${now} s`)
    most = Math.max(most, group.instances().filter((one) => one.state !== 'terminating').length)
  }
  t.equal(most, 6, 'half as many again')
  t.ok(group.instances().every((one) => one.version === 2) && group.instances().length === 4)
  t.match(group.activities.map((activity) => activity.text), ['instance refresh begins', 'instance refresh is complete'])
})

t.test('with 90 % to 100 % a refresh ends old ones first, and with 100 % to 100 % one at a time', async (t) => {
  for (const [min, least] of [[50, 2], [100, 3]] as const) {
    const group = settled(4, { refresh: { minHealthyPercent: min, maxHealthyPercent: 100, abortAlarms: [] } })
    group.startRefresh(0)
    let fewest = 4
    for (let now = 0; now <= 1200; now += 10) {
      group.tick(now, healthy)
      fewest = Math.min(fewest, group.instances().filter((one) => one.state === 'in-service').length)
    }
    t.equal(fewest, least)
    t.notOk(group.refreshing)
  }
})

const metric = (name: string) => ({ namespace: 'n', name, statistic: 'Average', periodSeconds: 60 })
const alarmOn = (name: string, policies: string[], change: Partial<AlarmDefinition['rule']> = {}): AlarmDefinition =>
  ({ name, policies, metric: metric(name), rule: { comparison: 'GreaterThanThreshold', threshold: 10, evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: 'missing', ...change } })
const stepOn = (name: string, steps: StepPolicy['steps'], change: Partial<StepPolicy> = {}): StepPolicy =>
  ({ kind: 'step', name, adjustmentType: 'ChangeInCapacity', aggregation: 'Average', steps, warmupSeconds: 60, ...change })
const cpu: ScalingPolicy = { kind: 'target-tracking', name: 'cpu', target: 50, scaleIn: true, warmupSeconds: 60, metric: metric('cpu') }
const target: ScalingSetup['target'] = { healthPath: '/', intervalSeconds: 5, timeoutSeconds: 4, healthyThreshold: 2, unhealthyThreshold: 2, deregistrationSeconds: 30, balance: 'leastconn' }

/** Plays minutes of metric values, the last of each repeated, and returns the sizes that were asked for. */
function play (group: AutoScalingGroup, setup: Pick<ScalingSetup, 'alarms' | 'policies'>, series: Record<string, readonly number[]>, minutes: number): number[] {
  const metrics = new MetricStore(() => 0)
  const scaler = new Autoscaler({ group: settings, target, ...setup }, group, metrics)
  const sizes: number[] = []
  for (let now = 10; now <= minutes * 60; now += 10) {
    for (const [name, values] of Object.entries(series)) metrics.put('n', name, now - 5, [values[Math.min(values.length - 1, Math.floor((now - 10) / 60))] ?? 0])
    scaler.tick(now)
    group.tick(now, healthy)
    if (now % 60 === 0) sizes.push(group.desired)
  }
  return sizes
}

t.test('steps: capacity that still warms up is not asked for twice, a worse breach adds the difference', async (t) => {
  const steps = [{ lower: 0, upper: 10, adjustment: 1 }, { lower: 10, adjustment: 3 }]
  const sizes = play(settled(4), { alarms: [alarmOn('p95', ['steps'])], policies: [stepOn('steps', steps, { warmupSeconds: 600 })] }, { p95: [15, 15, 25, 25, 0] }, 6)
  t.same(sizes, [5, 5, 7, 7, 7, 7])
})

t.test('of several policies the one with the most instances wins', async (t) => {
  const policies = [stepOn('small', [{ lower: 0, adjustment: 1 }]), stepOn('large', [{ lower: 0, adjustment: 4 }])]
  t.same(play(settled(2), { alarms: [alarmOn('p95', ['small', 'large'])], policies }, { p95: [15, 0] }, 2), [6, 6])
  const less = [stepOn('three', [{ upper: 0, adjustment: -3 }]), stepOn('one', [{ upper: 0, adjustment: -1 }])]
  t.same(play(settled(8), { alarms: [alarmOn('p95', ['three', 'one'], { comparison: 'LessThanThreshold' })], policies: less }, { p95: [5, 20] }, 2), [7, 7])
})

t.test('target tracking grows after 3 minutes, shrinks after 15, one a minute, to what is needed', async (t) => {
  t.same(play(settled(4), { alarms: [], policies: [cpu] }, { cpu: [75, 75, 75, 50] }, 4), [4, 4, 6, 6])
  const sizes = play(settled(6), { alarms: [], policies: [cpu] }, { cpu: [20] }, 20)
  t.same(sizes.slice(12), [6, 6, 5, 4, 3, 2, 2, 2])
})

t.test('nothing shrinks while another policy wants more, or another that may shrink is not ready to', async (t) => {
  const latency = { alarms: [alarmOn('p95', ['steps'])], policies: [cpu, stepOn('steps', [{ lower: 0, adjustment: 1 }])] }
  t.equal(play(settled(10), latency, { cpu: [20], p95: [15] }, 20).at(-1), 10)
  const requests: ScalingPolicy = { ...cpu, name: 'requests', metric: metric('requests') }
  t.equal(play(settled(6), { alarms: [], policies: [cpu, requests] }, { cpu: [20], requests: [48] }, 20).at(-1), 6)
  t.equal(play(settled(6), { alarms: [], policies: [cpu, { ...requests, scaleIn: false }] }, { cpu: [20], requests: [48] }, 20).at(-1), 2)
})

t.test('a simple policy waits for its cooldown', async (t) => {
  const policies: ScalingPolicy[] = [{ kind: 'simple', name: 'one', adjustmentType: 'ChangeInCapacity', adjustment: 1, cooldownSeconds: 300 }]
  t.same(play(settled(2), { alarms: [alarmOn('p95', ['one'])], policies }, { p95: [15] }, 8), [3, 3, 3, 3, 3, 4, 4, 4])
})

t.test('an alarm named for it aborts a refresh', async (t) => {
  const group = settled(4)
  const metrics = new MetricStore(() => 0)
  const setup: ScalingSetup = { group: { ...settings, refresh: { ...settings.refresh, abortAlarms: ['errors'] } }, target, alarms: [alarmOn('errors', [])], policies: [] }
  const scaler = new Autoscaler(setup, group, metrics)
  group.startRefresh(0)
  metrics.put('n', 'errors', 5, [100])
  for (let now = 10; now <= 60; now += 10) scaler.tick(now)
  t.notOk(group.refreshing)
  t.match(group.activities.at(-1)?.text, /aborted by alarm errors/)
})
