import { LabError } from './lab-error.ts'

export interface Incident { readonly atMinute: number, readonly what: 'kill' | 'slow' | 'refresh' }

export interface Scenario {
  readonly name: string
  readonly says: string
  readonly minutes: number
  /** Load as a multiple of what the smallest fleet carries at ease. */
  readonly load: (minute: number) => number
  readonly incidents: readonly Incident[]
  /** From when recovery is timed. */
  readonly beginsAtMinute: number
  /** The last minutes, in which the load has long been steady: CPU is judged there. Undefined: nothing to judge. */
  readonly steadyFromMinute?: number
}

const calm = 4
const step = (factor: number) => (minute: number) => minute < calm ? 1 : factor
const none: readonly Incident[] = []

/** The scenarios of the lab. All begin with a settled fleet. */
export const scenarios: readonly Scenario[] = [
  { name: 'doubling', says: 'twice the load within ten minutes', minutes: 40, load: (minute) => 1 + Math.min(1, Math.max(0, (minute - calm) / 10)), incidents: none, beginsAtMinute: calm, steadyFromMinute: 32 },
  { name: 'step', says: 'four times the load from one second to the next', minutes: 60, load: step(4), incidents: none, beginsAtMinute: calm, steadyFromMinute: 50 },
  { name: 'flash-crowd', says: 'eight times the load at once, for 20 minutes', minutes: 70, load: (minute) => minute >= calm && minute < calm + 20 ? 8 : 1, incidents: none, beginsAtMinute: calm },
  { name: 'decline', says: 'from four times the load down to one within 40 minutes', minutes: 70, load: (minute) => 4 - 3 * Math.min(1, Math.max(0, (minute - calm) / 40)), incidents: none, beginsAtMinute: calm, steadyFromMinute: 64 },
  { name: 'slow-instance', says: 'one of the instances takes five times as long for everything', minutes: 25, load: () => 2, incidents: [{ atMinute: calm, what: 'slow' }], beginsAtMinute: calm },
  { name: 'killed-instance', says: 'kill -9 of an instance', minutes: 20, load: () => 2, incidents: [{ atMinute: calm, what: 'kill' }], beginsAtMinute: calm },
  { name: 'refresh', says: 'a rolling refresh of all instances under twice the load', minutes: 30, load: () => 2, incidents: [{ atMinute: calm, what: 'refresh' }], beginsAtMinute: calm, steadyFromMinute: 25 }
]

/** The scenarios a name stands for; `all` for every one. */
export function scenariosNamed (name: string): readonly Scenario[] {
  if (name === 'all') return scenarios
  const names = name.split(',')
  const unknown = names.find((one) => !scenarios.some((scenario) => scenario.name === one))
  const found = scenarios.filter((scenario) => names.includes(scenario.name))
  if (unknown !== undefined) throw new LabError(`no scenario ${unknown}; there are ${scenarios.map((scenario) => scenario.name).join(', ')} and all`)
  return found
}
