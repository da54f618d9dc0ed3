import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { decoders, demuxers, type Ffmpeg } from './ffmpeg.ts'

const execute = promisify(execFile)

const needed = {
  decoders,
  demuxers,
  encoders: ['aac', 'flac', 'pcm_s16le'],
  muxers: ['mp4', 'null', 's16le', 'hash'],
  filters: ['ebur128', 'aresample', 'asplit', 'aformat', 'asettb', 'asetpts']
} as const

/** What the pipeline needs and this ffmpeg was built without: `encoder aac`, `filter ebur128` … */
export async function missingFfmpegParts (ffmpeg: Ffmpeg): Promise<string[]> {
  const missing: string[] = []
  for (const [kind, names] of Object.entries(needed)) {
    const { stdout } = await execute(ffmpeg.path, ['-hide_banner', `-${kind}`])
    const present = new Set(stdout.split('\n').flatMap((line) => line.trim().split(/\s+/)[1]?.split(',') ?? []))
    missing.push(...names.filter((name) => !present.has(name)).map((name) => `${kind.slice(0, -1)} ${name}`))
  }
  return missing
}
