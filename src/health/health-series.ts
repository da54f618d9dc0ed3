import { statfs } from 'node:fs/promises'
import { type Actor, authorise } from '../accounts/actor.ts'
import type { Config } from '../config.ts'
import type { Database } from '../platform/database/database.ts'
import { type Figure, figures, type Step } from './figures.ts'
import type { HealthFigure, HealthSeries } from './schemas.ts'
import { storageCost, storagePrice } from './storage-price.ts'

export interface HealthDeps {
  readonly db: Pick<Database, 'pool'>
  readonly config: Pick<Config, 'storage' | 'dataDir'>
}

const stepSeconds = 300
/** A day, and an hour for the reader who is late. */
const keptHours = 25

interface Row {
  readonly step: number
  readonly name: string
  readonly value: number
}

/**
 * The figures of the last hours over all instances, in steps of five minutes.
 * @throws ForbiddenError
 */
export async function readHealth ({ db, config }: HealthDeps, actor: Actor, hours: number): Promise<HealthSeries> {
  authorise(actor, 'see metrics')
  const count = hours * 3_600 / stepSeconds
  const { rows: [clock] } = await db.pool.query<{ last: number }>(`SELECT floor(extract(epoch FROM now()) / ${stepSeconds})::int AS last`)
  const first = (clock?.last ?? 0) - count + 1
  const { rows } = await db.pool.query<Row>(
    `SELECT floor(extract(epoch FROM at) / ${stepSeconds})::int AS step, name, CASE WHEN name LIKE '%.max' THEN max(value) ELSE sum(value) END AS value
     FROM health_sample WHERE at >= to_timestamp($1) GROUP BY step, name
     UNION ALL
     SELECT floor(extract(epoch FROM at) / ${stepSeconds})::int, 'minutes', count(DISTINCT at) FROM health_sample WHERE at >= to_timestamp($1) GROUP BY 1`, [first * stepSeconds])
  const steps = Array.from({ length: count }, () => new Map<string, number>())
  for (const { step, name, value } of rows) steps[step - first]?.set(name, Number(value))
  const shown = figures.map((figure) => shownFigure(figure, steps))
  return { from: new Date(first * stepSeconds * 1_000).toISOString(), stepSeconds, figures: shown, storage: await storageOf(config, shown) }
}

function shownFigure ({ id, group, unit, threshold, of, holds }: Figure, steps: readonly Step[]): HealthFigure {
  const points: Array<number | null> = []
  for (const step of steps) {
    const value = step.size === 0 ? null : of(step)
    points.push(value === null ? (holds === true ? points.at(-1) ?? null : null) : Math.round(value * 100) / 100)
  }
  // The step that has just begun may hold nothing yet.
  const now = points.at(-1) ?? points.at(-2) ?? null
  return { id, group, unit, threshold, now, over: threshold !== null && now !== null && now >= threshold, points }
}

async function storageOf ({ storage, dataDir }: HealthDeps['config'], shown: readonly HealthFigure[]): Promise<HealthSeries['storage']> {
  if (storage.kind === 's3') {
    const bytes = shown.filter(({ unit, group }) => group === 'cost' && unit === 'bytes').reduce((sum, { now }) => sum + (now ?? 0), 0)
    return { kind: 's3', disk: null, cost: { perMonth: storageCost(bytes), currency: storagePrice.currency, priceAsOf: storagePrice.asOf } }
  }
  const { blocks, bfree, bavail, bsize } = await statfs(dataDir)
  return { kind: 'disk', disk: { usedBytes: (blocks - bfree) * bsize, totalBytes: (blocks - bfree + bavail) * bsize }, cost: null }
}

/** Forgets samples that nobody sees any more. */
export async function forgetOldSamples ({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await pool.query('DELETE FROM health_sample WHERE at < now() - make_interval(hours => $1)', [keptHours])
}
