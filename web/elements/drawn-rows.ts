/** Rows from the first up to, but not with, the last. */
export interface Rows { readonly from: number, readonly to: number }

interface Goal {
  /** What shall be drawn in the end, and of it what is in sight. */
  readonly all: Rows
  readonly inSight: Rows
  /** New rows at most. */
  readonly most: number
}

/**
 * The next rows to draw on the way from those that are drawn to all that shall be: those that stay and a few new ones
 * beside them, first what is in sight. Where none stays it begins with the first in sight.
 */
export function drawMore (drawn: Rows, { all, inSight, most }: Goal): Rows {
  let from = Math.max(drawn.from, all.from)
  let to = Math.min(drawn.to, all.to)
  if (from >= to) from = to = Math.min(Math.max(inSight.from, all.from), all.to)
  let left = most
  for (const { from: start, to: end } of [inSight, all]) {
    const below = Math.min(left, Math.max(0, Math.min(end, all.to) - to))
    to += below
    left -= below
    const above = Math.min(left, Math.max(0, from - Math.max(start, all.from)))
    from -= above
    left -= above
  }
  return { from, to }
}
