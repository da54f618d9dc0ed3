import { normalise, pairsOf, runsOf } from './normalise.ts'

/** One thing that a document must contain. */
export interface Term {
  readonly text: string
  /** The word may go on: the last one, while it is being typed. */
  readonly prefix: boolean
  /** Of a script without blanks: misspellings are not looked for. */
  readonly unspaced: boolean
}

export interface ParsedQuery {
  /** As titles are stored. */
  readonly text: string
  readonly terms: readonly Term[]
}

const maxCharacters = 200
const maxTerms = 12

/** What a listener typed as terms. More than 200 characters or 12 terms help nobody, so the rest is left out. */
export function parseQuery (typed: string): ParsedQuery {
  const cut = [...typed.toWellFormed().trimStart()].slice(0, maxCharacters).join('')
  const text = normalise(cut)
  const finished = /\s$/u.test(cut)
  const runs = runsOf(text).filter((run) => run.text !== '')
  const terms = runs.flatMap((run, index): Term[] => {
    const typing = index === runs.length - 1 && !finished
    if (!run.unspaced) return [{ text: run.text, prefix: typing, unspaced: false }]
    const pairs = pairsOf(run.text)
    // One character stands for every pair that it begins.
    return pairs.map((pair) => ({ text: pair, prefix: pairs.length === 1 && [...pair].length === 1, unspaced: true }))
  })
  const different = new Map(terms.map((term) => [`${term.text} ${term.prefix}`, term]))
  return { text, terms: [...different.values()].slice(0, maxTerms) }
}
