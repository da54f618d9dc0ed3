import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { CapacityError } from './capacity-error.ts'

/** What requests are told apart by: each costs something else. */
export const routeClasses = ['home', 'browse', 'search', 'track-detail', 'stream', 'play', 'session-refresh', 'sign-in', 'upload-ticket'] as const
export type RouteClass = typeof routeClasses[number]

const Positive = Type.Number({ exclusiveMinimum: 0 })
const RouteCostShape = Type.Object({
  requests: Type.Integer({ minimum: 1 }),
  /** Processor time of the web process, all threads, microseconds a request. */
  webCpuUs: Positive,
  /** Of that, the thread of the event loop: there is one a process. */
  webLoopUs: Positive,
  /** Processor time of all Postgres processes, microseconds a request. */
  databaseCpuUs: Positive,
  p50Ms: Positive,
  p99Ms: Positive,
  /** Of the body as it crosses the wire, compressed. */
  answerBytes: Type.Number({ minimum: 0 }),
  /** What the process logs of it. */
  logBytes: Type.Number({ minimum: 0 })
}, { additionalProperties: false })
export type RouteCost = Static<typeof RouteCostShape>

const RowCostsShape = Type.Object({
  tracks: Type.Integer({ minimum: 1 }),
  /** Tables and indexes, search included. */
  trackBytes: Positive,
  /** Of these, what search reads: it belongs in memory. */
  searchBytesPerTrack: Positive,
  /** Account, two sessions, a playlist of 20, 20 favourites, five ratings. */
  userBytes: Positive,
  playBytes: Positive
}, { additionalProperties: false })
export type RowCosts = Static<typeof RowCostsShape>

const MediaCostsShape = Type.Object({
  measuredAt: Type.String(),
  command: Type.String(),
  tracks: Type.Integer({ minimum: 1 }),
  seconds: Positive,
  /** A minute of sound, by rendition. */
  minuteBytes: Type.Record(Type.String(), Positive),
  /** Originals as they came, a minute. */
  originalMinuteBytes: Positive,
  /** Objects that a track leaves in the store, its original and pictures among them. */
  objectsPerTrack: Positive,
  /** Processor time of reading, measuring and encoding, seconds a minute of sound. */
  cpuSecondsPerMinute: Positive
}, { additionalProperties: false })
export type MediaCosts = Static<typeof MediaCostsShape>

const MachineShape = Type.Object({ processor: Type.String(), cores: Type.Integer({ minimum: 1 }), memoryGiB: Positive, node: Type.String(), postgres: Type.String() })

const MeasuredCostsShape = Type.Object({
  measuredAt: Type.String(),
  command: Type.String(),
  machine: MachineShape,
  concurrency: Type.Integer({ minimum: 1 }),
  routes: Type.Object(Object.fromEntries(routeClasses.map((name) => [name, RouteCostShape])) as Record<RouteClass, typeof RouteCostShape>, { additionalProperties: false }),
  database: RowCostsShape,
  media: MediaCostsShape
}, { additionalProperties: false })
export type MeasuredCosts = Static<typeof MeasuredCostsShape>

export const measuredCostsFile = join(import.meta.dirname, 'measured-costs.json')
/** After this many days a figure says little of the code of today. */
const freshDays = 180

/**
 * What `npm run bench:requests` wrote last.
 * @throws CapacityError naming the file and what is wrong in it
 */
export function readMeasuredCosts (file: string = measuredCostsFile): MeasuredCosts {
  try {
    const costs = Value.Parse(MeasuredCostsShape, JSON.parse(readFileSync(file, 'utf8')))
    for (const at of [costs.measuredAt, costs.media.measuredAt]) if (Number.isNaN(Date.parse(at))) throw new Error(`measuredAt is “${at}”, which is no date`)
    return costs
  } catch (error) {
    throw new CapacityError(`the measured costs ${file} can’t be used: ${error instanceof Error ? error.message : String(error)}; measure again with npm run bench:requests`)
  }
}

/** Sentences about figures that should be measured again. */
export function staleMeasurements ({ measuredAt, media }: MeasuredCosts, now: Date): string[] {
  const old = (at: string) => now.getTime() - Date.parse(at) > freshDays * 86_400_000
  return [
    ...(old(measuredAt) ? [`request costs are of ${measuredAt.slice(0, 10)}, older than ${freshDays} days: run npm run bench:requests`] : []),
    ...(old(media.measuredAt) ? [`media costs are of ${media.measuredAt.slice(0, 10)}, older than ${freshDays} days: run npm run bench:requests -- --music FOLDER`] : [])
  ]
}
