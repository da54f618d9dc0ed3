import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { CapacityError } from './capacity-error.ts'

const Dated = { unit: Type.String({ minLength: 1 }), asOf: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }), source: Type.String({ minLength: 1 }) }
const Flat = Type.Object({ ...Dated, price: Type.Number({ minimum: 0 }) }, { additionalProperties: false })
const TierShape = Type.Object({ upTo: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()]), price: Type.Number({ minimum: 0 }) }, { additionalProperties: false })
const Tiered = Type.Object({ ...Dated, tiers: Type.Array(TierShape, { minItems: 1 }) }, { additionalProperties: false })
const Table = Type.Object({ currency: Type.Literal('USD'), region: Type.String(), note: Type.String(), prices: Type.Record(Type.String(), Type.Union([Flat, Tiered])) })

export type Tier = Static<typeof TierShape>

export interface PriceTable {
  readonly region: string
  /** What so much of it costs, in dollars; a tiered price is charged tier by tier. */
  cost(name: string, amount: number): number
  /** The steps of a tiered price, the smallest first. */
  tiers(name: string): readonly Tier[]
  /** Names of the prices that begin with this, in the order of the table. */
  named(prefix: string): string[]
  /** Prices whose date lies more than a year before `now`, with that date. */
  stale(now: Date): ReadonlyArray<{ readonly name: string, readonly asOf: string }>
  /** Prices whose source asks for a check. */
  unchecked(): string[]
}

const yearMs = 365 * 86_400_000
const ownTable = join(import.meta.dirname, 'prices.json')

/**
 * The price table of a file, by default the one beside this code.
 * @throws CapacityError naming the file and what is wrong in it
 */
export function readPriceTable (file: string = ownTable): PriceTable {
  return priceTable(file, parse(file))
}

function parse (file: string): Static<typeof Table> {
  try {
    const table = Value.Parse(Table, JSON.parse(readFileSync(file, 'utf8')))
    const wrong = Object.entries(table.prices).find(([, price]) => 'tiers' in price && !areOrdered(price.tiers))
    if (wrong !== undefined) throw new Error(`the tiers of ${wrong[0]} must rise, and only the last has no end (null)`)
    return table
  } catch (error) {
    throw new CapacityError(`the price table ${file} can’t be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function areOrdered (tiers: readonly Tier[]): boolean {
  return tiers.every(({ upTo }, index) => {
    const before = index === 0 ? 0 : tiers[index - 1]?.upTo ?? Infinity
    return index === tiers.length - 1 ? upTo === null : upTo !== null && upTo > before
  })
}

function priceTable (file: string, { region, prices }: Static<typeof Table>): PriceTable {
  const find = (name: string) => {
    const price = prices[name]
    if (price === undefined) throw new CapacityError(`the price table ${file} has no price “${name}”; add it with unit, asOf and source`)
    return price
  }
  const tiers = (name: string): readonly Tier[] => {
    const price = find(name)
    return 'tiers' in price ? price.tiers : [{ upTo: null, price: price.price }]
  }
  return {
    region,
    tiers,
    cost: (name, amount) => tieredCost(tiers(name), amount),
    named: (prefix) => Object.keys(prices).filter((name) => name.startsWith(prefix)),
    stale: (now) => Object.entries(prices).filter(([, { asOf }]) => now.getTime() - Date.parse(asOf) > yearMs).map(([name, { asOf }]) => ({ name, asOf })),
    unchecked: () => Object.entries(prices).filter(([, { source }]) => source.includes('check')).map(([name]) => name)
  }
}

/** Each tier's price counts for the part of `amount` that lies in it. Nothing and less cost nothing. */
export function tieredCost (tiers: readonly Tier[], amount: number): number {
  let cost = 0
  let from = 0
  for (const { upTo, price } of tiers) {
    const end = Math.min(amount, upTo ?? Infinity)
    if (end > from) cost += (end - from) * price
    from = upTo ?? Infinity
  }
  return cost
}
