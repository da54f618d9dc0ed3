import type { AlarmDefinition, ScalingPolicy } from './policies.ts'

/** The balancer's opinion of a target. */
export type TargetHealth = 'initial' | 'healthy' | 'unhealthy'

export interface RefreshPreferences {
  readonly minHealthyPercent: number
  /** Over 100: new instances are started before old ones end. */
  readonly maxHealthyPercent: number
  readonly warmupSeconds?: number
  /** Names of alarms that abort the refresh. */
  readonly abortAlarms: readonly string[]
}

export interface GroupSettings {
  readonly min: number
  readonly max: number
  readonly zones: number
  /** From an instance's entry into service until its figures count and the group may shrink. */
  readonly warmupSeconds: number
  /** For simple policies only. */
  readonly cooldownSeconds: number
  readonly healthGraceSeconds: number
  /** Whether the balancer's opinion of an instance counts, not only the machine's. */
  readonly balancerHealth: boolean
  /** The maintenance policy keeps an unhealthy instance until another is ready in its place. */
  readonly launchBeforeEnding: boolean
  readonly refresh: RefreshPreferences
}

export interface TargetSettings {
  readonly healthPath: string
  readonly intervalSeconds: number
  readonly timeoutSeconds: number
  readonly healthyThreshold: number
  readonly unhealthyThreshold: number
  readonly deregistrationSeconds: number
  /** HAProxy's name for the balancer's algorithm. */
  readonly balance: 'leastconn' | 'roundrobin'
}

/** All that the template says of how the web fleet scales. */
export interface ScalingSetup {
  readonly group: GroupSettings
  readonly target: TargetSettings
  readonly alarms: readonly AlarmDefinition[]
  readonly policies: readonly ScalingPolicy[]
  /** Web processes of an instance, each with an event loop; undefined where user data leave it out. */
  readonly webProcesses?: number
}
