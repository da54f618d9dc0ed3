import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { readConfig } from '../src/config.ts'
import { openPlatform, type Platform } from '../src/open-platform.ts'
import { type Ffmpeg, findFfmpeg } from '../src/platform/media/ffmpeg.ts'
import { enqueueJob, relayJobs, uploadJobKey } from '../src/processing/jobs.ts'
import { startWorker } from '../src/worker.ts'
import { musicIn } from './music-in.ts'

// Publishes a folder of music with the real pipeline and encodes the same files with bare ffmpeg, in turns so that
// both meet the same machine: npm run bench:throughput -- FOLDER [FILES]
const parallelism = 2
const rounds = 3
const goal = 1.15
const execute = promisify(execFile)
const now = () => new Date()

interface Spent {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

async function main (folder: string | undefined, most: number): Promise<void> {
  if (folder === undefined) throw new Error('name a folder of music: npm run bench:throughput -- FOLDER [FILES]')
  const files = (await musicIn(folder)).slice(0, most)
  if (files.length < rounds * parallelism) throw new Error(`${folder} holds ${files.length} pieces of music; ${rounds * parallelism} are needed`)
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-throughput-'))
  const config = readConfig({ DATA_DIR: dataDir, WORKER_CONCURRENCY: String(parallelism), LOG_LEVEL: 'warn' })
  const log = pino({ level: 'warn' })
  const platform = await openPlatform(config, log)
  const ffmpeg = await findFfmpeg(config.ffmpegPath)
  const worker = await startWorker({ ...platform, ffmpeg, log, now })
  try {
    const bare: Spent[] = []
    const published: Spent[] = []
    for (let round = 0; round < rounds; round++) {
      const share = files.filter((_, n) => n % rounds === round)
      const uploads = await prepare(platform, folder, share)
      const measures = [async () => bare.push(await measure(() => encodeBare(ffmpeg, share, dataDir))), async () => published.push(await measure(() => publish(platform, uploads)))]
      for (const run of round % 2 === 0 ? measures : measures.toReversed()) await run()
    }
    report(files.length, total(bare), total(published))
  } finally {
    await worker.stop()
    await platform.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** The bytes have arrived, the jobs are written, and nobody has been told yet. */
async function prepare ({ db, store }: Platform, folder: string, files: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const path of files) {
    const id = randomUUID()
    const { size } = await stat(path)
    await store.putFile(`originals/bench/${id}`, path, { contentType: 'application/octet-stream' })
    await db.prisma.$transaction(async (tx) => {
      await tx.upload.create({ data: { id, source: 'import', relativePath: relative(folder, path), sizeBytes: size, fingerprint: id, objectKey: `originals/bench/${id}`, partSizeBytes: size, state: 'received' } })
      await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(id), uploadId: id })
      // The worker's own sweep must not send it before the clock runs.
      await tx.job.updateMany({ where: { uploadId: id }, data: { sentAt: now() } })
    })
    ids.push(id)
  }
  return ids
}

async function publish ({ db, queue }: Platform, ids: string[]): Promise<void> {
  await db.prisma.job.updateMany({ where: { uploadId: { in: ids } }, data: { sentAt: null } })
  await relayJobs({ db, queue })
  for (;;) {
    const open = await db.prisma.upload.findMany({ where: { id: { in: ids }, state: 'received' }, include: { jobs: true } })
    const failed = open.flatMap(({ jobs }) => jobs).find(({ state }) => state === 'failed')
    if (failed !== undefined) throw new Error(`a job failed: ${failed.lastError ?? ''}`)
    if (open.length === 0) return
    await delay(20)
  }
}

/** The encodes that publishing a lossy file asks for, in one pass a file; lossless files get FLAC besides. */
async function encodeBare (ffmpeg: Ffmpeg, files: readonly string[], dir: string): Promise<void> {
  const waiting = [...files]
  const encodeAll = async (slot: number) => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const output = (codec: string[], name: string) => ['-map', '0:a:0', '-map_metadata', '-1', ...codec, '-movflags', '+frag_keyframe+delay_moov+default_base_moof+global_sidx', '-frag_duration', '4000000', '-f', 'mp4', join(dir, `bare-${slot}-${name}.mp4`)]
      const aac = ['96k', '160k', '256k'].flatMap((rate) => output(['-c:a', 'aac', '-aac_coder', 'twoloop', '-b:a', rate], rate))
      const flac = /\.(flac|wav|aiff?)$/i.test(path) ? output(['-c:a', 'flac', '-strict', '-2'], 'flac') : []
      await execute(ffmpeg.path, ['-nostdin', '-loglevel', 'error', '-y', '-threads', '1', '-i', path, ...aac, ...flac])
    }
  }
  await Promise.all(Array.from({ length: parallelism }, (_, slot) => encodeAll(slot)))
}

async function measure (work: () => Promise<void>): Promise<Spent> {
  const cpuBefore = cpuSeconds()
  const startedAt = performance.now()
  await work()
  return { wallSeconds: (performance.now() - startedAt) / 1_000, cpuSeconds: cpuSeconds() - cpuBefore }
}

/** Of this process and of the children that have ended (Linux); Postgres and the readers that live on are not in it. */
function cpuSeconds (): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

function total (parts: readonly Spent[]): Spent {
  const sum = (value: (part: Spent) => number) => parts.reduce((all, part) => all + value(part), 0)
  return { wallSeconds: sum((part) => part.wallSeconds), cpuSeconds: sum((part) => part.cpuSeconds) }
}

function report (files: number, bare: Spent, published: Spent): void {
  const line = (name: string, { wallSeconds, cpuSeconds: cpu }: Spent) => console.log(`${name.padEnd(12)} ${wallSeconds.toFixed(1).padStart(8)} s wall ${cpu.toFixed(1).padStart(8)} s CPU`)
  console.log(`${files} files, ${parallelism} at once`)
  line('bare ffmpeg', bare)
  line('published', published)
  const ratio = published.wallSeconds / bare.wallSeconds
  console.log(`ratio ${ratio.toFixed(3)}, goal ≤ ${goal}: ${ratio <= goal ? 'met' : 'missed'}`)
}

const [folder, most] = process.argv.slice(2)
await main(folder, most === undefined ? Infinity : Number(most))
