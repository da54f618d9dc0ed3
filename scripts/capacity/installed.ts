import { type StageName, stages } from '../../infra/settings.ts'
import { CapacityError } from './capacity-error.ts'

/** What infra/settings.ts deploys for a stage: the starting point, and the limits that growth meets. */
export interface Installed {
  readonly stage: string
  readonly regions: number
  readonly zones: number
  readonly webInstance: string
  readonly webProcesses: number
  readonly webMax: number
  readonly workerInstance: string
  readonly databaseClass: string
  readonly databaseMaxStorageGiB: number
  readonly maxConnections: number
  readonly connectionsPerProcess: number
  readonly multiAz: boolean
  readonly monthlyBudgetUsd: number
  readonly dataVolumeGiB: { readonly web: number, readonly worker: number }
}

/** @throws CapacityError naming the stages there are */
export function installedAs (name: string): Installed {
  const stage = Object.hasOwn(stages, name) ? stages[name as StageName] : undefined
  if (stage === undefined) throw new CapacityError(`--stage must be one of ${Object.keys(stages).join(', ')}, not “${name}”`)
  const { primary, others, database } = stage
  const [workerInstance = stage.webInstance] = stage.workerInstances
  return {
    stage: name,
    regions: 1 + others.length,
    zones: primary.zones.length,
    webInstance: stage.webInstance,
    webProcesses: stage.webProcesses,
    webMax: [primary, ...others].reduce((sum, { web }) => sum + web.max, 0),
    workerInstance,
    databaseClass: database.instanceClass,
    databaseMaxStorageGiB: database.databaseMaxStorageGiB,
    maxConnections: database.maxConnections,
    connectionsPerProcess: database.connectionsPerProcess,
    multiAz: database.multiAz,
    monthlyBudgetUsd: stage.monthlyBudgetUsd,
    dataVolumeGiB: stage.dataVolumeGiB
  }
}
