/** A colour as lightness (0–1), chroma and hue (degrees) of OKLCH. */
interface Oklch { readonly l: number, readonly c: number, readonly h: number }

const linear = (channel: number): number => (channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4)
const gamma = (channel: number): number => (channel <= 0.0031308 ? channel * 12.92 : 1.055 * channel ** (1 / 2.4) - 0.055)

/** Matrices: Björn Ottosson, "A perceptual color space for image processing", 2020. */
function toOklch (hex: string): Oklch {
  const number = Number.parseInt(hex.slice(1), 16)
  const [r, g, b] = [linear((number >> 16 & 255) / 255), linear((number >> 8 & 255) / 255), linear((number & 255) / 255)]
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
  return { l: 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, c: Math.hypot(a, bb), h: Math.atan2(bb, a) * 180 / Math.PI }
}

function toHex ({ l: lightness, c, h }: Oklch): string {
  const a = c * Math.cos(h * Math.PI / 180)
  const b = c * Math.sin(h * Math.PI / 180)
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
  const channels = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s]
  return `#${channels.map((channel) => Math.round(Math.min(1, Math.max(0, gamma(channel))) * 255).toString(16).padStart(2, '0')).join('')}`
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

/** A sleeve's colour as a spine: dark enough that white text on it has a contrast of at least 4.5. */
export function spineColour (dominant: string): string {
  const { l, c, h } = toOklch(dominant)
  return toHex({ l: clamp(l, 0.28, 0.48), c: clamp(c, 0, 0.11), h })
}

/** A stable number from a text, for drawn sleeves. FNV-1a, 32 bits. */
export function hashText (text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Colours of a sleeve that has no picture, from its title. */
export function drawnColours (title: string): { readonly ground: string, readonly figure: string, readonly mark: string } {
  const hue = hashText(title) % 360
  return { ground: toHex({ l: 0.4, c: 0.07, h: hue }), figure: toHex({ l: 0.56, c: 0.09, h: hue + 28 }), mark: toHex({ l: 0.88, c: 0.05, h: hue + 190 }) }
}
