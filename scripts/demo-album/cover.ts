import sharp from 'sharp'
import { seededRandom } from './instruments.ts'

const sizePx = 1_000

const [sky, far, near, deep] = ['#dfe9ee', '#9fc3cf', '#3f7c90', '#16394a']

/** A square sleeve: bands of water under a low sun, the same on every machine. */
export async function drawCover (): Promise<Buffer> {
  const random = seededRandom(7_919)
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
