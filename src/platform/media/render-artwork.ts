import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from 'blurhash'
import sharp from 'sharp'

export interface ArtworkRequest {
  readonly path: string
  readonly outDir: string
  /** Longest sides wanted, rising. */
  readonly sizesPx: readonly number[]
}

export interface RenderedArtwork {
  readonly widthPx: number
  readonly heightPx: number
  readonly blurhash: string
  readonly dominantColour: string
  readonly images: ReadonlyArray<{ readonly sizePx: number, readonly format: 'webp' | 'avif', readonly path: string }>
}

/** 64 megapixels take 256 MB once decoded. */
const mostPixels = 64_000_000
const largestFileBytes = 32 * 2 ** 20
const webpQuality = 82
const avifQuality = 55
/** Of 9; higher ones take several times as long for a few per cent. */
const avifEffort = 2
const blurhashPx = 32

interface Pixels { readonly data: Buffer, readonly info: { readonly width: number, readonly height: number, readonly channels: 1 | 2 | 3 | 4 } }

/**
 * Draws a picture anew in each size, never larger than it came, as WebP and AVIF. What comes out holds pixels only.
 * @throws Error when it is no picture of an allowed kind, is broken or too large
 */
export async function renderArtwork ({ path, outDir, sizesPx }: ArtworkRequest): Promise<RenderedArtwork> {
  await requirePicture(path)
  sharp.cache(false)
  sharp.concurrency(1)
  const source = sharp(path, { limitInputPixels: mostPixels, failOn: 'error', sequentialRead: true })
  const { autoOrient: { width, height } } = await source.metadata()
  const largest = Math.max(...sizesPx)
  const base: Pixels = await source.autoOrient().resize(largest, largest, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' }).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const images = []
  for (const sizePx of ladder(sizesPx, Math.max(base.info.width, base.info.height))) {
    const image = from(base).resize(sizePx, sizePx, { fit: 'inside' })
    for (const format of ['webp', 'avif'] as const) {
      const file = join(outDir, `${sizePx}.${format}`)
      const options = format === 'webp' ? { quality: webpQuality } : { quality: avifQuality, effort: avifEffort }
      await image.clone().toFormat(format, options).toFile(file)
      images.push({ sizePx, format, path: file })
    }
  }
  return { widthPx: width, heightPx: height, ...await colours(base), images }
}

/** The sizes up to the picture's own, and its own where that lies between two of them. */
function ladder (sizesPx: readonly number[], ownPx: number): number[] {
  const fitting = sizesPx.filter((size) => size <= ownPx)
  return fitting.at(-1) === ownPx ? fitting : [...fitting, ownPx]
}

function from ({ data, info }: Pixels) {
  return sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } })
}

async function colours (base: Pixels): Promise<Pick<RenderedArtwork, 'blurhash' | 'dominantColour'>> {
  const small = await from(base).resize(blurhashPx, blurhashPx, { fit: 'inside' }).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const { r, g, b } = (await from(base).stats()).dominant
  return {
    blurhash: encode(new Uint8ClampedArray(small.data), small.info.width, small.info.height, 4, 4),
    dominantColour: `#${[r, g, b].map((value) => value.toString(16).padStart(2, '0')).join('')}`
  }
}

/** First bytes of what may be a cover. SVG, PDF and the rest, which can hold programs, are not pictures here. */
const signatures: ReadonlyArray<readonly [offset: number, bytes: string]> = [
  [0, '\xff\xd8\xff'], [0, '\x89PNG\r\n\x1a\n'], [8, 'WEBP'], [0, 'GIF8'], [4, 'ftypavif'], [4, 'ftypmif1'], [0, 'II*\0'], [0, 'MM\0*']
]

async function requirePicture (path: string): Promise<void> {
  const { size } = await stat(path)
  if (size > largestFileBytes) throw new Error(`the picture has ${size} bytes, more than ${largestFileBytes}`)
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0)
    const start = buffer.toString('latin1', 0, bytesRead)
    if (!signatures.some(([offset, bytes]) => start.startsWith(bytes, offset))) {
      throw new Error('it is no JPEG, PNG, WebP, GIF, AVIF or TIFF picture')
    }
  } finally {
    await file.close()
  }
}
