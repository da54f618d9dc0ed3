import type pg from 'pg'

/** Counts are added up, readings (`….max`) keep their highest. In the order of the names, so that instances wait for one another in turn. */
export async function writeSamples (pool: Pick<pg.Pool, 'query'>, samples: ReadonlyMap<string, number>): Promise<void> {
  const known = [...samples].filter(([, value]) => Number.isFinite(value)).sort(([a], [b]) => (a < b ? -1 : 1))
  if (known.length === 0) return
  await pool.query(
    `INSERT INTO health_sample AS s (at, name, value) SELECT date_trunc('minute', now()), * FROM unnest($1::text[], $2::float8[])
     ON CONFLICT (at, name) DO UPDATE SET value = CASE WHEN s.name LIKE '%.max' THEN greatest(s.value, excluded.value) ELSE s.value + excluded.value END`,
    [known.map(([name]) => name), known.map(([, value]) => value)])
}
