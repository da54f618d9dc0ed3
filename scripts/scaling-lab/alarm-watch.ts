import { type AlarmState, evaluateAlarm, evaluationRange } from './alarm.ts'
import type { MetricStore } from './metrics.ts'
import type { AlarmDefinition } from './policies.ts'

const standardEverySeconds = 60
const highResolutionEverySeconds = 10
const actionEverySeconds = 60

/** The newest real points that decided, as the alarm's message carries them. */
export interface AlarmMessage { readonly alarm: AlarmDefinition, readonly points: readonly number[] }

/**
 * An alarm over time: evaluated once a minute, or every 10 s if its period is shorter; an action of Auto Scaling is invoked at the
 * change to ALARM and then once a minute as long as it stays. Source: CloudWatch user guide, "Alarm actions".
 */
export class AlarmWatch {
  readonly definition: AlarmDefinition
  #state: AlarmState = 'INSUFFICIENT_DATA'
  #nextAt = 0
  #actedAt = -Infinity

  constructor (definition: AlarmDefinition) {
    this.definition = definition
  }

  get state (): AlarmState { return this.#state }

  /** The message to the policies if there is one at this moment. */
  tick (now: number, metrics: MetricStore): AlarmMessage | undefined {
    if (now < this.#nextAt) return undefined
    const { metric, rule } = this.definition
    const every = metric.periodSeconds < standardEverySeconds ? highResolutionEverySeconds : standardEverySeconds
    this.#nextAt = Math.floor(now / every) * every + every
    const points = metrics.periods(metric, evaluationRange(rule), now)
    const before = this.#state
    this.#state = evaluateAlarm(rule, points, before)
    if (this.#state !== 'ALARM') return undefined
    if (before === 'ALARM' && now - this.#actedAt < actionEverySeconds) return undefined
    this.#actedAt = now
    return { alarm: this.definition, points: points.filter((point) => point !== null).slice(-rule.evaluationPeriods) }
  }
}
