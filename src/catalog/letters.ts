import type { Reader } from '../platform/database/database.ts'

/** Beyond these no row of letters is of use: a library in Chinese has thousands of first characters. */
const most = 100

/**
 * The first letters in use among rows with published tracks, in order: one step down the index for each, however many
 * rows there are. The key's collation is "C", in which the next letter is the next code point.
 */
export async function readLetters ({ pool }: Reader, { table, key }: { readonly table: 'album' | 'artist', readonly key: 'sort_title' | 'sort_name' }): Promise<string[]> {
  const first = (where: string) => `(SELECT left(${key}, 1) FROM ${table} WHERE track_count > 0 AND ${where} ORDER BY ${key}, id LIMIT 1)`
  const { rows } = await pool.query<{ letter: string }>({
    name: `letters-${table}`,
    // After U+D7FF the next code points are surrogates, which no text has; nothing is assigned beyond U+10FFFD.
    text: `WITH RECURSIVE step (letter) AS (
        SELECT ${first(`${key} <> ''`)}
        UNION ALL SELECT ${first(`${key} >= chr(CASE ascii(letter) WHEN 55295 THEN 57344 ELSE least(ascii(letter) + 1, 1114111) END) AND left(${key}, 1) <> letter`)}
        FROM step WHERE letter IS NOT NULL)
      SELECT letter FROM step WHERE letter IS NOT NULL LIMIT ${most}`
  })
  return rows.map(({ letter }) => letter)
}
