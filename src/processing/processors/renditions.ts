import { join } from 'node:path'
import { readFmp4Index } from '../../platform/media/fmp4-index.ts'
import { manifest } from '../manifest.ts'
import { artefact } from './artefact.ts'
import { type DecodeTap, playableFormat } from './decode-pass.ts'
import type { RenditionFile, SourceAudio } from './processed-track.ts'

interface Recipe {
  readonly name: RenditionFile['name']
  readonly codec: RenditionFile['codec']
  readonly mimeType: string
  readonly encoder: readonly string[]
  /** What the encoder was asked for; a lossless one takes what it needs. */
  readonly targetKbps: number | null
}

// ffmpeg's thorough coder at every rate: its fast one takes half the time, and leaves four times the error at 256 kb/s.
const aac = (name: 'aac-96' | 'aac-160' | 'aac-256', kbps: number): Recipe =>
  ({ name, codec: 'aac', mimeType: 'audio/mp4; codecs="mp4a.40.2"', encoder: ['-c:a', 'aac', '-aac_coder', 'twoloop', '-b:a', `${kbps}k`], targetKbps: kbps })
const aacRecipes = [aac('aac-96', 96), aac('aac-160', 160), aac('aac-256', 256)]
const flacRecipe: Recipe =
  { name: 'flac', codec: 'flac', mimeType: 'audio/mp4; codecs="flac"', encoder: ['-c:a', 'flac', '-compression_level', '5', '-strict', '-2'], targetKbps: null }

// Without this ffmpeg 7 writes 32-bit FLAC, which older decoders can't read.
const deepest = ['-bits_per_raw_sample', '24']

/** 4 s fragments; the index (sidx) in front lets a browser seek without reading the whole file. */
const packaging = ['-movflags', '+frag_keyframe+delay_moov+default_base_moof+global_sidx', '-frag_duration', '4000000', '-f', 'mp4']

/** All AAC rates whatever the source, so that every client finds the one it asks for; FLAC when the source is lossless. */
export function renditionsTap (audio: SourceAudio, outDir: string): DecodeTap<RenditionFile[]> {
  const path = (name: string) => join(outDir, `${name}.mp4`)
  const playable = playableFormat(audio)
  const recipes = audio.lossless ? [...aacRecipes, flacRecipe] : aacRecipes
  return {
    branches: recipes.map(({ name, codec, encoder }) => ({
      feed: codec === 'flac' ? 'source' as const : 'playable' as const,
      filter: codec === 'flac' ? `aformat=sample_fmts=${isDeep(audio) ? 's32' : 's16'}` : 'anull',
      output: [...encoder, ...(codec === 'flac' && isDeep(audio) ? deepest : []), ...packaging, `file:${path(name)}`]
    })),
    finish: () => Promise.all(recipes.map((recipe) => describe(recipe, path(recipe.name), recipe.codec === 'flac' ? audio : playable)))
  }
}

/** ffmpeg writes FLAC of 16 or, from 32-bit samples, 24 bits. */
function isDeep ({ bitDepth }: SourceAudio): boolean {
  return bitDepth !== null && bitDepth > 16
}

async function describe ({ name, codec, mimeType, targetKbps }: Recipe, path: string, format: { readonly sampleRate: number, readonly channels: number }): Promise<RenditionFile> {
  const [index, file] = await Promise.all([readFmp4Index(path), artefact(path, mimeType)])
  const ticks = index.fragments.reduce((sum, [, , duration]) => sum + duration, 0)
  if (index.timescale !== format.sampleRate) throw new Error(`${name} counts ${index.timescale} ticks a second, not ${format.sampleRate}`)
  return {
    name,
    codec,
    ...file,
    // The mean comes out a little above the target, and a listener who asks for 160 at most means this one.
    bitrateKbps: targetKbps ?? Math.round(file.sizeBytes * 8 / (ticks / index.timescale) / 1000),
    sampleRate: format.sampleRate,
    channels: format.channels,
    recipeVersion: manifest.renditions.version,
    ...index,
    sampleCount: ticks - index.encoderDelay
  }
}

/** Largest difference in length between the source and a rendition. */
const toleranceMs = 50
/** A coded silence takes 2 to 3 kb/s. */
const silenceKbps = 4
/** Below this a source counts as silent. */
const silenceDbtp = -60

/**
 * Refuses what the encoder spoilt without saying so.
 * @throws Error, to be tried again: the fault is ours, not the file's
 */
export function checkRenditions (renditions: readonly RenditionFile[], source: { readonly durationMs: number, readonly truePeakDbtp: number | null }): void {
  for (const { name, sampleCount, timescale, fragments } of renditions) {
    const durationMs = sampleCount / timescale * 1000
    if (Math.abs(durationMs - source.durationMs) > toleranceMs) {
      throw new Error(`${name} lasts ${durationMs.toFixed(1)} ms where the source lasts ${source.durationMs.toFixed(1)} ms`)
    }
    const loudestKbps = Math.max(...fragments.map(([, sizeBytes, ticks]) => sizeBytes * 8 / (ticks / timescale) / 1000))
    if (source.truePeakDbtp !== null && source.truePeakDbtp > silenceDbtp && loudestKbps < silenceKbps) throw new Error(`${name} is silent and the source is not`)
  }
}
