import { parseArgs } from 'node:util'
import { assumptionNames, type Assumptions, optionOf, parseAssumption, parseMix, parseNumber } from './assumptions.ts'
import { CapacityError } from './capacity-error.ts'
import { type Installed, installedAs } from './installed.ts'

export interface CapacityArguments {
  /** One set of assumptions for each number of listeners. */
  readonly assumptions: readonly Assumptions[]
  readonly installed: Installed
  readonly pricesFile: string | undefined
  readonly growth: boolean
  readonly json: boolean
  readonly help: boolean
}

const mostListeners = 1e10
const defaultListeners = '1e3,1e5,1e7'

/** @throws CapacityError naming the argument that is wrong and what it must be */
export function parseCapacityArguments (args: string[]): CapacityArguments {
  const values = parse(args)
  const installed = withRegions(installedAs(values.stage ?? 'production'), values.regions)
  const shared = Object.fromEntries(assumptionNames.map((name) => [name, parseAssumption(name, values[optionOf(name)])]))
  const mix = parseMix(values.mix)
  const listeners = (values.listeners ?? defaultListeners).split(',').map((text) => parseNumber('--listeners', text, { min: 0, max: mostListeners, unit: 'listeners' }))
  return {
    assumptions: listeners.map((count) => ({ ...shared, listeners: count, regions: installed.regions, mix }) as Assumptions),
    installed,
    pricesFile: values.prices,
    growth: values.growth === 'true',
    json: values.json === 'true',
    help: values.help === 'true'
  }
}

function withRegions (installed: Installed, text: string | undefined): Installed {
  if (text === undefined) return installed
  const regions = parseNumber('--regions', text, { min: 1, max: 15, unit: 'regions' })
  if (!Number.isInteger(regions)) throw new CapacityError(`--regions must be a whole number, not “${text}”`)
  return { ...installed, regions }
}

/** Every value as text; flags as `true`. */
function parse (args: string[]): Record<string, string | undefined> {
  const texts = ['listeners', 'regions', 'stage', 'prices', 'mix', ...assumptionNames.map(optionOf)]
  const flags = ['growth', 'json', 'help']
  const options = Object.fromEntries([...texts.map((name) => [name, { type: 'string' as const }]), ...flags.map((name) => [name, { type: 'boolean' as const }])])
  try {
    const { values } = parseArgs({ args, options })
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
  } catch (error) {
    throw new CapacityError(`${error instanceof Error ? error.message.split('. ')[0] ?? error.message : String(error)}; all options: npm run capacity -- --help`)
  }
}
