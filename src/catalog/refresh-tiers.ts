import type pg from 'pg'
import type { Database } from '../platform/database/database.ts'

/** Documents or words written in one statement: short locks, so that publications go on. */
const batchSize = 2_000
/** How many documents the first three tiers hold. */
const tierSizes = [5_000, 40_000, 200_000] as const

/** What plays say of a document: an artist's outweigh an album's, an album's a track's, for the same plays. */
const ranks = `
  SELECT d.id, CASE d.kind
    WHEN 1 THEN 3 * COALESCE((SELECT sum(t.play_count) FROM track_artist ta JOIN track t ON t.id = ta.track_id WHERE ta.artist_id = d.ref_id AND ta.role IN ('main', 'featured')), 0) + 2
    WHEN 2 THEN 3 * COALESCE((SELECT sum(t.play_count) FROM track t WHERE t.album_id = d.ref_id), 0) / 2 + 1
    ELSE COALESCE((SELECT t.play_count FROM track t WHERE t.id = d.ref_id), 0) END AS rank
  FROM search_doc d WHERE d.id > $1 ORDER BY d.id LIMIT ${batchSize}`

/**
 * Brings the order of search up to date: ranks from play counts, then tiers from ranks, then how often each word
 * occurs. In batches and without waiting for anybody's locks: run it now and then beside everything else.
 */
export async function refreshTiers ({ pool }: Pick<Database, 'pool'>): Promise<void> {
  await inBatches(pool, `
    WITH batch AS (${ranks}), locked AS (SELECT d.id, LEAST(b.rank, 2147483647)::int AS rank FROM batch b JOIN search_doc d ON d.id = b.id WHERE d.rank <> b.rank FOR UPDATE OF d SKIP LOCKED),
      written AS (UPDATE search_doc d SET rank = locked.rank FROM locked WHERE d.id = locked.id)
    SELECT max(id) AS last FROM batch`)
  await refreshTierNumbers(pool)
  await recountTerms(pool)
}

async function refreshTierNumbers (pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ rank: number, id: string }>(`
    SELECT rank, id FROM (SELECT rank, id, row_number() OVER (ORDER BY rank DESC, id) AS place FROM search_doc) ordered
    WHERE place = ANY($1) ORDER BY place`, [tierSizes])
  const tier = tierSizes.map((_, n) => rows[n] === undefined ? `WHEN TRUE THEN ${n}` : `WHEN (-rank, id) <= (-(${rows[n].rank}), ${rows[n].id}) THEN ${n}`)
  await inBatches(pool, `
    WITH batch AS (SELECT id, tier, (CASE ${tier.join(' ')} ELSE ${tierSizes.length} END)::smallint AS due FROM search_doc WHERE id > $1 ORDER BY id LIMIT ${batchSize}),
      locked AS (SELECT d.id, b.due FROM batch b JOIN search_doc d ON d.id = b.id WHERE b.tier <> b.due FOR UPDATE OF d SKIP LOCKED),
      written AS (UPDATE search_doc d SET tier = locked.due FROM locked WHERE d.id = locked.id)
    SELECT max(id) AS last FROM batch`)
}

/** Runs a statement on the documents behind $1 until it answers that there are no more. */
async function inBatches (pool: pg.Pool, statement: string): Promise<void> {
  let after: string | null = '0'
  while (after !== null) {
    const answer: pg.QueryResult<{ last: string | null }> = await pool.query(statement, [after])
    after = answer.rows[0]?.last ?? null
  }
}

/**
 * Sets the counts right where publications skipped each other or documents went. A word that no document has any more
 * keeps its row with a count of 0: deleting it could overtake a publication that has just seen it.
 */
async function recountTerms (pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ term: string, seen: number, frequency: number }>(`
    SELECT s.term, s.frequency AS seen, COALESCE(c.ndoc, 0) AS frequency FROM search_term s
    LEFT JOIN ts_stat('SELECT tsv FROM search_doc') c ON c.word = s.term WHERE s.frequency <> COALESCE(c.ndoc, 0) ORDER BY s.term`)
  for (let start = 0; start < rows.length; start += batchSize) {
    const batch = rows.slice(start, start + batchSize)
    // A count that changed since it was read is left to the next run.
    await pool.query(`
      WITH counted AS (SELECT * FROM unnest($1::text[], $2::int[], $3::int[]) AS c(term, seen, frequency)),
        free AS (SELECT s.term, c.frequency FROM search_term s JOIN counted c ON c.term = s.term AND c.seen = s.frequency FOR UPDATE OF s SKIP LOCKED)
      UPDATE search_term s SET frequency = free.frequency FROM free WHERE s.term = free.term`,
    [batch.map(({ term }) => term), batch.map(({ seen }) => seen), batch.map(({ frequency }) => frequency)])
  }
}
