import type { Assumptions } from './assumptions.ts'
import { baselineIops, type DatabaseSize } from './database.ts'
import type { Demand } from './demand.ts'
import type { WebFleet, WorkerFleet } from './fleets.ts'
import type { Installed } from './installed.ts'
import type { PriceTable } from './price-table.ts'
import type { Stored } from './storage.ts'

export interface CostItem {
  readonly item: string
  readonly dollars: number
}

export interface Sized {
  readonly demand: Demand
  readonly web: WebFleet
  readonly worker: WorkerFleet
  readonly database: DatabaseSize
  readonly stored: Stored
}

const hours = 730
/** As infra/ makes them in a region: interface endpoints a zone, secrets, keys, alarms, and series of metrics. */
const inRegion = { endpoints: 4, secrets: 4, keys: 3, alarms: 24, metrics: 120 } as const
const webAclRules = 6

/**
 * By item, the dearest first; instances as auto scaling follows the load, everything else as it stands. Of what
 * Intelligent-Tiering keeps, originals are taken for rarely read and renditions for often read.
 */
export function monthlyCost (a: Assumptions, sized: Sized, { prices, installed }: { readonly prices: PriceTable, readonly installed: Installed }): CostItem[] {
  const items: CostItem[] = [
    { item: 'delivery: bytes', dollars: deliveredBytes(a, sized.demand, prices) },
    { item: 'delivery: requests', dollars: prices.cost('cloudfront.request', Math.max(0, requests(sized.demand) - prices.cost('cloudfront.freeRequests', 1))) },
    { item: 'web instances', dollars: prices.cost(`ec2.${sized.web.instance.name}`, sized.web.onAverage * hours) + prices.cost('ebs.gp3Gb', sized.web.onAverage * installed.dataVolumeGiB.web) },
    { item: 'workers (Spot)', dollars: prices.cost(`ec2.${sized.worker.instance.name}`, sized.worker.onAverage * hours) * prices.cost('ec2.spotShare', 1) + prices.cost('ebs.gp3Gb', sized.worker.onAverage * installed.dataVolumeGiB.worker) },
    { item: 'database', dollars: databaseCost(sized.database, { prices, installed }) },
    { item: 'storage: originals', dollars: prices.cost('s3.infrequentGb', sized.stored.originalsGb * a.regions) + prices.cost('s3.glacierInstantGb', sized.stored.originalsGb) },
    { item: 'storage: renditions', dollars: a.regions * prices.cost('s3.standardGb', sized.stored.renditionsGb) },
    { item: 'storage: requests and copies', dollars: storageRequests(a, sized, prices) },
    { item: 'load balancers', dollars: loadBalancers(a, sized.demand, prices) },
    { item: 'network: endpoints, NAT', dollars: network(a, installed, prices) },
    { item: 'web application firewall', dollars: prices.cost('waf.webAcl', 1) + prices.cost('waf.rule', webAclRules) + prices.cost('waf.request', requests(sized.demand)) },
    { item: 'logs, metrics, alarms', dollars: observability(a, sized.demand, prices) },
    { item: 'queue, secrets, keys, DNS', dollars: smallThings(a, sized.stored, prices) }
  ]
  return items.toSorted((x, y) => y.dollars - x.dollars)
}

export function total (items: readonly CostItem[]): number {
  return items.reduce((sum, { dollars }) => sum + dollars, 0)
}

function requests ({ apiCalls, mediaRequests }: Demand): number {
  return apiCalls + mediaRequests
}

/** The free terabyte comes off the first region's. */
function deliveredBytes ({ asiaPacificPercent }: Assumptions, { mediaBytes, otherBytes }: Demand, prices: PriceTable): number {
  const gb = (mediaBytes + otherBytes) / 1e9
  const asiaPacific = gb * asiaPacificPercent / 100
  const charged = Math.max(0, gb - asiaPacific - prices.cost('cloudfront.freeGb', 1))
  return prices.cost('cloudfront.dataGb.usEurope', charged) + prices.cost('cloudfront.dataGb.asiaPacific', asiaPacific)
}

/** Multi-AZ pays instance, volume and IOPS twice; each replica has its own. */
function databaseCost ({ class: { name }, replicas, storageGiB, iops }: DatabaseSize, { prices, installed }: { readonly prices: PriceTable, readonly installed: Installed }): number {
  const copies = (installed.multiAz ? 2 : 1) + replicas
  const extraIops = Math.max(0, iops - baselineIops(storageGiB))
  return copies * (prices.cost(`rds.${name}`, hours) + prices.cost('rds.gp3Gb', storageGiB) + prices.cost('rds.gp3Iops', extraIops))
}

function storageRequests (a: Assumptions, { demand, stored }: Sized, prices: PriceTable): number {
  const copies = a.regions
  return prices.cost('s3.put', stored.newObjects * (copies + 1)) +
    prices.cost('s3.tieredObject', stored.objects * copies) +
    prices.cost('s3.get', demand.mediaRequests * (1 - a.edgeHitPercent / 100)) +
    prices.cost('transfer.betweenRegionsGb', stored.newGb * (copies - 1))
}

/** The largest of an LCU's measures counts: here bytes, or new connections where a quarter of the calls opens one. */
function loadBalancers (a: Assumptions, { meanRequestsPerSecond, otherBytes }: Demand, prices: PriceTable): number {
  const lcus = Math.max(otherBytes / 1e9 / hours, meanRequestsPerSecond / 4 / 25)
  return prices.cost('alb.hour', a.regions * hours) + prices.cost('alb.lcuHour', lcus * hours)
}

/** The primary has no NAT gateway; another region has one a zone, to reach the primary's bucket and queue. */
function network (a: Assumptions, { zones }: Installed, prices: PriceTable): number {
  return prices.cost('vpcEndpoint.hour', a.regions * inRegion.endpoints * zones * hours) + prices.cost('nat.hour', (a.regions - 1) * zones * hours)
}

function observability (a: Assumptions, { logBytes }: Demand, prices: PriceTable): number {
  return prices.cost('cloudwatch.logGb', logBytes / 1e9) + a.regions * (prices.cost('cloudwatch.metric', inRegion.metrics) + prices.cost('cloudwatch.alarm', inRegion.alarms))
}

function smallThings (a: Assumptions, { newObjects }: Stored, prices: PriceTable): number {
  // A job is sent, received and deleted; an idle queue is asked every 20 s by each of a few workers.
  const queueRequests = newObjects * 3 + 3 * 730 * 180
  return prices.cost('sqs.request', queueRequests) + a.regions * (prices.cost('secretsManager.secret', inRegion.secrets) + prices.cost('kms.key', inRegion.keys) + prices.cost('route53.healthCheck', 1)) + prices.cost('route53.zone', 1)
}
