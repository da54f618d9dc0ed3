/**
 * Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours that make `b` of `a`.
 * Gives up with Infinity once it is sure that the answer exceeds `max`.
 */
export function editDistance (a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return Infinity
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, substituted, swapped))
    }
    if (Math.min(...row) > max) return Infinity
    beforeLast = last
    last = row
  }
  const distance = at(last, b.length)
  return distance > max ? Infinity : distance
}

function at (row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}

/** Alphabets in which single-letter mistakes are looked for, the first that has the word's letters. */
const alphabets = ['abcdefghijklmnopqrstuvwxyz0123456789', 'абвгдежзиклмнопрстуфхцчшщъыьэюяії', 'αβγδεζηθικλμνξοπρςστυφχψω']

/** Every word one edit away from the given one, itself not among them. */
export function oneEditAway (word: string): string[] {
  const letters = [...alphabets.find((alphabet) => [...word].some((letter) => /\p{L}/u.test(letter) && alphabet.includes(letter))) ?? '']
  const variants = new Set<string>()
  for (let i = 0; i <= word.length; i++) {
    const [head, tail] = [word.slice(0, i), word.slice(i)]
    for (const letter of letters) variants.add(head + letter + tail)
    if (tail === '') continue
    variants.add(head + tail.slice(1))
    if (tail.length > 1) variants.add(`${head}${tail.charAt(1)}${tail.charAt(0)}${tail.slice(2)}`)
    for (const letter of letters) variants.add(head + letter + tail.slice(1))
  }
  variants.delete(word)
  return [...variants].filter((variant) => variant.length > 1 && variant.isWellFormed())
}
