import type { TargetHealth } from './group-settings.ts'
import type { InstanceFigures } from './virtual-instance.ts'

/** What happened since the last look. */
export interface Observation {
  readonly sent: number
  /** Time from the balancer to the first byte of an instance's answer, in ms. */
  readonly servedMs: readonly number[]
  readonly shedMs: readonly number[]
  /** Neither served nor shed: refused, reset, or answered by the balancer itself. */
  readonly failed: number
  /** Of each running instance, since the last look; busyMs is a mean over its vCPUs. */
  readonly instances: ReadonlyMap<string, InstanceFigures>
}

/** Machines behind a balancer under open-loop load: real processes, or a model of them. Times are simulated seconds. */
export interface Fleet {
  /** A new machine, whose program answers the health check once `bootSeconds` are over. */
  launch(id: string, bootSeconds: number): Promise<void>
  /** Gets no new requests from now on. */
  drain(id: string): Promise<void>
  /** SIGTERM after the drain, or the end of what is left of a dead one. */
  terminate(id: string): Promise<void>
  /** kill -9. */
  kill(id: string): void
  slowDown(id: string, factor: number): void
  /** The balancer's opinion. */
  health(id: string): TargetHealth
  /** Requests a second of the clock that requests live by. */
  setRate(perSecond: number): void
  /** Waits until all machines launched so far are healthy, then time begins. */
  settle(): Promise<void>
  /** Goes on to a moment and tells what happened until then. */
  advanceTo(seconds: number): Promise<Observation>
  stop(): Promise<void>
}
