import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MediaReadError } from '../../platform/media/media-reader.ts'
import { manifest } from '../manifest.ts'
import { artefact, hashFile } from './artefact.ts'
import type { ProcessedArtwork, ProcessingContext, ProcessingOptions } from './processed-track.ts'

/** Longest sides: from a row in a list to the whole screen. */
const sizesPx = [64, 128, 256, 512, 1200]

/**
 * Draws the cover in every size.
 * @param picturePaths in order of preference; the first that is a good picture counts
 * @returns the artwork, and what was wrong with pictures passed over: a broken one never stops a track
 */
export async function makeArtwork (picturePaths: readonly string[], context: ProcessingContext, { isArtworkStored }: ProcessingOptions): Promise<{ readonly artwork: ProcessedArtwork, readonly warnings: readonly string[] }> {
  const warnings: string[] = []
  for (const path of picturePaths) {
    const { sha256 } = await hashFile(path)
    if (await isArtworkStored?.(sha256)) return { artwork: { kind: 'stored', sourceSha256: sha256 }, warnings }
    try {
      return { artwork: await draw(path, sha256, context), warnings }
    } catch (error) {
      if (!(error instanceof MediaReadError)) throw error
      warnings.push(`The cover was left out: ${error.message}`)
      context.log.warn({ err: error, sourceSha256: sha256 }, 'cover left out')
    }
  }
  return { artwork: null, warnings }
}

async function draw (path: string, sourceSha256: string, { reader, outDir, signal }: ProcessingContext): Promise<ProcessedArtwork> {
  const folder = join(outDir, `artwork-${sourceSha256.slice(0, 16)}`)
  await mkdir(folder, { recursive: true })
  const { images, ...facts } = await reader.renderArtwork({ path, outDir: folder, sizesPx }, signal)
  return {
    kind: 'new',
    sourceSha256,
    ...facts,
    images: await Promise.all(images.map(async ({ sizePx, format, path: file }) => ({ sizePx, format, ...await artefact(file, `image/${format}`) }))),
    recipeVersion: manifest.artwork.version
  }
}
