import { AutoScalingGroup, type GroupAction } from './auto-scaling-group.ts'
import { Autoscaler } from './autoscaler.ts'
import type { Fleet, Observation } from './fleet.ts'
import type { ScalingSetup, TargetHealth } from './group-settings.ts'
import { MetricStore } from './metrics.ts'
import { publishMetrics } from './publish-metrics.ts'
import type { Incident, Scenario } from './scenarios.ts'
import { type Run, Timeline } from './timeline.ts'
import type { InstanceSettings } from './virtual-instance.ts'

export interface LabSettings {
  readonly instance: InstanceSettings
  /** From the request for an instance until its program answers the health check. */
  readonly bootSeconds: number
  /** From the request for an instance until it is attached to the balancer. */
  readonly pendingSeconds: number
  /** From the order to end an instance until it is gone. */
  readonly shutdownSeconds: number
  /** How late a period's figures can be read, by namespace. */
  readonly delaySeconds: (namespace: string) => number
  readonly compression: number
  /** CPU of a request of the real service, as measured; requests of the lab are fewer and heavier. */
  readonly measuredMs: number
  /** Instances that the load of 1 keeps at ease; the group's minimum if undefined. */
  readonly baseInstances?: number
}

/** How busy the settled fleet is at the start: a little under the target of 55 %. */
const settledUtilisation = 0.53
const slowFactor = 5
const tickSeconds = 10

/** Plays one scenario on a fleet and tells what happened. The fleet is stopped at the end, whatever happens. */
export async function runScenario (scenario: Scenario, setup: ScalingSetup, { fleet, lab }: { fleet: Fleet, lab: LabSettings }): Promise<Run> {
  try {
    return await new ScenarioRun(scenario, setup, { fleet, lab }).play()
  } finally {
    await fleet.stop()
  }
}

class ScenarioRun {
  readonly #scenario: Scenario
  readonly #setup: ScalingSetup
  readonly #fleet: Fleet
  readonly #lab: LabSettings
  readonly #metrics: MetricStore
  readonly #group: AutoScalingGroup
  readonly #scaler: Autoscaler
  readonly #timeline: Timeline
  #incidents: Incident[]

  constructor (scenario: Scenario, setup: ScalingSetup, { fleet, lab }: { fleet: Fleet, lab: LabSettings }) {
    this.#scenario = scenario
    this.#setup = setup
    this.#fleet = fleet
    this.#lab = lab
    this.#metrics = new MetricStore(lab.delaySeconds)
    this.#group = new AutoScalingGroup(setup.group, { pendingSeconds: lab.pendingSeconds, deregistrationSeconds: setup.target.deregistrationSeconds, shutdownSeconds: lab.shutdownSeconds })
    this.#scaler = new Autoscaler(setup, this.#group, this.#metrics)
    this.#timeline = new Timeline(60 / lab.compression)
    this.#incidents = [...scenario.incidents]
  }

  async play (): Promise<Run> {
    this.#setLoad(0)
    this.#group.beginSettled(Math.round(this.#base * this.#scenario.load(0)))
    await Promise.all(this.#group.instances().map((one) => this.#fleet.launch(one.id, 0)))
    await this.#fleet.settle()
    for (let now = tickSeconds; now <= this.#scenario.minutes * 60; now += tickSeconds) await this.#tick(now)
    return { rows: this.#timeline.rows, activities: this.#group.activities }
  }

  get #base (): number {
    return this.#lab.baseInstances ?? this.#setup.group.min
  }

  async #tick (now: number): Promise<void> {
    this.#setLoad((now - tickSeconds) / 60)
    this.#cause(now)
    const seen = await this.#fleet.advanceTo(now)
    const healthy = this.#group.instances().filter((one) => one.state === 'in-service' && this.#fleet.health(one.id) === 'healthy').length
    const { compression, measuredMs, instance } = this.#lab
    const settings = { tickSeconds, compression, standsFor: compression * instance.serviceMs / measuredMs, warmupSeconds: this.#setup.group.warmupSeconds, healthy }
    publishMetrics(this.#metrics, { seen, instances: this.#group.instances(), now }, settings)
    this.#note(seen, now, healthy)
    this.#scaler.tick(now)
    const health = new Map(this.#group.instances().map((one): [string, TargetHealth] => [one.id, one.ended === true ? 'unhealthy' : this.#fleet.health(one.id)]))
    for (const action of this.#group.tick(now, (id) => health.get(id) ?? 'initial')) await this.#act(action)
  }

  #setLoad (minute: number): void {
    const { eventLoops, serviceMs } = this.#lab.instance
    this.#fleet.setRate(this.#scenario.load(minute) * this.#base * settledUtilisation * eventLoops * 1000 / serviceMs)
  }

  #cause (now: number): void {
    const due = this.#incidents.filter(({ atMinute }) => atMinute * 60 < now)
    this.#incidents = this.#incidents.filter((incident) => !due.includes(incident))
    for (const { what } of due) {
      const victim = this.#group.instances().find((one) => one.state === 'in-service')
      if (what === 'refresh') this.#group.startRefresh(now)
      else if (victim !== undefined && what === 'kill') this.#fleet.kill(victim.id)
      else if (victim !== undefined) this.#fleet.slowDown(victim.id, slowFactor)
    }
  }

  #note (seen: Observation, now: number, healthy: number): void {
    const requestMs = tickSeconds * 1000 / this.#lab.compression
    const inService = this.#group.instances().filter((one) => one.state === 'in-service')
    this.#timeline.add({
      sent: seen.sent,
      servedMs: seen.servedMs,
      shed: seen.shedMs.length,
      failed: seen.failed,
      healthy,
      desired: this.#group.desired,
      running: this.#group.runningCount,
      cpuShares: inService.flatMap((one) => this.#fleet.health(one.id) === 'healthy' ? [(seen.instances.get(one.id)?.busyMs ?? 0) / requestMs] : [])
    }, now / 60)
  }

  async #act ({ kind, id }: GroupAction): Promise<void> {
    if (kind === 'launch') await this.#fleet.launch(id, this.#lab.bootSeconds)
    else if (kind === 'drain') await this.#fleet.drain(id)
    else await this.#fleet.terminate(id)
  }
}
