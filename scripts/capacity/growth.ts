import type { Assumptions } from './assumptions.ts'
import { instanceType } from './instance-types.ts'
import type { Installed } from './installed.ts'
import { type Basis, type Plan, planFor } from './plan.ts'

export interface Limit {
  readonly name: string
  /** Months from now until it is met, or undefined within the time looked at. */
  readonly month: number | undefined
  readonly value: string
  readonly advice: string
}
export interface Growth {
  readonly plans: ReadonlyArray<{ readonly month: number, readonly plan: Plan }>
  /** Those that are met, the first first, then the others. */
  readonly limits: readonly Limit[]
}

const halfYears = 6
const monthsPerStep = 6

/** Demand doubles every six months for three years, 64 times as much in the end; the archive grows by its own share. */
export function growthOf (a: Assumptions, basis: Basis): Growth {
  const plans = Array.from({ length: halfYears + 1 }, (_, step) => {
    const month = step * monthsPerStep
    const tracks = a.tracks * (1 + a.newTracksPercent / 100) ** month
    return { month, plan: planFor({ ...a, tracks, listeners: a.listeners * 2 ** step }, basis) }
  })
  const limits = limitsOf(basis).map(({ met, ...limit }) => ({ ...limit, month: plans.find(({ plan }) => met(plan))?.month }))
  return { plans, limits: limits.toSorted((x, y) => (x.month ?? Infinity) - (y.month ?? Infinity)) }
}

interface LimitRule extends Omit<Limit, 'month'> {
  met (plan: Plan): boolean
}

const connectionAlarmShare = 0.8
/** Quotas a new account has, or near them; both are raised on request, which takes days. */
const quotas = { fleetVcpus: 64, edgeRequestsPerSecond: 250_000, edgeGbitPerSecond: 150, targets: 1_000 } as const
/** The largest volume of RDS for PostgreSQL. */
const largestVolumeGiB = 65_536
/** Where a private agreement on the price of delivery begins to be offered. */
const agreementTb = 10

function limitsOf ({ installed, prices }: Basis): LimitRule[] {
  const installedClass = instanceType(installed.databaseClass)
  const tierTb = prices.tiers('cloudfront.dataGb.usEurope').flatMap(({ upTo }) => upTo === null ? [] : [upTo / 1_024])
  return [
    ...databaseLimits(installed, installedClass),
    ...fleetLimits(installed),
    ...tierTb.map((tb): LimitRule => ({
      name: `egress tier above ${tb.toLocaleString('en-GB')} TB`,
      value: `${tb.toLocaleString('en-GB')} TB a month`,
      met: ({ demand }) => (demand.mediaBytes + demand.otherBytes) / 1e9 / 1_024 > tb,
      advice: tb <= agreementTb ? 'ask for a private price: from here on the provider agrees on one for a yearly commitment' : 'the next gigabyte is cheaper; compare with the private price; lower the default bitrate, lengthen client caching'
    })),
    {
      name: 'edge quota',
      value: `${quotas.edgeRequestsPerSecond.toLocaleString('en-GB')} requests/s or ${quotas.edgeGbitPerSecond} Gbit/s`,
      met: ({ demand }) => demand.peakGbitPerSecond > quotas.edgeGbitPerSecond || demand.peakRequestsPerSecond > quotas.edgeRequestsPerSecond,
      advice: 'ask for higher quotas of the distribution weeks before; a second distribution is the way round'
    },
    {
      name: 'budget',
      value: `$${installed.monthlyBudgetUsd.toLocaleString('en-GB')} a month`,
      met: ({ totalDollars }) => totalDollars > installed.monthlyBudgetUsd,
      advice: 'the billing alarm goes off: raise monthlyBudgetUsd on purpose, or lower the bitrate'
    }
  ]
}

function databaseLimits (installed: Installed, installedClass: { readonly memoryGiB: number, readonly vcpus: number }): LimitRule[] {
  return [
    {
      name: 'database class',
      value: installed.databaseClass,
      met: ({ database }) => database.class.vcpus > installedClass.vcpus || database.class.memoryGiB > installedClass.memoryGiB,
      advice: 'set database.instanceClass in infra/settings.ts to the class of that row and deploy in a quiet hour: Multi-AZ fails over in a minute or two'
    },
    {
      name: 'single writer',
      value: 'the largest class',
      met: ({ database }) => !database.fits,
      advice: 'take plays off the request: send them to the queue and write them in batches (they are most of the writes), then a database of their own; then one writer a home region'
    },
    {
      name: 'connections',
      value: `${connectionAlarmShare * 100} % of ${installed.maxConnections}`,
      met: ({ database }) => database.connections > installed.maxConnections * connectionAlarmShare,
      advice: 'lower database.connectionsPerProcess, raise maxConnections with the class, or put RDS Proxy between (LISTEN needs direct connections)'
    },
    {
      name: 'search index in memory',
      value: `a quarter of ${installedClass.memoryGiB} GiB`,
      met: ({ database }) => database.searchGiB > installedClass.memoryGiB / 4,
      advice: 'a class with more memory; search reads every page of its small indexes'
    },
    {
      name: 'database volume',
      value: `${installed.databaseMaxStorageGiB.toLocaleString('en-GB')} GiB`,
      met: ({ database }) => database.storageGiB > installed.databaseMaxStorageGiB,
      advice: 'plays fill it: keep fewer months, or partition them by month and move old ones to the bucket; meanwhile raise databaseMaxStorageGiB'
    },
    {
      name: 'largest volume there is',
      value: `${largestVolumeGiB.toLocaleString('en-GB')} GiB`,
      met: ({ database }) => database.storageGiB > largestVolumeGiB,
      advice: 'plays must have left the database by now'
    }
  ]
}

function fleetLimits (installed: Installed): LimitRule[] {
  return [
    {
      name: 'web fleet’s maximum',
      value: `${installed.webMax} instances`,
      met: ({ web }) => web.atPeak > installed.webMax,
      advice: 'raise web.max of each region in infra/settings.ts'
    },
    {
      name: 'quota of processors',
      value: `${quotas.fleetVcpus} vCPUs in a region`,
      met: ({ web, worker }) => (web.atPeak / installed.regions) * web.instance.vcpus + worker.atPeak * worker.instance.vcpus > quotas.fleetVcpus,
      advice: 'ask for more in Service Quotas, on-demand and Spot apart, before you need them'
    },
    {
      name: 'targets of a load balancer',
      value: `${quotas.targets.toLocaleString('en-GB')} instances in a region`,
      met: ({ web }) => web.atPeak / installed.regions > quotas.targets,
      advice: 'larger instances with a process a core, or a second load balancer'
    }
  ]
}
