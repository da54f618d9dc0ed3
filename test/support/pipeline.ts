import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { pino } from 'pino'
import type { Database } from '../../src/platform/database/database.ts'
import { type Ffmpeg, findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import type { JobQueue } from '../../src/platform/queue/job-queue.ts'
import { PostgresJobQueue } from '../../src/platform/queue/postgres-job-queue.ts'
import { DiskObjectStore } from '../../src/platform/storage/disk-object-store.ts'
import type { ObjectStore } from '../../src/platform/storage/object-store.ts'
import type { JobTimes } from '../../src/processing/job-context.ts'
import { enqueueJob, relayJobs, uploadJobKey, type ProcessUploadPayload } from '../../src/processing/jobs.ts'
import { startWorker, type Worker } from '../../src/worker.ts'
import { testDatabase } from './database.ts'
import { makeSound, type SoundOptions } from './media.ts'
import { temporaryFolder } from './stores.ts'

/** Everything that a worker works with, for real, in a folder of its own. */
export interface Pipeline {
  readonly db: Database & { readonly url: string }
  readonly dir: string
  readonly store: ObjectStore
  readonly queue: JobQueue
  readonly ffmpeg: Ffmpeg
}

/** As short as a loaded machine allows. */
export const quickTimes: JobTimes = { leaseSeconds: 4, firstRetryMs: 50, firstPauseMs: 50 }
const queueName = 'jobs'
const maxReceives = 3
export const silentLog = pino({ level: 'silent' })
export const now = () => new Date()

export async function openPipeline (t: Test): Promise<Pipeline> {
  const db = await testDatabase(t)
  const dir = await temporaryFolder(t)
  const adapters = openAdapters(dir, db.url)
  t.teardown(async () => { await adapters.queue.close(); await adapters.store.close() })
  return { db, dir, ffmpeg: await findFfmpeg(undefined), ...adapters }
}

export function openAdapters (dir: string, databaseUrl: string): Pick<Pipeline, 'store' | 'queue'> {
  return {
    store: new DiskObjectStore({ dir: join(dir, 'objects'), publicUrl: 'http://localhost', secret: 'a secret of at least 32 characters' }),
    queue: new PostgresJobQueue({ address: databaseUrl, queue: queueName, maxReceives, onError: () => {} })
  }
}

/** A worker in this process, stopped at the end of the test. */
export async function workIn (t: Test, pipeline: Pipeline, { concurrency = 2, times = quickTimes, store = pipeline.store } = {}): Promise<Worker> {
  const config = { worker: { concurrency, scratchDir: join(pipeline.dir, 'scratch') } }
  const worker = await startWorker({ ...pipeline, store, config, log: silentLog, now, times })
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= worker.stop()
    return stopped
  }
  t.teardown(stop)
  return { stop }
}

export interface WorkerProcess {
  readonly process: ChildProcess
  kill(signal: NodeJS.Signals): void
  ended(): Promise<void>
}

/** A worker in a process of its own, which can be killed or frozen. */
export async function spawnWorker (t: Test, { db, dir }: Pipeline, { concurrency = 1 } = {}): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'worker-entry.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, DATABASE_URL: db.url, DATA_DIR: dir, WORKER_CONCURRENCY: String(concurrency) }
  })
  const gone = once(child, 'exit')
  t.teardown(async () => { child.kill('SIGKILL'); await gone })
  await once(child.stdout, 'data')
  return { process: child, kill: (signal) => { child.kill(signal) }, ended: async () => { await gone } }
}

let files = 0

/** A short piece of sound in a file of its own, of a length of its own: no two have the same audio. */
export async function sound ({ dir }: Pipeline, ending: string, options: SoundOptions = {}): Promise<string> {
  await mkdir(join(dir, 'made'), { recursive: true })
  files++
  return makeSound(join(dir, 'made', `${files}.${ending}`), { ...options, seconds: (options.seconds ?? 1) + files / 500 })
}

export interface GivenFile {
  readonly path: string
  readonly relativePath: string
  readonly payload?: ProcessUploadPayload
  readonly source?: 'browser' | 'import'
}

/** What an upload leaves behind when its last byte has arrived: the object, the row, the job and its message. */
export async function upload (pipeline: Pipeline, { path, relativePath, payload = {}, source = 'browser' }: GivenFile): Promise<string> {
  const { db, store, queue } = pipeline
  const id = randomUUID()
  await store.putFile(`incoming/${id}`, path, { contentType: 'application/octet-stream' })
  const { size } = await stat(path)
  await db.prisma.$transaction(async (tx) => {
    await tx.upload.create({ data: { id, source, relativePath, sizeBytes: size, fingerprint: id, objectKey: `incoming/${id}`, partSizeBytes: size, state: 'received' } })
    await enqueueJob(tx, { kind: 'process-upload', dedupeKey: uploadJobKey(id), uploadId: id, payload })
  })
  await relayJobs({ db, queue })
  return id
}

const endStates = ['published', 'duplicate', 'rejected']

/** Waits until the upload has ended, or its job has failed. */
export async function ended ({ db }: Pipeline, id: string, timeoutMs = 90_000) {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const row = await db.prisma.upload.findUniqueOrThrow({ where: { id }, include: { jobs: true } })
    if (endStates.includes(row.state) || row.jobs[0]?.state === 'failed') return row
    if (performance.now() > deadline) throw new Error(`upload ${row.relativePath} is still ${row.state}: ${JSON.stringify(row.jobs)}`)
    await delay(25)
  }
}

export async function until (condition: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error('what was waited for did not come')
    await delay(20)
  }
}
