/** A sleeve's colour as a spine, lightness and chroma clamped: white text on it has a contrast of at least 4.5. */
export const spineColour = (dominant: string): string => `oklch(from ${dominant} clamp(0.28, l, 0.48) min(c, 0.11) h)`

/** A stable number from a text, for drawn sleeves. FNV-1a, 32 bits. */
export function hashText (text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Colours of a sleeve that has no picture, from its title. */
export function drawnColours (title: string): { readonly ground: string, readonly figure: string, readonly mark: string } {
  const hue = hashText(title) % 360
  return { ground: `oklch(0.4 0.07 ${hue})`, figure: `oklch(0.56 0.09 ${hue + 28})`, mark: `oklch(0.88 0.05 ${hue + 190})` }
}
