import type { Reader } from '../platform/database/database.ts'
import { albumsByIds } from './albums.ts'
import { artistsByIds } from './artists.ts'
import type { Listener } from './catalogue-rows.ts'
import type { Playlist, SearchQuery, SearchResult } from './schemas.ts'
import { findDocuments, type Hit } from './search-documents.ts'
import { documentKinds } from './search-index.ts'
import { type ParsedQuery, parseQuery } from './search-terms.ts'
import { tracksByIds } from './tracks.ts'
import { correct, countTerms, rejoin, type Wanted } from './vocabulary.ts'

/** Finds playlists that a listener may see by words of their names. */
export type PlaylistSearch = (reader: Reader, listener: Listener, words: readonly string[], limit: number) => Promise<Playlist[]>

/** From this many terms on, one that no document has beside the others is forgiven. */
const forgivingFrom = 3

/** Tracks, albums, artists and playlists for what a listener typed, the best of each first. */
export async function search (reader: Reader, findPlaylists: PlaylistSearch, listener: Listener, { q, limit }: SearchQuery): Promise<SearchResult> {
  const query = parseQuery(q)
  if (query.terms.length === 0) return { tracks: [], albums: [], artists: [], playlists: [], meant: null }
  const [{ hits, meant }, playlists] = await Promise.all([findHits(reader, query, limit), findPlaylists(reader, listener, query.text.split(' '), limit)])
  const idsOf = (kind: number) => hits.filter((hit) => hit.kind === kind).map(({ id }) => id)
  const [tracks, albums, artists] = await Promise.all([
    tracksByIds(reader, listener, idsOf(documentKinds.track)),
    albumsByIds(reader, listener, idsOf(documentKinds.album)),
    artistsByIds(reader, listener, idsOf(documentKinds.artist))
  ])
  return { tracks, albums, artists, playlists, meant }
}

export interface Found {
  readonly hits: readonly Hit[]
  /** The words that were looked for instead, where nothing matched those typed. */
  readonly meant: string | null
}

/** The documents that match, first as typed; only when that finds nothing, as it may have been meant. */
export async function findHits ({ pool }: Reader, query: ParsedQuery, limit: number): Promise<Found> {
  const terms = await countTerms(pool, query.terms)
  const missing = terms.some(({ frequency }) => frequency === 0)
  if (!missing) {
    const hits = await findDocuments(pool, { terms, titles: [query.text], limit })
    if (hits.length > 0) return { hits, meant: null }
  }
  for (const way of await rejoin(pool, terms)) {
    const hits = await findDocuments(pool, { terms: way, titles: titlesOf(way), limit })
    if (hits.length > 0) return { hits, meant: titlesOf(way)[0] ?? null }
  }
  const corrected = await Promise.all(terms.map((term) => !missing || term.frequency === 0 ? correct(pool, term) : term))
  const known = corrected.filter(({ frequency }) => frequency > 0)
  const hits = await findDocuments(pool, { terms: known, titles: titlesOf(known), limit })
  const forgiven = hits.length > 0 || known.length < forgivingFrom ? { hits, terms: known } : await findWithoutOne(pool, known, limit)
  return { hits: forgiven.hits, meant: forgiven.hits.length === 0 ? null : titlesOf(forgiven.terms)[0] ?? null }
}

/** The first way of leaving one term out that finds anything, beginning with the most frequent: it says the least. */
async function findWithoutOne (pool: Reader['pool'], terms: readonly Wanted[], limit: number): Promise<{ readonly hits: readonly Hit[], readonly terms: readonly Wanted[] }> {
  for (const dropped of [...terms].sort((a, b) => b.frequency - a.frequency)) {
    const rest = terms.filter((term) => term !== dropped)
    const hits = await findDocuments(pool, { terms: rest, titles: titlesOf(rest), limit })
    if (hits.length > 0) return { hits, terms: rest }
  }
  return { hits: [], terms }
}

/** The query as it may have been meant: one word varied at a time, the others as is likeliest. */
function titlesOf (terms: readonly Wanted[]): string[] {
  const likeliest = terms.map(({ alternatives }) => alternatives[0] ?? '')
  const varied = terms.flatMap(({ alternatives }, index) => alternatives.slice(1).map((word) => likeliest.with(index, word)))
  return [likeliest, ...varied].map((words) => words.join(' '))
}
