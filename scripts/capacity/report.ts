import { assumptionNames, assumptions, type Assumptions, optionOf } from './assumptions.ts'
import type { Growth } from './growth.ts'
import type { MeasuredCosts } from './measured-costs.ts'
import { staleMeasurements } from './measured-costs.ts'
import type { Basis, Plan } from './plan.ts'

/** Three figures, with thousands: 1,150 or 0.0231. */
export function figure (value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  const rounded = digits === 0 ? Math.round(value) : Number(value.toFixed(Math.min(6, digits)))
  return rounded.toLocaleString('en-GB', { maximumFractionDigits: 6 })
}

/** As the providers count: 1 TB is 1,024 GB of 1e9 bytes. */
export function bytes (value: number): string {
  const gb = value / 1e9
  const [size, unit] = gb >= 1_024 ** 2 ? [gb / 1_024 ** 2, 'PB'] : gb >= 1_024 ? [gb / 1_024, 'TB'] : [gb, 'GB']
  return `${size === 0 ? '0' : size.toPrecision(3)} ${unit}`
}

export function dollars (value: number): string {
  return `$${Math.round(value).toLocaleString('en-GB')}`
}

/** First column to the left, the others to the right. */
export function table (rows: ReadonlyArray<readonly string[]>): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...row[column] ?? ''].length)))
  return rows.map((row) => row.map((cell, column) => column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)).join('   ').trimEnd()).join('\n')
}

export function plansReport (plans: readonly Plan[], basis: Basis): string {
  const row = (name: string, cell: (plan: Plan) => string) => [name, ...plans.map(cell)]
  const costOf = (plan: Plan, item: string) => plan.costs.find((cost) => cost.item === item)?.dollars ?? 0
  const byDearest = plans.at(-1)?.costs.map(({ item }) => item) ?? []
  return [
    table([
      row('listeners a month', ({ listeners }) => figure(listeners)),
      row('requests a second, peak', ({ demand }) => figure(demand.peakRequestsPerSecond)),
      row('delivered a month', ({ demand }) => bytes(demand.mediaBytes + demand.otherBytes)),
      row('delivered at the peak', ({ demand }) => `${figure(demand.peakGbitPerSecond)} Gbit/s`),
      row(`web, ${basis.installed.webInstance}: peak / average`, ({ web }) => `${figure(web.atPeak)} / ${figure(web.onAverage)}`),
      row('  requests/s one of them answers', ({ web }) => figure(web.requestsPerSecondPerInstance)),
      row(`workers, ${basis.installed.workerInstance}: peak / average`, ({ worker }) => `${figure(worker.atPeak)} / ${figure(worker.onAverage)}`),
      row('  first import', ({ worker }) => `${figure(worker.importInstances)} for ${figure(worker.importHours)} h in all`),
      row('database class', ({ database }) => database.fits ? database.class.name : `none is enough (${database.class.name})`),
      row('  read replicas', ({ database }) => figure(database.replicas)),
      row('  volume, of it plays', ({ database }) => `${figure(database.storageGiB)}, ${figure(database.playsGiB)} GiB`),
      row('  wanted in memory, of it search', ({ database }) => `${figure(database.hotGiB)}, ${figure(database.searchGiB)} GiB`),
      row('  IOPS at the peak', ({ database }) => figure(database.iops)),
      row('  connections, of at most', ({ database }) => `${figure(database.connections)}, ${figure(database.maxConnections)}`),
      row('originals, once', ({ stored }) => bytes(stored.originalsGb * 1e9)),
      row('renditions, once', ({ stored }) => bytes(stored.renditionsGb * 1e9)),
      row('new a month', ({ stored }) => bytes(stored.newGb * 1e9))
    ]),
    '',
    table([
      row('dollars a month', () => ''),
      ...byDearest.map((item) => row(`  ${item}`, (plan) => dollars(costOf(plan, item)))),
      row('  all', ({ totalDollars }) => dollars(totalDollars)),
      row('  a listener', ({ listeners, totalDollars }) => listeners === 0 ? '–' : `$${(totalDollars / listeners).toFixed(4)}`)
    ])
  ].join('\n')
}

export function growthReport ({ plans, limits }: Growth): string {
  const rows = plans.map(({ month, plan: { listeners, demand, web, database, totalDollars } }) => [
    `month ${month}`, figure(listeners), figure(demand.peakRequestsPerSecond), bytes(demand.mediaBytes + demand.otherBytes), figure(web.atPeak),
    database.fits ? database.class.name : 'none is enough', figure(database.replicas), `${figure(database.storageGiB)} GiB`, figure(database.connections), dollars(totalDollars)
  ])
  const met = limits.filter(({ month }) => month !== undefined)
  const unmet = limits.filter(({ month }) => month === undefined)
  return [
    table([['demand doubles every 6 months', 'listeners', 'requests/s', 'delivered', 'web', 'database', 'replicas', 'volume', 'connections', 'a month'], ...rows]),
    '',
    'Limits, in the order in which they are met:',
    ...met.map(({ name, month, value, advice }) => `  month ${String(month).padStart(2)}  ${name} (${value}): ${advice}`),
    ...(unmet.length === 0 ? [] : [`  not within 36 months: ${unmet.map(({ name }) => name).join(', ')}`])
  ].join('\n')
}

export function assumptionsReport (a: Assumptions): string {
  const mix = Object.entries(a.mix).map(([name, share]) => `${name} ${(share * a.callsPerTrack).toFixed(2)}`).join(', ')
  return [
    'Assumed (each can be set):',
    table(assumptionNames.map((name) => [`  --${optionOf(name)}`, figure(a[name]), `${assumptions[name].unit} ${assumptions[name].meaning}`]).map(([option = '', value = '', meaning = '']) => [option.padEnd(28) + value.padStart(12) + ' ' + meaning])),
    `  --mix, calls a track: ${mix}`,
    '  In each region one instance more than the load needs, and one a zone at least; where one zone of three is lost, the others carry half as much again until the group has replaced it.'
  ].join('\n')
}

export function basisReport ({ measured, prices }: Basis, now: Date): string {
  const stale = prices.stale(now)
  const unchecked = prices.unchecked()
  return [
    `Measured ${measured.measuredAt.slice(0, 10)} on ${machine(measured)} by ${measured.command}`,
    ...staleMeasurements(measured, now).map((sentence) => `  old: ${sentence}`),
    `Prices: on demand, ${prices.region}, US dollars, without taxes; data transfer between zones is left out.`,
    stale.length === 0 ? '  None is older than a year.' : `  Older than a year: ${stale.map(({ name, asOf }) => `${name} (${asOf})`).join(', ')}`,
    `  List prices to check before they decide anything: ${unchecked.join(', ')}`
  ].join('\n')
}

function machine ({ machine: { processor, cores, node, postgres } }: MeasuredCosts): string {
  return `${cores} cores of ${processor}, Node ${node}, Postgres ${postgres},`
}
