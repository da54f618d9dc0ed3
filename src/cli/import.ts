import { realpath, stat } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { parseArgs } from 'node:util'
import createError from '@fastify/error'
import { type Config } from '../config.ts'
import { loadConfig } from '../load-config.ts'
import { openPlatform, type Platform } from '../open-platform.ts'
import { findFfmpeg } from '../platform/media/ffmpeg.ts'
import { importArchive } from '../uploads/archive-import.ts'
import { measureArchive } from '../uploads/measure-archive.ts'
import { startWorker } from '../worker.ts'
import { type Command, commandLogger, UsageError } from './command.ts'
import { openImportReport } from './import-report.ts'
import { startImportProgress } from './import-progress.ts'

export const NotAFolderError = createError<[string, string]>('NOT_A_FOLDER', '%s can’t be imported: %s', 400)

const interruptedExitCode = 130

export const importCommand: Command = {
  help: `Usage: freshet import FOLDER [--retry-rejected] [--report FILE] [--worker]

Brings every audio file below FOLDER into the library and waits until each has become a track or has been refused.
Files that an earlier run brought in are not read again unless they changed; so an import that was stopped, or killed,
is gone on with by running it again. Pictures named cover, folder, front or albumart beside the music become covers.
Hidden files and symbolic links are left out. Nothing in FOLDER is changed.

  --retry-rejected   try files again that an earlier run rejected
  --report FILE      write what became of each file to FILE, one JSON object a line
  --worker           process the music in this command. With DATABASE_URL the workers of the fleet do it otherwise;
                     with the embedded database the running Freshet does it or, where none runs, this command.

Exit code: 0 when every file is in the library, 1 when a file was rejected or failed, 130 when stopped by Ctrl-C.`,

  async run (args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { 'retry-rejected': { type: 'boolean', default: false }, report: { type: 'string' }, worker: { type: 'boolean', default: false } }
    })
    const [folder] = positionals
    if (folder === undefined || positionals.length > 1) throw new UsageError('name one folder: freshet import FOLDER')
    // Walking makes much short-lived garbage; a nursery that stays small keeps the process below 200 MB.
    setFlagsFromString('--semi-space-growth-factor=1')
    const root = await realFolder(folder)
    const config = await loadConfig()
    return await importFolder(config, root, { retryRejected: values['retry-rejected'], reportFile: values.report, worker: values.worker })
  }
}

async function realFolder (folder: string): Promise<string> {
  try {
    const root = await realpath(folder)
    if ((await stat(root)).isDirectory()) return root
  } catch (error) {
    throw new NotAFolderError(folder, error instanceof Error ? error.message : String(error))
  }
  throw new NotAFolderError(folder, 'it is not a folder; name the folder that it lies in')
}

interface ImportFlags {
  readonly retryRejected: boolean
  readonly reportFile: string | undefined
  readonly worker: boolean
}

async function importFolder (config: Config, root: string, flags: ImportFlags): Promise<number> {
  const interrupted = onInterrupt()
  const report = await openImportReport(flags.reportFile)
  const log = commandLogger(config)
  const platform = await openPlatform(config, log, { joinRunning: true })
  const worksHere = platform.ownsDatabase || flags.worker
  const progress = startImportProgress({ stream: process.stderr, worksHere, measure: () => measureArchive(root, interrupted.signal) })
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined
  try {
    if (worksHere) worker = await startWorkerHere(platform, log)
    await importArchive(platform, {
      root,
      retryRejected: flags.retryRejected,
      signal: interrupted.signal,
      observer: {
        ended (outcome) { report.ended(outcome); progress.ended(outcome) },
        other: report.other,
        working: progress.working,
        waiting: progress.waiting
      }
    })
  } finally {
    progress.stop()
    await worker?.stop()
    await platform.close()
    await report.close()
    interrupted.forget()
    console.log(report.summary())
  }
  if (!interrupted.signal.aborted) return report.isClean() ? 0 : 1
  console.log('Stopped. Run the same command again to go on from here.')
  return interruptedExitCode
}

async function startWorkerHere (platform: Platform, log: ReturnType<typeof commandLogger>): ReturnType<typeof startWorker> {
  const ffmpeg = await findFfmpeg(platform.config.ffmpegPath)
  return await startWorker({ ...platform, ffmpeg, log, now: () => new Date() })
}

/** The first Ctrl-C ends the run in good order, the second one at once. */
function onInterrupt (): { readonly signal: AbortSignal, forget (): void } {
  const stop = new AbortController()
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(interruptedExitCode)
    process.stderr.write('\nStopping; once more to stop at once.\n')
    stop.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return {
    signal: stop.signal,
    forget () {
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    }
  }
}
