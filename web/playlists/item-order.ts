import type { PlaylistItem } from '../app/api-types.ts'

/** Ways to look at a playlist; its own order stays what it is. */
export const itemOrders = ['own', 'title', 'artist', 'album', 'added', 'length'] as const
export type ItemOrder = typeof itemOrders[number]

const byText = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' }).compare
const compare: Readonly<Record<Exclude<ItemOrder, 'own'>, (a: PlaylistItem, b: PlaylistItem) => number>> = {
  title: (a, b) => byText(a.track.title, b.track.title),
  artist: (a, b) => byText(a.track.artistCredit, b.track.artistCredit),
  album: (a, b) => byText(a.track.album.title, b.track.album.title) || a.track.discNo - b.track.discNo || a.track.trackNo - b.track.trackNo,
  added: (a, b) => b.addedAt.localeCompare(a.addedAt),
  length: (a, b) => a.track.durationMs - b.track.durationMs
}

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/** The items that have all words somewhere in title, artist or album, in an order. */
export function orderedItems (items: readonly PlaylistItem[], order: ItemOrder, wanted: string): readonly PlaylistItem[] {
  const words = folded(wanted).split(/\s+/).filter(Boolean)
  const found = words.length === 0
    ? items
    : items.filter(({ track }) => {
      const text = folded(`${track.title} ${track.artistCredit} ${track.album.title}`)
      return words.every((word) => text.includes(word))
    })
  return order === 'own' ? found : found.toSorted(compare[order])
}
