import sharp from 'sharp'
import { seededRandom } from './instruments.ts'

const sizePx = 1_000

/** Sky, banks and water of each sleeve, from high to low. */
const palettes = [
  ['#dfe9ee', '#9fc3cf', '#3f7c90', '#16394a'], ['#f0e2c8', '#c9a66b', '#7d5a35', '#2e2116'],
  ['#e7efd9', '#a4bf74', '#55803c', '#1d3419'], ['#e9dce8', '#b089b8', '#6a4479', '#2a1836'],
  ['#f3e6df', '#d99a80', '#9c4f41', '#3b1a1a'], ['#c9d3e6', '#6a7fb0', '#2f3f73', '#11162f'],
  ['#e8ecec', '#a9b7ba', '#5f7277', '#20292c'], ['#f6ecd2', '#e3b95b', '#3f7f86', '#17343b']
]

/** A square sleeve: bands of water under a low sun, drawn from the seed alone. */
export async function drawCover (seed: number): Promise<Buffer> {
  const random = seededRandom(seed * 7_919)
  const [sky = '', far = '', near = '', deep = ''] = palettes[seed % palettes.length] ?? []
  const bands = Array.from({ length: 9 }, (_, i) => {
    const top = 380 + i * 72
    const swell = 18 + i * 7
    const phase = random() * 400
    const points = Array.from({ length: 26 }, (_, p) => `${p * 40},${(top + Math.sin((p * 40 + phase) / (90 + i * 14)) * swell).toFixed(1)}`)
    const colour = i < 3 ? far : i < 6 ? near : deep
    return `<polygon points="${points.join(' ')} 1000,1000 0,1000" fill="${colour}" fill-opacity="${(0.42 + i * 0.05).toFixed(2)}"/>`
  })
  const sun = { x: 220 + random() * 560, y: 200 + random() * 130, r: 70 + random() * 60 }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${sizePx}" height="${sizePx}" viewBox="0 0 1000 1000">
    <rect width="1000" height="1000" fill="${sky}"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="${sun.r}" fill="#c8231a"/>
    ${bands.join('\n')}
  </svg>`
  return await sharp(Buffer.from(svg)).jpeg({ quality: 88 }).toBuffer()
}
