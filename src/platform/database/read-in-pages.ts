import type { Database } from './database.ts'

/** The smallest value of each type that a key can have. */
const first = { timestamptz: '-infinity', uuid: '00000000-0000-0000-0000-000000000000', bigint: '0', text: '' } as const

export interface PersonalRows {
  /** Name of the list in what a person is given. */
  readonly name: string
  readonly table: string
  /** SQL of one entry as JSON. */
  readonly entry: string
  /** From FROM on, without the WHERE. */
  readonly from: string
  /** SQL that is true for the person $1. */
  readonly whose: string
  /** Columns in whose order it is read, of which an index begins with the person. Together they are unique. */
  readonly keys: ReadonlyArray<readonly [column: string, type: keyof typeof first]>
}

const pageRows = 1_000

/**
 * Every row of a person's in a table, as JSON. Each page is a statement of its own: a million rows take no more memory
 * than a thousand, and a slow reader keeps no connection.
 */
export async function * readInPages (db: Database, { name, entry, from, whose, keys }: PersonalRows, userId: string): AsyncGenerator<string> {
  const columns = keys.map(([column]) => column).join(', ')
  const after = keys.map(([, type], i) => `$${i + 2}::${type}`).join(', ')
  const text = `SELECT (${entry})::text AS entry, ARRAY[${keys.map(([column]) => `${column}::text`).join(', ')}] AS place
    FROM ${from} WHERE ${whose} AND (${columns}) > (${after}) ORDER BY ${columns} LIMIT ${pageRows}`
  let place: readonly string[] = keys.map(([, type]) => first[type])
  while (true) {
    const { rows } = await db.pool.query<{ readonly entry: string, readonly place: readonly string[] }>({ name: `personal ${name}`, text, values: [userId, ...place] })
    for (const row of rows) yield row.entry
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    place = last.place
  }
}
