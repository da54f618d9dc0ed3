import type { GroupSettings, TargetHealth } from './group-settings.ts'
import { type Instance, InstanceRefresh, isLive } from './instance-refresh.ts'

export interface GroupAction { readonly kind: 'launch' | 'drain' | 'terminate', readonly id: string }
export interface Activity { readonly at: number, readonly text: string, readonly desired: number }
export interface Lifecycle {
  /** From the request for an instance until it is attached and in service; its program may still be starting. */
  readonly pendingSeconds: number
  readonly deregistrationSeconds: number
  /** From the order to end until EC2 reports the machine as terminated; it counts as terminating meanwhile. */
  readonly shutdownSeconds: number
}

/**
 * An EC2 Auto Scaling group in simulated seconds, without clock or machines: `tick` is told the time and the targets' health,
 * and answers with what to do. Source of its conduct: EC2 Auto Scaling user guide (lifecycle, health checks, default termination
 * policy, instance refresh).
 */
export class AutoScalingGroup {
  readonly activities: Activity[] = []
  readonly #settings: GroupSettings
  readonly #lifecycle: Lifecycle
  readonly #instances = new Map<string, Instance>()
  #desired = 0
  #launched = 0
  #version = 1
  #refresh: InstanceRefresh | undefined

  constructor (settings: GroupSettings, lifecycle: Lifecycle) {
    this.#settings = settings
    this.#lifecycle = lifecycle
  }

  get desired (): number { return this.#desired }
  get refreshing (): boolean { return this.#refresh !== undefined }

  instances (): Instance[] { return [...this.#instances.values()] }

  /** Begins with so many instances that have long been in service. */
  beginSettled (count: number): void {
    const longAgo = -this.#settings.warmupSeconds - this.#settings.healthGraceSeconds - 3600
    this.#desired = count
    for (let i = 0; i < count; i++) this.#launch(longAgo)
    for (const one of this.instances()) Object.assign(one, { state: 'in-service', inServiceAt: longAgo })
  }

  /** The group's limits are applied. Returns whether anything changed. */
  setDesired (wanted: number, now: number, why: string): boolean {
    const desired = Math.min(this.#settings.max, Math.max(this.#settings.min, wanted))
    if (desired === this.#desired) return false
    this.activities.push({ at: now, text: `${this.#desired} → ${desired}: ${why}`, desired })
    this.#desired = desired
    return true
  }

  /** In service for at least `warmupSeconds`: the capacity that a policy for scaling out reckons with. */
  warmCount (now: number, warmupSeconds: number): number {
    return this.instances().filter((one) => one.state === 'in-service' && now - (one.inServiceAt ?? now) >= warmupSeconds).length
  }

  /** Without those ended for good, with those on their way out: the capacity that scaling in reckons with. */
  get runningCount (): number { return this.#instances.size }

  /** A scale-in does not start while instances start or warm up. */
  isGrowing (now: number): boolean {
    return this.instances().some((one) => isLive(one) && (one.inServiceAt === undefined || now - one.inServiceAt < this.#settings.warmupSeconds))
  }

  startRefresh (now: number): void {
    if (this.#refresh !== undefined) throw new Error('an instance refresh is already running')
    this.#version++
    this.#refresh = new InstanceRefresh(this.#version, this.#settings)
    this.#note(now, 'instance refresh begins')
  }

  /** A refresh whose alarm goes off stops where it is. */
  abortRefresh (now: number, alarm: string): void {
    if (this.#refresh === undefined) return
    this.#refresh = undefined
    this.#note(now, `instance refresh aborted by alarm ${alarm}`)
  }

  tick (now: number, health: (id: string) => TargetHealth): GroupAction[] {
    const actions: GroupAction[] = []
    for (const one of this.instances()) this.#age(one, now, actions)
    for (const one of this.instances()) this.#replaceIfUnhealthy(one, health(one.id), { now, actions })
    this.#endCondemned(now, health, actions)
    this.#stepRefresh(now, health, actions)
    this.#reconcile(now, actions)
    return actions
  }

  #age (one: Instance, now: number, actions: GroupAction[]): void {
    if (one.state === 'pending' && now - one.launchedAt >= this.#lifecycle.pendingSeconds) {
      one.state = 'in-service'
      one.inServiceAt = now
    }
    if (one.terminateAt === undefined || now < one.terminateAt) return
    if (one.ended !== true) actions.push({ kind: 'terminate', id: one.id })
    one.ended = true
    if (now >= one.terminateAt + this.#lifecycle.shutdownSeconds) this.#instances.delete(one.id)
  }

  #replaceIfUnhealthy (one: Instance, health: TargetHealth, { now, actions }: { now: number, actions: GroupAction[] }): void {
    if (!this.#settings.balancerHealth || one.state !== 'in-service' || one.condemned === true || health === 'healthy') return
    if (now - (one.inServiceAt ?? now) < this.#settings.healthGraceSeconds) return
    this.#note(now, `${one.id} is ${health === 'initial' ? 'not healthy after its grace time' : 'unhealthy'} and is replaced`)
    if (this.#settings.launchBeforeEnding) one.condemned = true
    else this.#end(one, now, actions)
  }

  #endCondemned (now: number, health: (id: string) => TargetHealth, actions: GroupAction[]): void {
    const ready = this.instances().filter((one) => isLive(one) && one.state === 'in-service' && health(one.id) === 'healthy').length
    const condemned = this.instances().filter((one) => one.condemned === true && one.state !== 'terminating')
    if (ready >= this.#desired) for (const one of condemned) this.#end(one, now, actions)
  }

  #stepRefresh (now: number, health: (id: string) => TargetHealth, actions: GroupAction[]): void {
    const refresh = this.#refresh
    if (refresh === undefined) return
    const view = { now, desired: this.#desired, instances: this.instances(), health }
    for (const one of refresh.replaceable(view)) this.#end(one, now, actions)
    if (!refresh.isDone(view)) return
    this.#refresh = undefined
    this.#note(now, 'instance refresh is complete')
  }

  #reconcile (now: number, actions: GroupAction[]): void {
    const live = this.instances().filter(isLive)
    const wanted = this.#desired + (this.#refresh?.surge(this.#desired, live) ?? 0)
    for (let missing = wanted - live.length; missing > 0; missing--) actions.push({ kind: 'launch', id: this.#launch(now) })
    for (let surplus = live.length - wanted; surplus > 0; surplus--) {
      const victim = this.#victim()
      if (victim !== undefined) this.#end(victim, now, actions)
    }
  }

  #launch (now: number): string {
    const id = `i-${++this.#launched}`
    this.#instances.set(id, { id, zone: this.#emptiestZone(), version: this.#version, launchedAt: now, state: 'pending' })
    return id
  }

  /** Starts the end: the balancer sends nothing new, and the machine goes once the deregistration delay is over. */
  #end (one: Instance, now: number, actions: GroupAction[]): void {
    one.terminateAt = now + (one.state === 'pending' ? 0 : this.#lifecycle.deregistrationSeconds)
    one.state = 'terminating'
    actions.push({ kind: 'drain', id: one.id })
  }

  #perZone (): number[] {
    const counts = Array.from({ length: this.#settings.zones }, () => 0)
    for (const one of this.instances()) if (isLive(one)) counts[one.zone] = (counts[one.zone] ?? 0) + 1
    return counts
  }

  #emptiestZone (): number {
    const counts = this.#perZone()
    return counts.indexOf(Math.min(...counts))
  }

  /** Default termination policy: the fullest zone, then the oldest launch template, then the longest running. */
  #victim (): Instance | undefined {
    const counts = this.#perZone()
    const fullest = Math.max(...counts)
    return this.instances()
      .filter((one) => isLive(one) && counts[one.zone] === fullest)
      .toSorted((a, b) => a.version - b.version || a.launchedAt - b.launchedAt)[0]
  }

  #note (now: number, text: string): void {
    this.activities.push({ at: now, text, desired: this.#desired })
  }
}
