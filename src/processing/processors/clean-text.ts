// Control characters but line breaks; bidirectional overrides, which make a name read as another; lone surrogates.
const unwanted = /(?!\n)\p{Cc}|\p{Surrogate}|[\u200b\u2028-\u202e\u2066-\u2069\ufeff]/gu

/** Text of a user's file as one line that a database and a page can take; undefined when nothing is left. */
export function cleanLine (text: string | null | undefined, mostCharacters = 300): string | undefined {
  return cut(text?.normalize('NFC').replace(unwanted, ' ').replace(/\s+/g, ' ').trim(), mostCharacters)
}

/** As `cleanLine`, but the lines stay. */
export function cleanLines (text: string | null | undefined, mostCharacters: number): string | undefined {
  return cut(text?.normalize('NFC').replace(/\r\n?/g, '\n').replace(unwanted, ' ').replace(/[^\S\n]+/g, ' ').replace(/ ?\n ?/g, '\n').trim(), mostCharacters)
}

/** Cuts between code points, so that no half of one is left. */
function cut (text: string | undefined, mostCharacters: number): string | undefined {
  if (text === undefined || text === '') return undefined
  return text.length <= mostCharacters ? text : [...text].slice(0, mostCharacters).join('').trim()
}
