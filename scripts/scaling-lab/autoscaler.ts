import { type AlarmMessage, AlarmWatch } from './alarm-watch.ts'
import { breaches } from './alarm.ts'
import type { AutoScalingGroup } from './auto-scaling-group.ts'
import type { ScalingSetup } from './group-settings.ts'
import type { MetricStore } from './metrics.ts'
import { adjustedCapacity, type ScalingPolicy, stepFor, type StepPolicy } from './policies.ts'
import { targetTrackingAlarms, trackedIn, trackedOut } from './target-tracking.ts'

interface Proposal { readonly policy: ScalingPolicy, readonly wanted: number, readonly why: string }

/**
 * Alarms, policies and group together, in simulated time. Several policies at once: the one that leaves the most instances wins,
 * and instances go only if no policy wants more, every target tracking policy that may shrink is ready to, and nothing is still
 * starting. Source: EC2 Auto Scaling user guide, "Multiple scaling policies" and "Target tracking scaling policies".
 */
export class Autoscaler {
  readonly #setup: ScalingSetup
  readonly #group: AutoScalingGroup
  readonly #metrics: MetricStore
  readonly #watches: AlarmWatch[]
  #coolUntil = 0

  constructor (setup: ScalingSetup, group: AutoScalingGroup, metrics: MetricStore) {
    this.#setup = setup
    this.#group = group
    this.#metrics = metrics
    const tracking = setup.policies.flatMap((policy) => policy.kind === 'target-tracking' ? targetTrackingAlarms(policy) : [])
    this.#watches = [...setup.alarms, ...tracking].map((alarm) => new AlarmWatch(alarm))
  }

  stateOf (alarm: string): string | undefined {
    return this.#watches.find((watch) => watch.definition.name === alarm)?.state
  }

  tick (now: number): void {
    const messages = this.#watches.map((watch) => watch.tick(now, this.#metrics)).filter((message) => message !== undefined)
    this.#abortRefresh(now)
    const proposals = messages.flatMap((message) => this.#proposals(message, now))
    const largest = proposals.toSorted((a, b) => b.wanted - a.wanted)[0]
    if (largest === undefined || largest.wanted === this.#group.desired) return
    if (largest.wanted < this.#group.desired && !this.#mayShrink(now)) return
    const changed = this.#group.setDesired(largest.wanted, now, largest.why)
    if (changed && largest.policy.kind === 'simple') this.#coolUntil = now + largest.policy.cooldownSeconds
  }

  #proposals ({ alarm, points }: AlarmMessage, now: number): Proposal[] {
    return alarm.policies.flatMap((name) => {
      const policy = this.#setup.policies.find((one) => one.name === name)
      if (policy === undefined) throw new Error(`alarm ${alarm.name} acts on policy ${name}, which is not there`)
      const wanted = this.#wanted(policy, { alarm, points }, now)
      return wanted === undefined ? [] : [{ policy, wanted, why: `${alarm.name} at ${points.at(-1)?.toPrecision(3) ?? 'no data'}` }]
    })
  }

  #wanted (policy: ScalingPolicy, message: AlarmMessage, now: number): number | undefined {
    const newest = message.points.at(-1)
    if (newest === undefined) return undefined
    if (policy.kind === 'simple') {
      return now < this.#coolUntil || this.#group.isGrowing(now) ? undefined : adjustedCapacity(policy, policy.adjustment, this.#group.desired)
    }
    const warm = this.#group.warmCount(now, policy.warmupSeconds)
    if (policy.kind === 'step') return this.#stepped(policy, message, warm)
    if (message.alarm.name.endsWith('-low')) return trackedIn(policy, newest, { current: this.#group.runningCount, desired: this.#group.desired })
    return Math.max(this.#group.desired, trackedOut(policy, newest, warm))
  }

  /** Instances that still warm up don't count, but those already asked for are not asked for again. */
  #stepped (policy: StepPolicy, { alarm, points }: AlarmMessage, warm: number): number | undefined {
    const { rule } = alarm
    const breaching = points.filter((point) => breaches(rule, point))
    const threshold = typeof rule.threshold === 'number' ? rule.threshold : rule.threshold.upper
    const step = stepFor(policy.steps, aggregate(policy.aggregation, breaching) - threshold)
    if (step === undefined) return undefined
    const grows = policy.adjustmentType === 'ExactCapacity' || step.adjustment > 0
    const wanted = adjustedCapacity(policy, step.adjustment, grows ? warm : this.#group.desired)
    return step.adjustment > 0 ? Math.max(this.#group.desired, wanted) : wanted
  }

  #mayShrink (now: number): boolean {
    if (this.#group.isGrowing(now)) return false
    return this.#watches.every(({ definition, state }) => {
      const acting = this.#setup.policies.filter((policy) => definition.policies.includes(policy.name))
      if (acting.some((policy) => policy.kind === 'target-tracking' && policy.scaleIn) && definition.name.endsWith('-low')) return state === 'ALARM'
      const outwards = acting.some((policy) => policy.kind !== 'step' || policy.steps.some(({ adjustment }) => adjustment > 0))
      return !outwards || definition.name.endsWith('-low') || state !== 'ALARM'
    })
  }

  #abortRefresh (now: number): void {
    for (const name of this.#setup.group.refresh.abortAlarms) if (this.stateOf(name) === 'ALARM') this.#group.abortRefresh(now, name)
  }
}

function aggregate (how: StepPolicy['aggregation'], points: readonly number[]): number {
  if (points.length === 0) return NaN
  if (how === 'Minimum') return Math.min(...points)
  return how === 'Maximum' ? Math.max(...points) : points.reduce((sum, point) => sum + point, 0) / points.length
}
