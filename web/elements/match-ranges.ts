export interface TextPart { readonly text: string, readonly match: boolean }

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** Splits a text where its words start as words of the query do, whatever their accents and case. No part is white space alone: screen readers would run the words around it together. */
export function matchRanges (text: string, query: string): readonly TextPart[] {
  const words = folded(query).split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  if (words.length === 0) return [{ text, match: false }]
  const parts = text.split(/(?<=[^\p{L}\p{N}\p{M}])(?=[\p{L}\p{N}\p{M}])/u).flatMap((piece) => {
    const start = words.filter((word) => folded(piece).startsWith(word)).reduce((most, word) => Math.max(most, word.length), 0)
    if (start === 0) return [{ text: piece, match: false }]
    const characters = [...piece.normalize('NFC')]
    const rest = characters.slice(start).join('')
    return rest.trim() === '' ? [{ text: piece, match: true }] : [{ text: characters.slice(0, start).join(''), match: true }, { text: rest, match: false }]
  })
  return parts.reduce<TextPart[]>((joined, { text, match }) => {
    const last = joined.at(-1)
    return last?.match === match ? [...joined.slice(0, -1), { text: last.text + text, match }] : [...joined, { text, match }]
  }, [])
}
