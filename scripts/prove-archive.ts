import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { readConfig } from '../src/config.ts'
import { openPlatform, type Platform } from '../src/open-platform.ts'
import { findFfmpeg } from '../src/platform/media/ffmpeg.ts'
import { fetchObject } from '../src/processing/fetch-object.ts'

// Imports a folder of real music as a user does, then decodes every source and every rendition beside each other:
// all published, none silent, durations within 50 ms. npm run proof:archive -- FOLDER
const toleranceMs = 50
/** Below this RMS level a rendition counts as silent, unless its source is as quiet. */
const silentDb = -60
const execute = promisify(execFile)
const root = join(import.meta.dirname, '..')

interface Sounding { readonly ms: number, readonly rmsDb: number }
interface Row { relative_path: string, name: string, original: string, rendition: string, encoder_delay: number, sample_rate: number, sample_count: string }

async function main (folder: string | undefined): Promise<number> {
  if (folder === undefined) throw new Error('name a folder of music: npm run proof:archive -- FOLDER')
  const dataDir = mkdtempSync(join(tmpdir(), 'freshet-proof-'))
  try {
    const startedAt = performance.now()
    const imported = spawnSync(process.execPath, [join(root, 'scripts/freshet.mjs'), 'import', folder, '--report', join(dataDir, 'report.jsonl')], { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, DATA_DIR: dataDir } })
    const seconds = (performance.now() - startedAt) / 1_000
    const outcomes = readFileSync(join(dataDir, 'report.jsonl'), 'utf8').trim().split('\n').map((line): { outcome: string } => JSON.parse(line))
    const count = (outcome: string) => outcomes.filter((file) => file.outcome === outcome).length
    console.log(`${outcomes.length} files in ${seconds.toFixed(0)} s: ${count('published')} published, ${count('duplicate')} duplicates, ${count('rejected')} rejected`)
    const platform = await openPlatform(readConfig({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' }), pino({ level: 'warn' }))
    const faults = await compare(platform, dataDir).finally(() => platform.close())
    for (const fault of faults) console.log(`✗ ${fault}`)
    return imported.status === 0 && faults.length === 0 ? 0 : 1
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function compare ({ db, store }: Platform, dataDir: string): Promise<string[]> {
  const { rows } = await db.pool.query<Row>(
    `SELECT upload.relative_path, rendition.name, original.object_key AS original, rendition.object_key AS rendition,
            rendition.encoder_delay, rendition.sample_rate, rendition.sample_count
     FROM rendition JOIN track ON track.id = rendition.track_id JOIN original ON original.sha256 = track.original_id
     JOIN upload ON upload.track_id = track.id AND upload.sha256 = original.sha256
     WHERE track.state = 'published' ORDER BY upload.relative_path, rendition.name`)
  const hear = async (key: string) => {
    const { path } = await fetchObject(store, { key, path: join(dataDir, 'heard') }, new AbortController().signal)
    return await listen(path).finally(() => rmSync(path))
  }
  const sources = new Map<string, Sounding>()
  const faults: string[] = []
  let widestMs = 0
  for (const row of rows) {
    const source = sources.get(row.original) ?? await hear(row.original)
    sources.set(row.original, source)
    const rendition = await hear(row.rendition)
    const offMs = Math.abs(Number(row.sample_count) / row.sample_rate * 1_000 - source.ms)
    widestMs = Math.max(widestMs, offMs)
    if (offMs > toleranceMs || rendition.ms + toleranceMs < source.ms) faults.push(`${row.relative_path} ${row.name}: ${rendition.ms.toFixed(0)} ms, its source ${source.ms.toFixed(0)} ms`)
    if (rendition.rmsDb < silentDb && source.rmsDb >= silentDb) faults.push(`${row.relative_path} ${row.name} is silent`)
  }
  console.log(`${rows.length} renditions of ${sources.size} tracks decoded; widest difference in length ${widestMs.toFixed(1)} ms; ${faults.length} faults`)
  return faults
}

/** Decodes a whole file, independently of the pipeline, and measures how long and how loud it is. */
async function listen (path: string): Promise<Sounding> {
  const ffmpeg = await findFfmpeg(undefined)
  const { stderr } = await execute(ffmpeg.path, ['-nostdin', '-hide_banner', '-i', path, '-map', '0:a:0', '-af', 'astats=measure_perchannel=none', '-f', 'null', '-'], { maxBuffer: 2 ** 26 })
  const samples = Number(/Number of samples: (\d+)/.exec(stderr)?.[1])
  const rate = Number(/Audio: .*? (\d+) Hz/.exec(stderr)?.[1])
  const rmsDb = /RMS level dB: (\S+)/.exec(stderr)?.[1] ?? ''
  return { ms: samples / rate * 1_000, rmsDb: rmsDb === '-inf' ? -Infinity : Number(rmsDb) }
}

process.exitCode = await main(process.argv[2])
