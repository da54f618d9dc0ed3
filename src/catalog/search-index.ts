import type { Transaction } from '../platform/database/database.ts'
import { normalise, searchTokens } from './normalise.ts'

export type DocumentKind = 'artist' | 'album' | 'track'

export interface DocumentRef {
  readonly kind: DocumentKind
  readonly id: string
}

/** As stored in search_doc.kind. */
export const documentKinds = { artist: 1, album: 2, track: 3 } as const

interface SourceRow {
  kind: number
  ref_id: string
  title: string
  /** What else the document is found by. */
  context: string[]
}
interface Known {
  ref_id: string
  title: string
  txt: string
  tokens: string[]
}
interface Document extends Known {
  readonly kind: number
}

/** Titles are compared and indexed up to this length. */
const maxTitleLength = 200

/**
 * Writes what search finds of the given artists, albums and tracks as they now are in the transaction; what is no
 * longer visible is taken out. Call it once a transaction, after everything else is written: its locks are then the
 * last ones and sorted, so that parallel publications can't block each other crosswise.
 */
export async function indexDocuments (tx: Transaction, refs: readonly DocumentRef[]): Promise<void> {
  const ids = [...new Set(refs.map(({ id }) => id))].sort()
  if (ids.length === 0) return
  const documents = (await readSources(tx, ids)).map(documentOf)
  const visible = new Set(documents.map(({ ref_id: id }) => id))
  await removeDocuments(tx, ids.filter((id) => !visible.has(id)))
  const known = new Map((await readKnown(tx, ids)).map((row) => [row.ref_id, row]))
  const changed = documents.filter((document) => differs(document, known.get(document.ref_id)))
  if (changed.length === 0) return
  await upsert(tx, changed)
  await countTerms(tx, changed.flatMap(({ ref_id: id, tokens }) => {
    const before = new Set(known.get(id)?.tokens)
    return tokens.filter((token) => !before.has(token))
  }))
}

/** Their words stay in the vocabulary until the next refreshTiers. */
export async function removeDocuments (tx: Transaction, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.$executeRaw`DELETE FROM search_doc WHERE ref_id = ANY(${[...ids]}::uuid[])`
}

function readSources (tx: Transaction, ids: string[]): Promise<SourceRow[]> {
  return tx.$queryRaw<SourceRow[]>`
    SELECT 1 AS kind, id::text AS ref_id, name AS title, ARRAY[]::text[] AS context FROM artist WHERE id = ANY(${ids}::uuid[]) AND track_count > 0
    UNION ALL
    SELECT 2, id::text, title, ARRAY[artist_credit] FROM album WHERE id = ANY(${ids}::uuid[]) AND track_count > 0
    UNION ALL
    SELECT 3, t.id::text, t.title, ARRAY[t.artist_credit, a.title] FROM track t JOIN album a ON a.id = t.album_id
    WHERE t.id = ANY(${ids}::uuid[]) AND t.state = 'published'
    ORDER BY ref_id`
}

function readKnown (tx: Transaction, ids: string[]): Promise<Known[]> {
  return tx.$queryRaw<Known[]>`
    SELECT ref_id::text, title, txt, tsvector_to_array(tsv) AS tokens FROM search_doc WHERE ref_id = ANY(${ids}::uuid[])`
}

function documentOf (row: SourceRow): Document {
  // One by one: of a name made of signs only, the signs count as a word.
  const texts = [row.title, ...row.context]
  return {
    kind: row.kind,
    ref_id: row.ref_id,
    title: normalise(row.title).slice(0, maxTitleLength),
    txt: texts.map(normalise).join(' '),
    tokens: [...new Set(texts.flatMap(searchTokens))]
  }
}

function differs (document: Document, known: Known | undefined): boolean {
  return known === undefined || known.title !== document.title || known.txt !== document.txt
}

/** A new document starts in the last tier; refreshTiers moves it up once it is played. */
async function upsert (tx: Transaction, documents: readonly Document[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO search_doc (kind, ref_id, title, txt, tsv, rank, tier)
    SELECT kind, ref_id, title, txt, array_to_tsvector(tokens), 0, 3
    FROM jsonb_to_recordset(${JSON.stringify(documents)}::jsonb) AS d(kind smallint, ref_id uuid, title text, txt text, tokens text[])
    ON CONFLICT (ref_id) DO UPDATE SET title = excluded.title, txt = excluded.txt, tsv = excluded.tsv`
}

/**
 * A word seen first becomes a row. Of known words only the count grows, and a row that another publication holds is
 * skipped: eight workers whose tracks all contain “the” must not queue up for it. Counts only steer the search, and
 * refreshTiers sets them right.
 */
async function countTerms (tx: Transaction, tokens: readonly string[]): Promise<void> {
  const counts = new Map<string, number>()
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  const terms = [...counts.keys()].sort()
  if (terms.length === 0) return
  const known = new Set((await tx.$queryRaw<Array<{ term: string }>>`SELECT term FROM search_term WHERE term = ANY(${terms}::text[])`).map(({ term }) => term))
  const unknown = terms.filter((term) => !known.has(term))
  await tx.$executeRaw`
    INSERT INTO search_term (term, frequency) SELECT * FROM unnest(${unknown}::text[], ${unknown.map((term) => counts.get(term) ?? 1)}::int[])
    ON CONFLICT (term) DO NOTHING`
  const seen = terms.filter((term) => known.has(term))
  await tx.$executeRaw`
    WITH free AS (SELECT term FROM search_term WHERE term = ANY(${seen}::text[]) ORDER BY term FOR UPDATE SKIP LOCKED)
    UPDATE search_term s SET frequency = s.frequency + c.n
    FROM free, unnest(${seen}::text[], ${seen.map((term) => counts.get(term) ?? 1)}::int[]) AS c(term, n)
    WHERE s.term = free.term AND c.term = free.term`
}
