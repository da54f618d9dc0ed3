import { parseArgs } from 'node:util'
import { type Config, ConfigError } from '../config.ts'
import { loadConfig } from '../load-config.ts'
import type { Command } from './command.ts'
import { checkDatabase } from './doctor-database.ts'
import { type Finding, look } from './finding.ts'
import { checkUploads } from './doctor-uploads.ts'
import { checkDisk, checkFfmpeg, checkKeys, checkNode, checkPort, checkQueue, checkStore } from './doctor-checks.ts'

export const doctorCommand: Command = {
  help: `Usage: freshet doctor

Checks Node, settings, ffmpeg, disk, object store, uploads to it, database, queue, keys, clock and port, and says what to
do about each fault. It changes nothing but a probe object that it writes to the store and deletes.

Exit code: 0 when all is well, 1 otherwise.`,

  async run (args) {
    parseArgs({ args, options: {} })
    let faults = 0
    for await (const finding of examine()) {
      if (finding.fault) faults++
      console.log(`${finding.fault ? '✗' : '✓'} ${finding.subject}: ${finding.text.replaceAll('\n', '\n    ')}`)
    }
    console.log(faults === 0 ? '\nAll is well.' : `\n${faults} ${faults === 1 ? 'fault' : 'faults'}: see the lines with ✗.`)
    return faults === 0 ? 0 : 1
  }
}

async function * examine (): AsyncGenerator<Finding> {
  yield await look('Node', async () => checkNode())
  let config: Config
  try {
    config = await loadConfig()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    // Nothing else can be looked for without knowing where.
    yield { subject: 'Settings', fault: true, text: error.faults.join('\n') }
    return
  }
  yield { subject: 'Settings', fault: false, text: `${config.production ? 'production' : 'development'}, role ${config.role}, data in ${config.dataDir}` }
  yield await look('ffmpeg', () => checkFfmpeg(config))
  yield await look('Disk', () => checkDisk(config))
  yield await look('Keys', () => checkKeys(config))
  const store = await look('Store', () => checkStore(config))
  yield store
  if (config.storage.kind === 's3' && !store.fault) yield await look('Uploads', () => checkUploads(config))
  if (config.queue.kind === 'sqs') yield await look('Queue', () => checkQueue(config, ''))
  yield * checkDatabase(config)
  yield await look('Port', () => checkPort(config))
}
