import type { Assumptions } from './assumptions.ts'
import type { Demand } from './demand.ts'
import type { WebFleet, WorkerFleet } from './fleets.ts'
import { databaseClasses, defaultMaxConnections, type InstanceType } from './instance-types.ts'
import type { Installed } from './installed.ts'
import type { MeasuredCosts } from './measured-costs.ts'
import type { PriceTable } from './price-table.ts'

export interface DatabaseSize {
  readonly class: InstanceType
  /** False when no class there is has the processors, the memory or the connections: then `class` is the largest. */
  readonly fits: boolean
  /** Over all regions; at least one in every region beside the primary. */
  readonly replicas: number
  readonly storageGiB: number
  /** Of it, plays. */
  readonly playsGiB: number
  readonly searchGiB: number
  /** Search index and the rows in use: what memory should hold. */
  readonly hotGiB: number
  readonly iops: number
  readonly connections: number
  readonly maxConnections: number
  readonly writerCores: number
}

/** RDS for PostgreSQL allows so many replicas of one writer. */
const mostReplicas = 15
const gib = 2 ** 30
/** Connections beside the pool that a process holds: listening for notifications, and the queue. */
const besidePool = 2
/** Of a class's memory for shared buffers and the file cache; the rest is connections and the system. */
const cacheShare = 0.75
const connectionsShare = 0.8
/** Smallest volume that RDS offers for gp3. */
const leastStorageGiB = 20
const smallVolumeGiB = 400

/** gp3 of RDS for PostgreSQL: what a volume of this size gives without extra charge. */
export function baselineIops (storageGiB: number): number {
  return storageGiB < smallVolumeGiB ? 3_000 : 12_000
}

interface Fleets {
  readonly web: WebFleet
  readonly worker: WorkerFleet
}

interface Load {
  readonly a: Assumptions
  readonly demand: Demand
  readonly connections: number
  readonly hotGiB: number
}

/** The cheapest class with the fewest replicas that carries the peak. */
export function databaseSize (a: Assumptions, demand: Demand, { measured, fleets, installed, prices }: { readonly measured: MeasuredCosts, readonly fleets: Fleets, readonly installed: Installed, readonly prices: PriceTable }): DatabaseSize {
  const rows = rowsGiB(a, demand, measured)
  const load: Load = { a, demand, connections: connectionsOf(fleets, installed), hotGiB: rows.hot }
  const classes = databaseClasses(prices)
  const choices = classes.flatMap((type) => replicaCounts(a.regions).map((replicas) => ({ type, replicas, price: prices.cost(`rds.${type.name}`, (installed.multiAz ? 2 : 1) + replicas) })))
  const fitting = choices.filter(({ type, replicas }) => carries(load, type, replicas)).toSorted((x, y) => x.price - y.price)[0]
  const largest = classes.toSorted((x, y) => y.vcpus - x.vcpus)[0]
  const chosen = fitting?.type ?? largest
  if (chosen === undefined) throw new Error('the price table has no database class')
  const replicas = fitting?.replicas ?? mostReplicas
  return {
    class: chosen,
    fits: fitting !== undefined,
    replicas,
    storageGiB: Math.max(leastStorageGiB, Math.ceil(rows.all)),
    playsGiB: rows.plays,
    searchGiB: rows.search,
    hotGiB: rows.hot,
    iops: Math.ceil(demand.writesPerSecond * a.iopsPerWrite + demand.readsPerSecond * a.iopsPerRead),
    connections: load.connections,
    maxConnections: defaultMaxConnections(chosen),
    writerCores: writerCores(load, replicas)
  }
}

function replicaCounts (regions: number): number[] {
  return Array.from({ length: mostReplicas - regions + 2 }, (_, extra) => regions - 1 + extra)
}

/** Without a replica the writer does it all; with replicas it keeps the writes and what must be exact. */
function writerCores ({ demand }: Pick<Load, 'demand'>, replicas: number): number {
  return replicas === 0 ? demand.databaseCores : demand.databaseCores - demand.replicableCores
}

function carries (load: Load, type: InstanceType, replicas: number): boolean {
  const usable = type.vcpus * load.a.databaseCpuPercent / 100
  return writerCores(load, replicas) <= usable &&
    (replicas === 0 || load.demand.replicableCores / replicas <= usable) &&
    load.hotGiB <= type.memoryGiB * cacheShare &&
    load.connections <= defaultMaxConnections(type) * connectionsShare
}

function connectionsOf ({ web, worker }: Fleets, { connectionsPerProcess, webProcesses }: Installed): number {
  return (web.atPeak * webProcesses + Math.max(worker.atPeak, worker.importInstances)) * (connectionsPerProcess + besidePool)
}

function rowsGiB (a: Assumptions, demand: Demand, { database }: MeasuredCosts) {
  const scaled = (bytes: number) => bytes * a.bloatFactor / gib
  const tracks = scaled(a.tracks * database.trackBytes)
  const users = scaled(a.listeners * a.accountsPerListener * database.userBytes)
  const playsOfMonth = scaled(demand.tracksPlayed * database.playBytes)
  const search = scaled(a.tracks * database.searchBytesPerTrack)
  const plays = playsOfMonth * a.historyMonths
  // Of plays only the newest are looked at, and written.
  const hot = search + (tracks - search + users + playsOfMonth) * a.hotRowsPercent / 100
  return { all: tracks + users + plays, plays, search, hot }
}
