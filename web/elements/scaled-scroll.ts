/**
 * The tallest box that every browser still lays out exactly, CSS pixels: Firefox ends at 17.8 million, Chromium and
 * WebKit at 33.5 million; below, all have room for what stands around the list.
 */
export const tallestPx = 15_000_000

export interface ScaledScroll {
  /** Height of the box that is scrolled. */
  readonly heightPx: number
  /** The list's own place for so many scrolled pixels. */
  place (scrolledPx: number): number
}

/**
 * A list that is taller than a browser can lay out is scrolled through a smaller box: its end stands at the box's end,
 * and a pixel of the box is several of the list. Up to `tallestPx` they are the same.
 */
export function scaledScroll ({ listPx, windowPx }: { readonly listPx: number, readonly windowPx: number }): ScaledScroll {
  const heightPx = Math.min(listPx, tallestPx)
  const [room, listRoom] = [heightPx - windowPx, listPx - windowPx]
  if (heightPx === listPx || room <= 0) return { heightPx: listPx, place: (scrolledPx) => scrolledPx }
  return { heightPx, place: (scrolledPx) => Math.min(scrolledPx, room) * (listRoom / room) + Math.max(0, scrolledPx - room) }
}
