export interface Join {
  /** Samples too many (gap) or too few (overlap) between the end of one track and the start of the next. */
  readonly shift: number
  /** Samples before and after the join that aren't those of the source. */
  readonly tailLost: number
  readonly headLost: number
  /** What the listener has wrong: the larger of the two kinds. */
  readonly wrong: number
  /** How alike the two stretches are that the place was found by, 0 to 1. */
  readonly likeness: number
}

const stretch = 4_096
/** Far enough from the join that nothing of it reaches there, near enough that clocks don't drift. */
const away = 22_050
/** How alike a piece must be to count as the source's. */
const alike = 0.9
const piece = 64

/** Finds the source either side of the join in what was heard, and counts what is wrong between. */
export function analyseJoin (heard: Float32Array, source: Float32Array, join: number): Join {
  const before = find(heard, source, join - away - stretch, 0)
  const offset = before.at - (join - away - stretch)
  const after = find(heard, source, join + away, Math.max(0, join + away + offset - 30_000))
  const shift = after.at - (join + away) - offset
  const ahead = (at: number) => correlation(heard, at + offset, source.subarray(at, at + piece))
  const behind = (at: number) => correlation(heard, at + offset + shift, source.subarray(at, at + piece))
  let tailLost = 0
  while (tailLost < away && ahead(join - piece - tailLost) < alike) tailLost += piece / 4
  let headLost = 0
  while (headLost < away && behind(join + headLost) < alike) headLost += piece / 4
  return { shift, tailLost, headLost, wrong: Math.max(Math.abs(shift), tailLost + headLost), likeness: Math.min(before.likeness, after.likeness) }
}

/** Where this stretch of the source stands in what was heard. */
function find (heard: Float32Array, source: Float32Array, from: number, earliest: number): { at: number, likeness: number } {
  let found = { at: 0, likeness: -1 }
  const [head, whole] = [source.subarray(from, from + piece), source.subarray(from, from + stretch)]
  for (let at = earliest; at + stretch < heard.length; at++) {
    // A quick look first: most places are nowhere near.
    if (found.likeness > 0 && Math.abs(correlation(heard, at, head)) < 0.5) continue
    const likeness = correlation(heard, at, whole, 5)
    if (likeness > found.likeness) found = { at, likeness }
    if (likeness > 0.999) break
  }
  return found
}

/** How alike the samples from `at` on are to the wanted ones, every `step`th compared. */
function correlation (heard: Float32Array, at: number, wanted: Float32Array, step = 1): number {
  let [product, heardPower, wantedPower] = [0, 0, 0]
  for (let n = 0; n < wanted.length; n += step) {
    const [x, y] = [heard[at + n] ?? 0, wanted[n] ?? 0]
    product += x * y
    heardPower += x * x
    wantedPower += y * y
  }
  return product / Math.sqrt(heardPower * wantedPower + 1e-12)
}
