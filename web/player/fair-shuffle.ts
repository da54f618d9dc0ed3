/** What a shuffle looks at. */
export interface Shuffled { readonly key: string, readonly artist: string, readonly album: string }

/**
 * Keys in an order drawn with a seed: the same seed and entries give the same order on every device. Fair means that
 * no artist is bunched, nor an album within an artist: the entries of each are spread evenly over the whole, from a
 * random start and with some random shift. After Martin Fiedler, "The Art of Shuffling Music" (2007), and Lukáš
 * Poláček, "How to shuffle songs?" (Spotify Engineering, 2014).
 */
export function fairShuffle (entries: readonly Shuffled[], seed: number): string[] {
  const random = numbersFrom(seed)
  const artists = [...grouped(entries, ({ artist }) => artist)].map((ofArtist) => spread([...grouped(ofArtist, ({ album }) => album)].map((ofAlbum) => mixed(ofAlbum, random)), random))
  return spread(mixed(artists, random), random).map(({ key }) => key)
}

/** How far an entry is shifted, as a share of the distance between two of its group: enough to surprise, too little to meet. */
const shift = 0.4

function spread<T> (groups: ReadonlyArray<readonly T[]>, random: () => number): T[] {
  const items = groups.flat()
  const places = new Float64Array(items.length)
  let n = 0
  for (const { length } of groups) {
    const start = random() * (1 - shift)
    for (let index = 0; index < length; index++, n++) places[n] = asPlace((index + start + random() * shift) / length, n)
  }
  return Array.from(places.sort(), (place) => items[place % mostItems]).filter((item) => item !== undefined)
}

const mostItems = 2 ** 20
/** A share of the whole and an item's number in one, as numbers alone are sorted in a tenth of the time. */
const asPlace = (share: number, number: number): number => Math.floor(share * 2 ** 32) * mostItems + number

function grouped<T> (items: readonly T[], by: (item: T) => string): Iterable<T[]> {
  return Map.groupBy(items, by).values()
}

/** Fisher and Yates: every order is as likely as any other. */
function mixed<T> (items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [result[i], result[j]]
    if (a !== undefined && b !== undefined) [result[i], result[j]] = [b, a]
  }
  return result
}

/** mulberry32, by Tommy Ettinger (public domain): numbers in [0, 1). */
function numbersFrom (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}
