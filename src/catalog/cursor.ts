import createError from '@fastify/error'
import { type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'

export const InvalidCursorError = createError('INVALID_CURSOR', 'the cursor is not one that this list gave out; begin again without one', 400)

/** The place in a list after which the next page begins, as an opaque text. */
export function encodeCursor (place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/**
 * The place that a cursor names, or undefined where there is none: the first page.
 * @throws InvalidCursorError for a text that was changed or comes from another list
 */
export function decodeCursor<T extends TSchema> (cursor: string | undefined, schema: T): Static<T> | undefined {
  if (cursor === undefined) return undefined
  const place = parse(Buffer.from(cursor, 'base64url').toString())
  if (!Value.Check(schema, place)) throw new InvalidCursorError()
  return place
}

function parse (text: string): unknown {
  // Postgres has no text with NUL, so none of our cursors has.
  if (text.includes('\\u0000')) throw new InvalidCursorError()
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidCursorError()
  }
}
