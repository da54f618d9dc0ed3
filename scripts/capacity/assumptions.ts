import { CapacityError } from './capacity-error.ts'
import { type RouteClass, routeClasses } from './measured-costs.ts'

interface Assumption {
  readonly fallback: number
  readonly min: number
  readonly max: number
  readonly unit: string
  readonly meaning: string
}

const assume = (fallback: number, [min, max]: readonly [number, number], unit: string, meaning: string): Assumption => ({ fallback, min, max, unit, meaning })

/** Everything that isn't measured. Each is an option of the same name in kebab case, and each is printed. */
export const assumptions = {
  tracks: assume(100_000, [1, 1e9], 'tracks', 'in the archive'),
  newTracksPercent: assume(1, [0, 100], '%', 'of the archive that is new every month'),
  losslessPercent: assume(50, [0, 100], '%', 'of the tracks have a lossless source and get FLAC too'),
  hours: assume(20, [0, 744], 'h', 'that a listener listens in a month'),
  bitrate: assume(128, [1, 10_000], 'kbit/s', 'on average of what is streamed'),
  trackMinutes: assume(3.5, [0.1, 600], 'min', 'length of a track'),
  callsPerTrack: assume(6, [0.1, 1_000], 'calls', 'of the API a played track, of all kinds'),
  mediaRequestsPerTrack: assume(2, [0, 1_000], 'requests', 'to the distribution for the sound of a track'),
  otherKbPerTrack: assume(0, [0, 100_000], 'kB', 'of pages and pictures a played track'),
  peakFactor: assume(3, [1, 100], '×', 'the mean, at the busiest time'),
  accountsPerListener: assume(1, [1, 100], 'accounts', 'for each who listens in a month'),
  historyMonths: assume(24, [1, 600], 'months', 'of plays are kept in the database'),
  asiaPacificPercent: assume(0, [0, 100], '%', 'of the listening is charged at the Asia-Pacific price'),
  edgeHitPercent: assume(90, [0, 100], '%', 'of the media requests are answered by the edge’s cache'),
  coreRatio: assume(1, [0.05, 20], '×', 'a virtual processor does, against a core of the machine that was measured'),
  cpuPercent: assume(55, [1, 100], '%', 'of the processors that the web fleet is held at'),
  eventLoopPercent: assume(80, [1, 100], '%', 'of one processor that one web process can use: it has one event loop'),
  databaseCpuPercent: assume(50, [1, 100], '%', 'of a database’s processors used at the peak'),
  hotRowsPercent: assume(20, [0, 100], '%', 'of the rows that belong in memory beside the search index'),
  bloatFactor: assume(1.3, [1, 10], '×', 'the size of fresh tables, after a year of changes'),
  iopsPerWrite: assume(6, [0, 1_000], 'IOPS', 'a request that writes'),
  iopsPerRead: assume(0.3, [0, 1_000], 'IOPS', 'a request that only reads'),
  importDays: assume(14, [0.1, 3_650], 'days', 'in which the archive is brought in at first')
} as const satisfies Record<string, Assumption>

export type AssumptionName = keyof typeof assumptions

/** Calls of each kind a played track; what counts is their proportion. */
export const defaultMix: Readonly<Record<RouteClass, number>> = {
  home: 0.5, browse: 1.5, search: 0.9, 'track-detail': 0.7, stream: 1, play: 1, 'session-refresh': 0.35, 'sign-in': 0.04, 'upload-ticket': 0.01
}

export type Assumptions = { readonly [N in AssumptionName]: number } & {
  readonly listeners: number
  readonly regions: number
  /** Of all calls; adds up to 1. */
  readonly mix: Readonly<Record<RouteClass, number>>
}

export const assumptionNames = Object.keys(assumptions) as AssumptionName[]

export function optionOf (name: AssumptionName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** @throws CapacityError naming the option, what it must be and what it was */
export function parseAssumption (name: AssumptionName, text: string | undefined): number {
  const { fallback, min, max, unit } = assumptions[name]
  return text === undefined ? fallback : parseNumber(`--${optionOf(name)}`, text, { min, max, unit })
}

/** `1e5`, `100000` and `100_000` are the same. @throws CapacityError */
export function parseNumber (option: string, text: string, { min, max, unit }: { readonly min: number, readonly max: number, readonly unit: string }): number {
  const plain = text.trim().replaceAll('_', '')
  const number = plain === '' ? Number.NaN : Number(plain)
  if (Number.isNaN(number) || number < min || number > max) throw new CapacityError(`${option} must be a number of ${unit} from ${min} to ${max}, not “${text}”`)
  return number
}

/** `play=2,search=0` changes these two; the proportions are then made to add up to 1. @throws CapacityError */
export function parseMix (text: string | undefined): Record<RouteClass, number> {
  const mix = { ...defaultMix }
  for (const part of (text ?? '').split(',').filter(Boolean)) {
    const [name = '', value = ''] = part.split('=')
    const known = routeClasses.find((routeClass) => routeClass === name)
    if (known === undefined) throw new CapacityError(`--mix names “${name}”; it must be of ${routeClasses.join(', ')}`)
    mix[known] = parseNumber(`--mix ${known}`, value, { min: 0, max: 1_000, unit: 'calls' })
  }
  const sum = Object.values(mix).reduce((a, b) => a + b, 0)
  if (sum === 0) throw new CapacityError('--mix leaves no call at all')
  for (const name of routeClasses) mix[name] /= sum
  return mix
}
