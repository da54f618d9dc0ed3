import t from 'tap'
import { adjustedCapacity, faultOfSteps, stepFor, type StepAdjustment, type TargetTrackingPolicy } from '../../scripts/scaling-lab/policies.ts'
import { targetTrackingAlarms, trackedIn, trackedOut } from '../../scripts/scaling-lab/target-tracking.ts'

const percent = { adjustmentType: 'PercentChangeInCapacity' } as const

t.test('percentages are rounded towards zero, but never to nothing', async (t) => {
  const change = (current: number, adjustment: number) => adjustedCapacity(percent, adjustment, current) - current
  t.same([change(127, 10), change(6.7, 10), change(5.8, -10), change(66.7, -10)], [12, 1, -1, -6], 'the four cases of the guide')
  t.same([change(10, 30), change(11, 30), change(14, -10), change(13, -30)], [3, 3, -1, -3], 'and its example')
  t.equal(change(10, 0), 0)
  t.equal(change(3, 100), 3)
})

t.test('a percentage adds at least the minimum magnitude', async (t) => {
  t.equal(adjustedCapacity({ ...percent, minAdjustmentMagnitude: 2 }, 25, 4), 6)
  t.equal(adjustedCapacity({ ...percent, minAdjustmentMagnitude: 2 }, 100, 4), 8)
  t.equal(adjustedCapacity({ ...percent, minAdjustmentMagnitude: 2 }, -25, 4), 2)
})

t.test('the other adjustment types', async (t) => {
  t.equal(adjustedCapacity({ adjustmentType: 'ChangeInCapacity' }, 5, 3), 8)
  t.equal(adjustedCapacity({ adjustmentType: 'ChangeInCapacity' }, -1, 3), 2)
  t.equal(adjustedCapacity({ adjustmentType: 'ExactCapacity' }, 5, 3), 5)
})

const out: readonly StepAdjustment[] = [{ lower: 0, upper: 10, adjustment: 0 }, { lower: 10, upper: 20, adjustment: 10 }, { lower: 20, adjustment: 30 }]
const inwards: readonly StepAdjustment[] = [{ lower: -10, upper: 0, adjustment: 0 }, { lower: -20, upper: -10, adjustment: -10 }, { upper: -20, adjustment: -30 }]

t.test('above the threshold the lower bound belongs to the step, below it the upper one', async (t) => {
  t.same([0, 9.9, 10, 19.9, 20, 500].map((distance) => stepFor(out, distance)?.adjustment), [0, 0, 10, 10, 30, 30])
  t.same([-9.9, -10, -19.9, -20, -500].map((distance) => stepFor(inwards, distance)?.adjustment), [0, -10, -10, -30, -30])
  t.equal(stepFor(out, -1), undefined)
  t.equal(stepFor(out, NaN), undefined)
})

t.test('steps that the service would reject are named', async (t) => {
  t.equal(faultOfSteps(out), undefined)
  t.equal(faultOfSteps(inwards), undefined)
  t.match(faultOfSteps([]), /no steps/)
  t.match(faultOfSteps([{ adjustment: 1 }]), /neither a lower nor an upper/)
  t.match(faultOfSteps([{ lower: 0, upper: 10, adjustment: 1 }, { lower: 12, adjustment: 2 }]), /gap at 10/)
  t.match(faultOfSteps([{ lower: 0, upper: 10, adjustment: 1 }, { lower: 8, adjustment: 2 }]), /overlap/)
  t.match(faultOfSteps([{ lower: 0, upper: 10, adjustment: 1 }]), /open upper bound/)
  t.match(faultOfSteps([{ lower: -5, upper: 0, adjustment: -1 }]), /open lower bound/)
})

const cpu: TargetTrackingPolicy = { kind: 'target-tracking', name: 'cpu', target: 55, scaleIn: true, warmupSeconds: 60, metric: { namespace: 'AWS/EC2', name: 'CPUUtilization', statistic: 'Average', periodSeconds: 60 } }

t.test('target tracking sets up two alarms: 3 minutes above the target, 15 below nine tenths of it', async (t) => {
  const [high, low] = targetTrackingAlarms(cpu)
  t.match(high?.rule, { comparison: 'GreaterThanThreshold', threshold: 55, evaluationPeriods: 3, datapointsToAlarm: 3 })
  t.match(low?.rule, { comparison: 'LessThanThreshold', threshold: 49.5, evaluationPeriods: 15, datapointsToAlarm: 15 })
  t.equal(targetTrackingAlarms({ ...cpu, scaleIn: false }).length, 1)
})

t.test('it grows in one go, rounded up, and shrinks by one at a time, never below what the target needs', async (t) => {
  t.equal(trackedOut(cpu, 100, 4), 8)
  t.equal(trackedOut(cpu, 55, 4), 4)
  t.equal(trackedIn(cpu, 10, { current: 10, desired: 10 }), 9)
  t.equal(trackedIn(cpu, 49, { current: 3, desired: 3 }), 3, 'two would be too few')
  t.equal(trackedIn(cpu, 40, { current: 8, desired: 7 }), 6, 'one that still terminates counts')
  t.equal(trackedIn(cpu, 48, { current: 8, desired: 7 }), 7)
})
