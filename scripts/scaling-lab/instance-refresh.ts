import type { GroupSettings, TargetHealth } from './group-settings.ts'

export interface Instance {
  readonly id: string
  readonly zone: number
  /** Of the launch template. */
  readonly version: number
  readonly launchedAt: number
  state: 'pending' | 'in-service' | 'terminating'
  inServiceAt?: number
  terminateAt?: number
  /** The machine has been told to end. */
  ended?: boolean
  /** Found unhealthy, but kept until another is ready. */
  condemned?: boolean
}

interface GroupView {
  readonly now: number
  readonly desired: number
  readonly instances: readonly Instance[]
  readonly health: (id: string) => TargetHealth
}

/** Counts towards the desired capacity. */
export function isLive (one: Instance): boolean {
  return one.state !== 'terminating' && one.condemned !== true
}

/**
 * A rolling replacement of all instances older than `version`. With a maximum over 100 % it starts new ones before it ends old
 * ones; otherwise it ends first. Both limits at 100 % replace one at a time, as the service does.
 */
export class InstanceRefresh {
  readonly #version: number
  readonly #settings: GroupSettings

  constructor (version: number, settings: GroupSettings) {
    this.#version = version
    this.#settings = settings
  }

  /** How many instances beyond the desired capacity may run just now. */
  surge (desired: number, live: readonly Instance[]): number {
    const { maxHealthyPercent } = this.#settings.refresh
    if (maxHealthyPercent <= 100) return 0
    const extra = Math.max(1, Math.floor(desired * maxHealthyPercent / 100 + 1e-9) - desired)
    return Math.min(extra, this.#old(live).length)
  }

  /** The old instances that may end now without falling below the minimum of healthy, warm ones. */
  replaceable (view: GroupView): Instance[] {
    const { minHealthyPercent, maxHealthyPercent } = this.#settings.refresh
    const live = view.instances.filter(isLive)
    const ready = live.filter((one) => this.#isReady(one, view))
    const least = Math.ceil(view.desired * minHealthyPercent / 100 - 1e-9)
    const oneAtATime = minHealthyPercent >= 100 && maxHealthyPercent <= 100
    const spare = ready.length - (oneAtATime ? view.desired - 1 : least)
    return this.#old(live).filter((one) => one.state === 'in-service').slice(0, Math.max(0, spare))
  }

  isDone (view: GroupView): boolean {
    const live = view.instances.filter(isLive)
    return this.#old(live).length === 0 && live.length >= view.desired && live.every((one) => this.#isReady(one, view))
  }

  #old (live: readonly Instance[]): Instance[] {
    return live.filter((one) => one.version < this.#version).toSorted((a, b) => a.launchedAt - b.launchedAt)
  }

  #isReady (one: Instance, { now, health }: GroupView): boolean {
    const warmup = this.#settings.refresh.warmupSeconds ?? this.#settings.warmupSeconds
    return one.state === 'in-service' && health(one.id) === 'healthy' && now - (one.inServiceAt ?? now) >= warmup
  }
}
