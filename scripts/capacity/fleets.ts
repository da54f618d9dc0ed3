import type { Assumptions } from './assumptions.ts'
import type { Demand } from './demand.ts'
import { secondsPerMonth } from './demand.ts'
import { type InstanceType, instanceType } from './instance-types.ts'
import type { Installed } from './installed.ts'
import type { MeasuredCosts } from './measured-costs.ts'

export interface Fleet {
  readonly instance: InstanceType
  /** Over all regions, at the busiest time. */
  readonly atPeak: number
  /** On average, as auto scaling follows the load: what is paid for. */
  readonly onAverage: number
}
export interface WebFleet extends Fleet {
  /** What one instance answers a second at the processor load it is held at. */
  readonly requestsPerSecondPerInstance: number
}
export interface WorkerFleet extends Fleet {
  /** To bring in the whole archive once: instances at a time, and hours in all. */
  readonly importInstances: number
  readonly importHours: number
}

/** A region needs as many as the load asks for, one more in case one is lost, and at least one in each zone. */
export function instancesFor (needed: number, zones: number): number {
  return Math.max(zones, Math.ceil(round(needed)) + 1)
}

/** A thousandth of an instance is not a reason for another one: it is rounding. */
function round (needed: number): number {
  return Math.round(needed * 1_000) / 1_000
}

export function webFleet (a: Assumptions, demand: Demand, installed: Installed): WebFleet {
  const instance = instanceType(installed.webInstance)
  // Whichever is used up first: all processors at the load they are held at, or those that the event loops run on.
  const needed = Math.max(demand.webCores / (instance.vcpus * a.cpuPercent / 100), demand.webLoopCores / (installed.webProcesses * a.eventLoopPercent / 100))
  return {
    instance,
    atPeak: a.regions * instancesFor(needed / a.regions, installed.zones),
    onAverage: a.regions * instancesFor(needed / a.regions / a.peakFactor, installed.zones),
    requestsPerSecondPerInstance: needed === 0 ? 0 : demand.peakRequestsPerSecond / needed
  }
}

/** One is always there; new tracks keep it busy for a part of the month, the first import needs many for a while. */
export function workerFleet (a: Assumptions, measured: MeasuredCosts, installed: Installed): WorkerFleet {
  const instance = instanceType(installed.workerInstance)
  const secondsPerTrack = a.trackMinutes * measured.media.cpuSecondsPerMinute / a.coreRatio / instance.vcpus
  const newTracks = a.tracks * a.newTracksPercent / 100
  const steady = Math.max(1, Math.ceil(round(newTracks * secondsPerTrack / secondsPerMonth)))
  const importHours = a.tracks * secondsPerTrack / 3_600
  // New music comes in office hours: a quarter of the month does all of it.
  return { instance, atPeak: Math.max(1, Math.ceil(round(newTracks * secondsPerTrack / secondsPerMonth * 4))), onAverage: steady, importInstances: Math.max(1, Math.ceil(round(importHours / 24 / a.importDays))), importHours }
}
