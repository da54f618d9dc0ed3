/** Letters that Unicode does not decompose, and what people type for them. */
const letters: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', ß: 'ss', æ: 'ae', œ: 'oe', đ: 'd', ı: 'i', þ: 'th', ð: 'd', ħ: 'h', ŧ: 't' }
const lettersPattern = new RegExp(`[${Object.keys(letters).join('')}]`, 'g')
/** Combining marks of Latin, Greek and Cyrillic, Hebrew points and Arabic vowel signs: writing them is optional. */
const optionalMarks = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0640]/g
const apostrophes = /['’‘`´ʼ＇]/g
/** R.E.M., N.W.A, B.B. King: letters with full stops are one word. */
const initials = /(?<![\p{L}\p{N}])(?:\p{L}\.){2,}(?:\p{L}(?![\p{L}\p{N}]))?/gu
const wordBreaks = /[^\p{L}\p{M}\p{N}]+/gu
/** Scripts that are written without blanks between words; ー prolongs a kana. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]+/gu
/** Postgres refuses words above 2 KB; no word that a person looks for is longer than this. */
const maxWordLength = 64
/** An index entry of Postgres may have 2.7 KB at most, and four bytes a character is the worst case. */
const maxKeyLength = 200

/**
 * The form in which two spellings of one name are equal: lower case, without accents and punctuation, words parted by
 * single blanks. Of a name made of signs only (“!!!”, “÷”) the signs stay, so that it isn't empty.
 */
export function normalise (text: string): string {
  const plain = text.replaceAll('\0', '').normalize('NFKC').toLowerCase()
  const words = plain
    .replace(apostrophes, '')
    .replace(initials, (abbreviation) => abbreviation.replaceAll('.', ''))
    .replace(/(?<=\p{L})\$|\$(?=\p{L})/gu, 's')
    .replace(/(?<=\p{L})!(?=\p{L})/gu, 'i')
    .replaceAll('&', ' and ')
    .normalize('NFKD')
    .replace(optionalMarks, '')
    .normalize('NFC')
    .replace(lettersPattern, (letter) => letters[letter] ?? letter)
    .replace(wordBreaks, ' ')
    .trim()
  return words === '' ? plain.replace(/\s+/g, ' ').trim() : words
}

/** A stretch of normalised text: a word, or letters of a script that knows no blanks. */
export interface Run {
  readonly text: string
  readonly unspaced: boolean
}

/** The words of a normalised text; a change between spaced and unspaced scripts parts them too. */
export function runsOf (normalised: string): Run[] {
  const runs: Run[] = []
  for (const word of normalised.split(' ')) {
    let end = 0
    for (const match of word.matchAll(unspaced)) {
      if (match.index > end) runs.push({ text: word.slice(end, match.index).slice(0, maxWordLength), unspaced: false })
      runs.push({ text: match[0], unspaced: true })
      end = match.index + match[0].length
    }
    if (end < word.length) runs.push({ text: word.slice(end).slice(0, maxWordLength), unspaced: false })
  }
  return runs
}

/** Overlapping pairs of the characters of an unspaced run: 東京塔 → 東京, 京塔. A single character stays. */
export function pairsOf (run: string): string[] {
  const characters = [...run]
  if (characters.length < 2) return characters
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}

/**
 * What a document is found by. Unspaced scripts give overlapping pairs and the last character, so that a single
 * character finds by prefix; elided words (L’amour) are found without their article too.
 */
export function searchTokens (text: string): string[] {
  const tokens = new Set<string>()
  for (const run of runsOf(normalise(text))) {
    if (!run.unspaced) { tokens.add(run.text); continue }
    for (const pair of pairsOf(run.text)) tokens.add(pair)
    tokens.add([...run.text].at(-1) ?? run.text)
  }
  for (const [, elided] of text.matchAll(/(?<!\p{L})\p{L}{1,2}['’](\p{L}{3,})/gu)) {
    for (const run of runsOf(normalise(elided ?? ''))) if (!run.unspaced) tokens.add(run.text)
  }
  tokens.delete('')
  return [...tokens]
}

/**
 * Articles that are hardly ever the beginning of anything else. Left where they are: “die” (Die Young), “les” (Les
 * Paul), “los” (Los Angeles), “la” (La La Land), “el” (El Paso), “as” and “o” (English words).
 */
const article = /^(the|an?|der|das|ein|eine|le|une|una|os|uma)\s+(?=[\p{Ps}\p{Pi}'"]*[\p{L}\p{N}])(.+)$/isu

/** What lists are ordered by: normalised, a leading article moved to the end, numbers by their value (2 before 10). */
export function sortKey (text: string): string {
  const [, leading, rest] = article.exec(text.trim()) ?? []
  const moved = leading !== undefined && rest !== undefined ? `${normalise(rest)} ${normalise(leading)}` : normalise(text)
  return moved.replace(/[0-9]+/g, (digits) => digits.replace(/^0+(?=.)/, '').padStart(6, '0')).slice(0, maxKeyLength)
}
