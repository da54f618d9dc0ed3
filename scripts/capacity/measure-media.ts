import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { readConfig } from '../../src/config.ts'
import { openPlatform, type Platform } from '../../src/open-platform.ts'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { enqueueJob, relayJobs, uploadJobKey } from '../../src/processing/jobs.ts'
import { startWorker } from '../../src/worker.ts'
import { musicIn } from '../music-in.ts'
import { CapacityError } from './capacity-error.ts'
import type { MediaCosts } from './measured-costs.ts'

const now = () => new Date()

/**
 * Publishes a folder of music with the real pipeline and counts what it leaves in the store, and the processor time.
 * @throws CapacityError where the folder has no music
 */
export async function measureMedia (folder: string): Promise<MediaCosts> {
  const files = await musicIn(folder)
  if (files.length === 0) throw new CapacityError(`${folder} holds no music; name a folder that does, such as dist/demo after npm run build`)
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-media-'))
  const log = pino({ level: 'warn' })
  const platform = await openPlatform(readConfig({ DATA_DIR: dataDir, WORKER_CONCURRENCY: '2', LOG_LEVEL: 'warn' }), log)
  const worker = await startWorker({ ...platform, ffmpeg: await findFfmpeg(undefined), log, now })
  try {
    const cpuBefore = cpuSeconds()
    await publish(platform, folder, files)
    return await costsOf(platform, { folder, cpuSeconds: cpuSeconds() - cpuBefore })
  } finally {
    await worker.stop()
    await platform.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function publish ({ db, store, queue }: Platform, folder: string, files: readonly string[]): Promise<void> {
  for (const path of files) {
    const id = randomUUID()
    const { size } = await stat(path)
    await store.putFile(`originals/bench/${id}`, path, { contentType: 'application/octet-stream' })
    await db.prisma.$transaction(async (tx) => {
      await tx.upload.create({ data: { id, source: 'import', relativePath: relative(folder, path), sizeBytes: size, fingerprint: id, objectKey: `originals/bench/${id}`, partSizeBytes: size, state: 'received' } })
      await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(id), uploadId: id })
    })
  }
  await relayJobs({ db, queue })
  for (;;) {
    const failed = await db.prisma.job.findFirst({ where: { state: 'failed' } })
    if (failed !== null) throw new CapacityError(`a job failed: ${failed.lastError ?? ''}`)
    if (await db.prisma.upload.count({ where: { state: 'received' } }) === 0) return
    await delay(100)
  }
}

async function costsOf ({ db }: Platform, { folder, cpuSeconds }: { folder: string, cpuSeconds: number }): Promise<MediaCosts> {
  const { rows: [totals] } = await db.pool.query<{ tracks: number, seconds: number, objects: number, originals: number }>(`
    SELECT count(*)::int AS tracks, sum(duration_ms)::float8 / 1000 AS seconds,
      (SELECT count(*) FROM stored_object)::int AS objects,
      (SELECT sum(s.size_bytes) FROM original o JOIN stored_object s ON s.key = o.object_key)::float8 AS originals
    FROM track WHERE state = 'published'`)
  const { rows: renditions } = await db.pool.query<{ name: string, bytes: number, seconds: number }>(`
    SELECT r.name, sum(s.size_bytes)::float8 AS bytes, sum(t.duration_ms)::float8 / 1000 AS seconds
    FROM rendition r JOIN stored_object s ON s.key = r.object_key JOIN track t ON t.id = r.track_id GROUP BY r.name ORDER BY r.name`)
  if (totals === undefined || totals.tracks === 0) throw new CapacityError(`nothing of ${folder} was published`)
  const minutes = totals.seconds / 60
  return {
    measuredAt: new Date().toISOString(),
    command: 'npm run bench:requests -- --music FOLDER',
    tracks: totals.tracks,
    seconds: Math.round(totals.seconds),
    minuteBytes: Object.fromEntries(renditions.map(({ name, bytes, seconds }) => [name, Math.round(bytes / seconds * 60)])),
    originalMinuteBytes: Math.round(totals.originals / minutes),
    objectsPerTrack: Number((totals.objects / totals.tracks).toFixed(1)),
    cpuSecondsPerMinute: Number((cpuSeconds / minutes).toFixed(2))
  }
}

/** Of this process and of the children that have ended (Linux). */
function cpuSeconds (): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}
