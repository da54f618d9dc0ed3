/** Uniform numbers in [0, 1) that a seed repeats: mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const deckSize = 64

/**
 * Exponentially distributed times with the given mean. They are dealt from shuffled decks of its quantiles: as varied as
 * independent ones, but any 64 in a row have the exact mean. A compressed minute holds far fewer requests than a real one, and
 * without this its mean load would jump about as no real fleet's does.
 */
export function exponentialTimes (mean: number, random: () => number): () => number {
  const quantiles = Array.from({ length: deckSize }, (_, i) => -Math.log(1 - (i + 0.5) / deckSize))
  const scale = mean * deckSize / quantiles.reduce((sum, one) => sum + one, 0)
  let deck: number[] = []
  return () => {
    if (deck.length === 0) deck = shuffled(quantiles, random)
    return (deck.pop() ?? 1) * scale
  }
}

function shuffled (values: readonly number[], random: () => number): number[] {
  const deck = [...values]
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const swapped = deck[i] ?? 0
    deck[i] = deck[j] ?? 0
    deck[j] = swapped
  }
  return deck
}
