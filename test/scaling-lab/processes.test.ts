import t from 'tap'
import { balancerLack } from '../../scripts/scaling-lab/balancer.ts'
import type { ScalingSetup } from '../../scripts/scaling-lab/group-settings.ts'
import { ProcessFleet } from '../../scripts/scaling-lab/process-fleet.ts'
import { runScenario } from '../../scripts/scaling-lab/run-scenario.ts'
import type { Scenario } from '../../scripts/scaling-lab/scenarios.ts'

const lack = balancerLack()
if (lack !== undefined && process.env['CI'] === 'true') throw new Error(lack)

const cpu = { namespace: 'Freshet', name: 'CpuPercent', statistic: 'Average', periodSeconds: 60 }
const rule = { evaluationPeriods: 1, datapointsToAlarm: 1, treatMissingData: 'missing' } as const
const step = { kind: 'step', adjustmentType: 'ChangeInCapacity', aggregation: 'Average', warmupSeconds: 30 } as const
// Health checks have time: at forty times the speed, a busy machine would take a live process for a dead one.
const setup: ScalingSetup = {
  group: { min: 1, max: 2, zones: 2, warmupSeconds: 30, cooldownSeconds: 300, healthGraceSeconds: 600, balancerHealth: true, launchBeforeEnding: false, refresh: { minHealthyPercent: 100, maxHealthyPercent: 200, abortAlarms: [] } },
  target: { healthPath: '/readyz', intervalSeconds: 5, timeoutSeconds: 60, healthyThreshold: 2, unhealthyThreshold: 5, deregistrationSeconds: 30, balance: 'leastconn' },
  alarms: [
    { name: 'busy', metric: cpu, policies: ['out'], rule: { ...rule, comparison: 'GreaterThanThreshold', threshold: 70 } },
    { name: 'idle', metric: cpu, policies: ['in'], rule: { ...rule, comparison: 'LessThanThreshold', threshold: 25 } }
  ],
  policies: [{ ...step, name: 'out', steps: [{ lower: 0, adjustment: 1 }] }, { ...step, name: 'in', steps: [{ upper: 0, adjustment: -1 }] }]
}
const scenario: Scenario = { name: 'there and back', says: '', minutes: 9, load: (minute) => minute < 1 ? 0.8 : minute < 4 ? 1.8 : 0.3, incidents: [], beginsAtMinute: 0 }

t.test('real processes behind HAProxy go from one to two and back, and no request fails', { skip: lack ?? false }, async (t) => {
  const instance = { vcpus: 1, eventLoops: 1, serviceMs: 20, shedAboveMs: 100, holdMs: 500, holdMost: 4 }
  const lab = { instance, bootSeconds: 20, pendingSeconds: 10, shutdownSeconds: 10, measuredMs: 1.5, compression: 40, delaySeconds: () => 0 }
  const fleet = await ProcessFleet.start({ instance, target: setup.target, compression: 40, seed: 1, most: setup.group.max })
  const { rows, activities } = await runScenario(scenario, setup, { fleet, lab })
  const sizes = rows.map((row) => row.healthy).filter((size, i, all) => size !== all[i - 1])
  t.same(sizes, [1, 2, 1], activities.map((activity) => activity.text).join('; '))
  t.equal(rows.reduce((sum, row) => sum + row.failed, 0), 0)
  // About 306 are due; how many of them depends on which side of a change of rate each whole second begins.
  const sent = rows.reduce((sum, row) => sum + row.sent, 0)
  t.ok(sent > 200, `${sent} requests were sent`)
  t.ok(rows.some((row) => row.p95Ms > 0) && rows.some((row) => row.cpuPercent > 60))
})
