import { readConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/platform/database/database.ts'
import { findFfmpeg } from '../../src/platform/media/ffmpeg.ts'
import { startWorker } from '../../src/worker.ts'
import { now, openAdapters, quickTimes, silentLog } from './pipeline.ts'

// A worker as main.ts starts it, but with leases short enough for a test.
const config = readConfig()
if (config.database.kind !== 'url') throw new Error('DATABASE_URL is missing')
const db = openDatabase(config.database.url, { poolSize: 10, onError: () => {} })
const adapters = openAdapters(config.dataDir, config.database.url)
const worker = await startWorker({ ...adapters, config, db, ffmpeg: await findFfmpeg(undefined), log: silentLog, now, times: quickTimes })
process.once('SIGTERM', async () => {
  await worker.stop()
  await adapters.queue.close()
  await adapters.store.close()
  await db.close()
})
process.stdout.write('ready\n')
