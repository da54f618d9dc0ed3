import type { Assumptions } from './assumptions.ts'
import { type MeasuredCosts, type RouteClass, routeClasses } from './measured-costs.ts'

export const secondsPerMonth = 730 * 3_600

/** What listeners ask of the service in a month, and at the busiest second of it. */
export interface Demand {
  readonly tracksPlayed: number
  readonly apiCalls: number
  readonly mediaRequests: number
  readonly meanRequestsPerSecond: number
  readonly peakRequestsPerSecond: number
  /** Sound alone, bytes a month. */
  readonly mediaBytes: number
  /** API answers, pages and pictures, bytes a month. */
  readonly otherBytes: number
  readonly peakGbitPerSecond: number
  /** Processors that the calls keep busy at the peak: the web processes’, and the database’s for each kind of call. */
  readonly webCores: number
  /** Of these, what only event loops can do. */
  readonly webLoopCores: number
  readonly databaseCores: number
  /** Of these, what a replica may do: browse and search. */
  readonly replicableCores: number
  readonly writesPerSecond: number
  readonly readsPerSecond: number
  readonly logBytes: number
}

/** A replica may answer these, behind the check that it has seen the session’s last write. */
const replicable: readonly RouteClass[] = ['home', 'browse', 'search', 'track-detail']
const writing: readonly RouteClass[] = ['play', 'session-refresh', 'sign-in', 'upload-ticket']

export function demandOf (a: Assumptions, measured: MeasuredCosts): Demand {
  const tracksPlayed = a.listeners * a.hours * 60 / a.trackMinutes
  const apiCalls = tracksPlayed * a.callsPerTrack
  const mediaBytes = a.listeners * a.hours * 3_600 * a.bitrate * 1_000 / 8
  const meanRequestsPerSecond = apiCalls / secondsPerMonth
  const peakRequestsPerSecond = meanRequestsPerSecond * a.peakFactor
  const perCall = (cost: 'webCpuUs' | 'webLoopUs' | 'databaseCpuUs' | 'answerBytes' | 'logBytes', kinds: readonly RouteClass[] = routeClasses) =>
    kinds.reduce((sum, kind) => sum + a.mix[kind] * measured.routes[kind][cost], 0)
  const cores = (cpuUs: number) => peakRequestsPerSecond * cpuUs / 1e6 / a.coreRatio
  const otherBytes = apiCalls * perCall('answerBytes') + tracksPlayed * a.otherKbPerTrack * 1_000
  const writes = peakRequestsPerSecond * writing.reduce((sum, kind) => sum + a.mix[kind], 0)
  return {
    tracksPlayed,
    apiCalls,
    mediaRequests: tracksPlayed * a.mediaRequestsPerTrack,
    meanRequestsPerSecond,
    peakRequestsPerSecond,
    mediaBytes,
    otherBytes,
    peakGbitPerSecond: (mediaBytes + otherBytes) * 8 / secondsPerMonth * a.peakFactor / 1e9,
    webCores: cores(perCall('webCpuUs')),
    webLoopCores: cores(perCall('webLoopUs')),
    databaseCores: cores(perCall('databaseCpuUs')),
    replicableCores: cores(perCall('databaseCpuUs', replicable)),
    writesPerSecond: writes,
    readsPerSecond: peakRequestsPerSecond - writes,
    logBytes: apiCalls * perCall('logBytes')
  }
}
