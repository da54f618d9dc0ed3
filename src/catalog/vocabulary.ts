import type { Reader } from '../platform/database/database.ts'
import { editDistance, oneEditAway } from './edit-distance.ts'
import type { Term } from './search-terms.ts'

/** A term, or the words that may have been meant by it, the likeliest first. */
export interface Wanted extends Term {
  /** Of one word several prefixes or words may be meant. */
  readonly alternatives: readonly string[]
  /** Documents with it, roughly: the count only steers the search. */
  readonly frequency: number
}

/** Counting the documents of so short a beginning takes longer than searching them. */
const shortPrefix = 2
const assumedFrequency = 50_000
const maxAlternatives = 24
const shortestCorrected = 4
/** From this length on two edits are forgiven. */
const twoEditsFrom = 8
/** Words looked at for two edits, the most alike first. */
const similarWords = 40
/** Sorts behind every character of UTF-8. */
const last = '\u{10FFFF}'

interface Frequency {
  word: string
  frequency: number
}

/** How often each term occurs: 0 means that no document has it. */
export async function countTerms (pool: Reader['pool'], terms: readonly Term[]): Promise<Wanted[]> {
  const prefix = terms.find((term) => term.prefix)?.text ?? ''
  const { rows } = await pool.query<{ prefix: boolean, word: string, frequency: number }>({
    name: 'search-frequencies',
    text: `SELECT false AS prefix, term AS word, frequency FROM search_term WHERE term = ANY($1)
      UNION ALL SELECT true, $2, COALESCE(sum(frequency), 0)::int FROM search_term WHERE $4 AND term ~>=~ $2 AND term ~<~ $3`,
    values: [terms.filter((term) => !term.prefix).map(({ text }) => text), prefix, prefix + last, [...prefix].length > shortPrefix]
  })
  const counts = new Map(rows.map((row) => [`${row.word} ${row.prefix}`, row.frequency]))
  return terms.map((term) => ({
    ...term,
    alternatives: [term.text],
    frequency: term.prefix && [...term.text].length <= shortPrefix ? assumedFrequency : counts.get(`${term.text} ${term.prefix}`) ?? 0
  }))
}

/**
 * What may have been meant: words one edit away, of long words also two. A term without such words stays as it is.
 * One edit is looked up exactly, because trigrams miss a swap in a short word.
 */
export async function correct (pool: Reader['pool'], wanted: Wanted): Promise<Wanted> {
  if (wanted.unspaced || wanted.text.length < shortestCorrected) return wanted
  const variants = oneEditAway(wanted.text)
  const near = wanted.prefix ? await knownPrefixes(pool, variants) : await knownWords(pool, variants)
  const found = near.length === 0 && wanted.text.length >= twoEditsFrom ? await twoEditsAway(pool, wanted) : near
  const likeliest = found.sort((a, b) => b.frequency - a.frequency).slice(0, maxAlternatives)
  if (likeliest.length === 0) return wanted
  const words = likeliest.map(({ word }) => word)
  return {
    ...wanted,
    alternatives: wanted.frequency > 0 ? [wanted.text, ...words] : words,
    frequency: likeliest.reduce((sum, { frequency }) => sum + frequency, wanted.frequency)
  }
}

/** Words that were typed as one or as two: “black bird” for “blackbird” and the other way round. */
export async function rejoin (pool: Reader['pool'], terms: readonly Wanted[]): Promise<Wanted[][]> {
  const joined = terms.slice(1).map((term, index) => ({ index, text: `${terms[index]?.text ?? ''}${term.text}`, prefix: term.prefix }))
  const split = terms.flatMap((term, index) => term.frequency > 0 || term.unspaced ? [] : splitsOf(term.text).map((pair) => ({ index, pair, prefix: term.prefix })))
  const words = await knownWords(pool, [...joined.map(({ text }) => text), ...split.flatMap(({ pair }) => pair)])
  const frequency = new Map(words.map((row) => [row.word, row.frequency]))
  const known = (text: string): Wanted => ({ text, prefix: false, unspaced: false, alternatives: [text], frequency: frequency.get(text) ?? 0 })
  const best = split.map((candidate) => ({ ...candidate, rarest: Math.min(...candidate.pair.map((word) => frequency.get(word) ?? 0)) }))
    .filter(({ rarest }) => rarest > 0).sort((a, b) => b.rarest - a.rarest).slice(0, 3)
  return [
    ...joined.filter(({ text }) => frequency.has(text)).map(({ index, text }) => [...terms.slice(0, index), known(text), ...terms.slice(index + 2)]),
    ...best.map(({ index, pair }) => [...terms.slice(0, index), ...pair.map(known), ...terms.slice(index + 1)])
  ].filter((way) => way.every((term) => term.frequency > 0))
}

function splitsOf (word: string): Array<[string, string]> {
  return Array.from({ length: Math.max(0, word.length - 3) }, (_, index) => [word.slice(0, index + 2), word.slice(index + 2)])
}

async function knownWords (pool: Reader['pool'], words: readonly string[]): Promise<Frequency[]> {
  if (words.length === 0) return []
  const { rows } = await pool.query<Frequency>({
    name: 'search-words',
    text: 'SELECT term AS word, frequency FROM search_term WHERE term = ANY($1) AND frequency > 0',
    values: [words]
  })
  return rows
}

/** Of each prefix the sum over its first words is enough to order them by; the word itself is the first of them. */
async function knownPrefixes (pool: Reader['pool'], prefixes: readonly string[]): Promise<Frequency[]> {
  const { rows } = await pool.query<Frequency>({
    name: 'search-prefixes',
    text: `SELECT word, sum(t.frequency)::int AS frequency FROM unnest($1::text[], $2::text[]) AS p(word, beyond)
      CROSS JOIN LATERAL (SELECT frequency FROM search_term WHERE term ~>=~ p.word AND term ~<~ p.beyond AND frequency > 0 ORDER BY term USING ~<~ LIMIT 20) t GROUP BY word`,
    values: [prefixes, prefixes.map((prefix) => prefix + last)]
  })
  return rows
}

async function twoEditsAway (pool: Reader['pool'], { text, prefix }: Term): Promise<Frequency[]> {
  const { rows } = await pool.query<Frequency>({
    name: 'search-similar',
    text: 'SELECT term AS word, frequency FROM similar_terms($1, $2)',
    values: [text, similarWords]
  })
  return rows.filter(({ word }) => {
    const beginnings = prefix ? [-1, 0, 1, 2].map((more) => word.slice(0, text.length + more)) : [word]
    return beginnings.some((beginning) => editDistance(text, beginning, 2) <= 2)
  })
}
