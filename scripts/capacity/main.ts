import { assumptionNames, assumptions, optionOf } from './assumptions.ts'
import { parseCapacityArguments } from './arguments.ts'
import { CapacityError } from './capacity-error.ts'
import { growthOf } from './growth.ts'
import { readMeasuredCosts } from './measured-costs.ts'
import { type Basis, planFor } from './plan.ts'
import { readPriceTable } from './price-table.ts'
import { assumptionsReport, basisReport, growthReport, plansReport } from './report.ts'

// How many instances, which database, how much storage and what it costs, for a number of listeners:
//   npm run capacity -- --listeners 1e3,1e5,1e7
const help = () => `Usage: npm run capacity -- [OPTIONS]

  --listeners N[,N…]   who listen in a month (default 1e3,1e5,1e7)
  --growth             a table by half-year: demand doubles every six months for three years, and which limit is met when
  --regions N          regions with a fleet (default: those of the stage)
  --stage NAME         whose settings in infra/settings.ts are the starting point (default production)
  --prices FILE        another price table, in the form of scripts/capacity/prices.json
  --mix KIND=N[,…]     calls of a kind a played track
  --json               the same as JSON
${assumptionNames.map((name) => `  --${optionOf(name)} N`.padEnd(29) + `${assumptions[name].unit} ${assumptions[name].meaning} (${assumptions[name].fallback})`).join('\n')}`

function run (args: string[], now: Date): string {
  const { assumptions: sets, installed, pricesFile, growth, json, help: asked } = parseCapacityArguments(args)
  if (asked) return help()
  const basis: Basis = { measured: readMeasuredCosts(), prices: readPriceTable(pricesFile), installed }
  const [first] = sets
  if (first === undefined) throw new CapacityError('--listeners names nobody')
  const plans = sets.map((a) => planFor(a, basis))
  const grown = growth ? sets.map((a) => growthOf(a, basis)) : []
  if (json) return JSON.stringify({ assumptions: first, measuredAt: basis.measured.measuredAt, stalePrices: basis.prices.stale(now), plans, growth: grown }, null, 2)
  const tables = growth ? grown.map(growthReport) : [plansReport(plans, basis)]
  return [...tables, assumptionsReport(first), basisReport(basis, now)].join('\n\n')
}

try {
  console.log(run(process.argv.slice(2), new Date()))
} catch (error) {
  if (!(error instanceof CapacityError)) throw error
  console.error(`capacity: ${error.message}`)
  process.exitCode = 2
}
