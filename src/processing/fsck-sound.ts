import { join } from 'node:path'
import type { Database } from '../platform/database/database.ts'
import { type Ffmpeg, FfmpegError, runFfmpeg } from '../platform/media/ffmpeg.ts'
import type { ObjectStore } from '../platform/storage/object-store.ts'
import { ObjectNotFoundError } from '../platform/storage/object-store-errors.ts'
import { fetchObject } from './fetch-object.ts'
import type { Breach, Progress } from './fsck-rows.ts'
import { withScratchFolder } from './scratch.ts'

export interface SoundCheck {
  readonly db: Pick<Database, 'pool'>
  readonly store: ObjectStore
  readonly ffmpeg: Ffmpeg
  readonly scratchDir: string
  readonly onProgress: Progress
}

interface RenditionRow {
  readonly id: string
  readonly track_id: string
  readonly title: string
  readonly name: string
  readonly object_key: string
  readonly duration_ms: number
  readonly sample_rate: number
  readonly encoder_delay: number
}

const batchRows = 100
const toleranceMs = 50
/** A coder ends on a whole frame; what it adds lies within two. */
const mostPaddingSamples = 2 * 4096
const bytesPerSample = 2
const never = new AbortController().signal

/** Decodes every rendition of every visible track and measures how long it sounds. */
export async function * checkSound (check: SoundCheck): AsyncIterable<Breach> {
  let last = '00000000-0000-0000-0000-000000000000'
  for (let done = 0; ;) {
    const { rows } = await check.db.pool.query<RenditionRow>(
      `SELECT rendition.id, track_id, title, name, object_key, duration_ms, sample_rate, encoder_delay
       FROM rendition JOIN track ON track.id = track_id AND state = 'published'
       WHERE rendition.id > $1::uuid ORDER BY rendition.id LIMIT $2`, [last, batchRows])
    for (const row of rows) {
      const message = await listen(check, row)
      if (message !== null) yield { invariant: 'I3', subject: `track ${row.track_id} "${row.title}"`, message: `${row.name} ${message}` }
    }
    done += rows.length
    check.onProgress('sound', done)
    last = rows.at(-1)?.id ?? last
    if (rows.length < batchRows) return
  }
}

/** @returns what is wrong, or null */
async function listen (check: SoundCheck, row: RenditionRow): Promise<string | null> {
  try {
    const samples = await countSamples(check, row)
    const shortestMs = (samples - row.encoder_delay - mostPaddingSamples) / row.sample_rate * 1_000
    const longestMs = samples / row.sample_rate * 1_000
    if (row.duration_ms > shortestMs - toleranceMs && row.duration_ms < longestMs + toleranceMs) return null
    return `sounds for ${Math.round(longestMs)} ms, and the track lasts ${row.duration_ms} ms`
  } catch (error) {
    if (error instanceof FfmpegError) return `can’t be decoded: ${error.message.slice(0, 300)}`
    // Named already by the check of the objects.
    if (error instanceof ObjectNotFoundError) return null
    throw error
  }
}

async function countSamples ({ store, ffmpeg, scratchDir }: SoundCheck, row: RenditionRow): Promise<number> {
  return withScratchFolder(scratchDir, async (folder) => {
    const { path } = await fetchObject(store, { key: row.object_key, path: join(folder, 'rendition') }, never)
    let bytes = 0
    await runFfmpeg(ffmpeg, {
      inputPath: path,
      inputArgs: ['-err_detect', 'explode', '-xerror'],
      outputArgs: ['-map', '0:a:0', '-ac', '1', '-f', 's16le', 'pipe:1'],
      cwd: folder,
      signal: never,
      limits: { timeoutMs: 600_000, fileBytes: 0, stdoutBytes: 2 ** 33 },
      onStdout: (chunk) => { bytes += chunk.length }
    })
    return bytes / bytesPerSample
  })
}
