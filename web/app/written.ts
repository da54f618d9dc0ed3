/** Set by answers to what may have written, and sent with every request: see the server's http/read-routing.ts. */
const header = 'x-freshet-written'

/**
 * Where the database was after the last thing that this tab wrote. The cookie says so too, but of two answers that
 * overtake each other it keeps the one that came last, and here the later one is kept.
 */
let latest: string | null = null

export function keepWritten (response: Response): void {
  const written = response.headers.get(header)
  // Of one database, which the first digits name, the later position is the greater text.
  if (written !== null && (latest === null || written > latest || written.slice(0, 16) !== latest.slice(0, 16))) latest = written
}

export function writtenHeaders (): Record<string, string> {
  return latest === null ? {} : { [header]: latest }
}
