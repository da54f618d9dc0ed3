import type { Assumptions } from './assumptions.ts'
import { type DatabaseSize, databaseSize } from './database.ts'
import { type Demand, demandOf } from './demand.ts'
import { type WebFleet, webFleet, type WorkerFleet, workerFleet } from './fleets.ts'
import type { Installed } from './installed.ts'
import type { MeasuredCosts } from './measured-costs.ts'
import { type CostItem, monthlyCost, total } from './monthly-cost.ts'
import type { PriceTable } from './price-table.ts'
import { type Stored, storedMusic } from './storage.ts'

export interface Basis {
  readonly measured: MeasuredCosts
  readonly prices: PriceTable
  readonly installed: Installed
}

export interface Plan {
  readonly listeners: number
  readonly demand: Demand
  readonly web: WebFleet
  readonly worker: WorkerFleet
  readonly database: DatabaseSize
  readonly stored: Stored
  readonly costs: readonly CostItem[]
  readonly totalDollars: number
}

/** What so many listeners need and what it costs in a month. */
export function planFor (a: Assumptions, { measured, prices, installed }: Basis): Plan {
  const demand = demandOf(a, measured)
  const web = webFleet(a, demand, installed)
  const worker = workerFleet(a, measured, installed)
  const database = databaseSize(a, demand, { measured, fleets: { web, worker }, installed, prices })
  const stored = storedMusic(a, measured)
  const costs = monthlyCost(a, { demand, web, worker, database, stored }, { prices, installed })
  return { listeners: a.listeners, demand, web, worker, database, stored, costs, totalDollars: total(costs) }
}
