import type { Reader } from '../platform/database/database.ts'
import type { Wanted } from './vocabulary.ts'

/** A document that the query found. */
export interface Hit {
  readonly kind: number
  readonly id: string
  /** 4 the title is what was typed, 3 it begins with these words, 2 with these letters, 1 it has all words, 0 they stand elsewhere too. */
  readonly match: number
  readonly rank: number
}

export interface DocumentQuery {
  readonly terms: readonly Wanted[]
  /** What titles are compared with: the query as typed, or as it may have been meant. */
  readonly titles: readonly string[]
  /** Most hits of each kind. */
  readonly limit: number
}

/** Each tier's index holds the tiers before it too: 5k, 40k, 200k and all documents. */
const tiers = ['tier = 0', 'tier <= 1', 'tier <= 2', 'TRUE'] as const
const allDocuments = tiers.length - 1
/** With so few documents that have the rarest term, a larger index is read at once. */
const readAllBelow = 1_500
const readThirdBelow = 12_000
/** A frequent beginning of a word is compared in the rows found by the other words. */
const comparedAbove = 3_000

/**
 * Documents that have all terms, the best of each kind first. The most popular tier is asked first, and the first
 * tier with enough hits answers; a title that is exactly what was typed is found in any.
 */
export async function findDocuments (pool: Reader['pool'], query: DocumentQuery): Promise<Hit[]> {
  const { text, compared } = toTsquery(query.terms)
  if (text === '') return []
  for (let tier = firstTier(query.terms); tier < allDocuments; tier++) {
    const hits = await searchTier(pool, tier, { ...query, text, compared })
    if (hits.length >= query.limit) return withTitles(pool, query, hits)
  }
  const hits = await searchTier(pool, allDocuments, { ...query, text, compared })
  return hits.length >= query.limit ? withTitles(pool, query, hits) : hits
}

function firstTier (terms: readonly Wanted[]): number {
  const rarest = Math.min(...terms.map(({ frequency }) => frequency))
  if (rarest < readAllBelow) return allDocuments
  if (rarest < readThirdBelow) return 2
  return terms.length === 1 ? 0 : 1
}

/** `compared` is the beginning of a word that is looked for in the text instead of in the index. */
function toTsquery (terms: readonly Wanted[]): { text: string, compared: string | null } {
  const typed = terms.at(-1)
  const others = terms.slice(0, -1)
  const rarest = Math.min(...others.map(({ frequency }) => frequency))
  const compare = typed !== undefined && typed.prefix && !typed.unspaced && typed.alternatives.length === 1 &&
    others.length > 0 && typed.frequency > comparedAbove && typed.frequency > 2 * rarest
  return {
    text: (compare ? others : terms).map(({ alternatives, prefix }) => `(${alternatives.map((word) => lexeme(word, prefix)).join(' | ')})`).join(' & '),
    compared: compare ? `% ${escapeLike(typed.text)}%` : null
  }
}

function lexeme (word: string, prefix: boolean): string {
  return `'${word.replaceAll('\\', '\\\\').replaceAll("'", "''")}'${prefix ? ':*' : ''}`
}

const match = `CASE WHEN d.title = ANY($3) THEN 4
  WHEN EXISTS (SELECT FROM unnest($3::text[]) AS t(typed) WHERE starts_with(d.title, t.typed || ' ')) THEN 3
  WHEN EXISTS (SELECT FROM unnest($3::text[]) AS t(typed) WHERE starts_with(d.title, t.typed)) THEN 2
  WHEN ' ' || d.title || ' ' LIKE ALL ($4) THEN 1 ELSE 0 END`

/** Counts are estimates; should a tier have far more hits than expected, only so many are put in order. */
const maxOrdered = 10_000

/** MATERIALIZED: the planner would rather walk another index in order than trust the GIN. */
const tierQueries = tiers.map((condition) => `
  WITH found AS MATERIALIZED (
    SELECT d.kind, d.ref_id, d.rank, d.id, length(d.title) AS length, ${match} AS match FROM search_doc d
    WHERE ${condition} AND d.tsv @@ $1::tsquery AND ($5::text IS NULL OR ' ' || d.txt LIKE $5) LIMIT ${maxOrdered})
  SELECT kind, ref_id AS id, match, rank FROM (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY match DESC, rank DESC, length, id) AS place FROM found) ordered
  WHERE place <= $2 ORDER BY match DESC, rank DESC, place`)

async function searchTier (pool: Reader['pool'], tier: number, query: DocumentQuery & { text: string, compared: string | null }): Promise<Hit[]> {
  const { rows } = await pool.query<Hit>({
    name: `search-tier-${tier}`,
    text: tierQueries[tier] ?? '',
    values: [query.text, query.limit, withArticle(query.titles), query.terms.map(titlePattern), query.compared]
  })
  return rows
}

/** Looks for the likeliest alternative only: it decides the order, not what is found. */
function titlePattern ({ alternatives, prefix, unspaced }: Wanted): string {
  const word = escapeLike(alternatives[0] ?? '')
  if (unspaced) return `%${word}%`
  return prefix ? `% ${word}%` : `% ${word} %`
}

function escapeLike (text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

/** Adds the documents whose title is what was typed, wherever they stand. */
async function withTitles (pool: Reader['pool'], { titles, limit }: DocumentQuery, hits: readonly Hit[]): Promise<Hit[]> {
  const { rows } = await pool.query<Hit>({
    name: 'search-titles',
    text: `SELECT d.kind, d.ref_id AS id, 4 AS match, d.rank FROM unnest($1::text[]) AS t(typed)
      CROSS JOIN LATERAL (SELECT kind, ref_id, rank FROM search_doc WHERE title = t.typed ORDER BY rank DESC LIMIT $2) d`,
    values: [withArticle(titles), limit]
  })
  return best([...hits, ...rows], limit)
}

function withArticle (titles: readonly string[]): string[] {
  return titles.flatMap((title) => [title, `the ${title}`])
}

function best (hits: readonly Hit[], limit: number): Hit[] {
  const different = new Map(hits.map((hit) => [hit.id, hit]))
  const ordered = [...different.values()].sort((a, b) => b.match - a.match || b.rank - a.rank)
  const perKind = new Map<number, number>()
  return ordered.filter(({ kind }) => {
    const count = (perKind.get(kind) ?? 0) + 1
    perKind.set(kind, count)
    return count <= limit
  })
}
