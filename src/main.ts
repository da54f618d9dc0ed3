import { existsSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { createSetupLink } from './accounts/setup.ts'
import { buildApp } from './app.ts'
import { type Config, ConfigError, environmentWith, readConfig } from './config.ts'
import { startDraining } from './http/health.ts'
import { createLogger } from './log.ts'
import { openPlatform, type Platform } from './open-platform.ts'
import { webRoot } from './paths.ts'
import { findFfmpeg } from './platform/media/ffmpeg.ts'
import { startWorkerProcess } from './worker-process.ts'
import { startWorker } from './worker.ts'

/** What has been started and must be ended, newest first. */
type Closers = Array<() => Promise<void>>

/** A load balancer needs this long to see that /readyz fails and to send nobody any more. */
const drainMs = 5_000
/** After that, whoever is still connected is cut off. */
const closeWithinMs = 30_000
/** With nobody else to turn to, a listener is better off with a late answer than with none. */
const loneEventLoopDelayMs = 1_000
const now = () => new Date()

async function main (): Promise<void> {
  const config = readConfig()
  const log = createLogger({ level: config.logLevel, role: config.role, readable: process.stdout.isTTY })
  const closers: Closers = []
  closeInOrder(config, log, closers)
  // The parent has gone without a word, perhaps while we start: nobody would ever stop this process.
  if (config.role === 'worker') process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  const platform = await openPlatform(config, log)
  closers.push(() => platform.close())
  if (config.role !== 'worker') await startWeb(platform, log, closers)
  if (config.role === 'all') {
    const worker = startWorkerProcess(environmentWith({ FRESHET_ROLE: 'worker', DATABASE_URL: platform.dbUrl }), log)
    closers.push(() => worker.stop())
  }
  if (config.role === 'worker') {
    const ffmpeg = await findFfmpeg(config.ffmpegPath)
    const worker = await startWorker({ ...platform, ffmpeg, log, now })
    closers.push(() => worker.stop())
  }
}

function closeInOrder (config: Config, log: Logger, closers: Closers): void {
  closeWithGrace({ delay: closeWithinMs, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ err }, 'ending because of a fault')
    else log.info({ signal }, 'closing')
    // Behind a load balancer everything goes on while it takes notice; at a terminal nobody wants to wait.
    if (signal === 'SIGTERM' && config.production && config.role !== 'worker') {
      startDraining()
      await new Promise((resolve) => setTimeout(resolve, drainMs))
    }
    for (const close of closers.toReversed()) await close()
    log.info('closed')
  })
}

async function startWeb (platform: Platform, log: Logger, closers: Closers): Promise<void> {
  const { config } = platform
  const limits = config.role === 'all' ? { eventLoopDelayMs: loneEventLoopDelayMs } : {}
  const app = await buildApp({ ...platform, log, now, limits, webRoot: existsSync(webRoot) ? webRoot : undefined })
  await app.listen({ host: config.http.host, port: config.http.port })
  closers.push(() => app.close())
  log.info({ publicUrl: config.http.publicUrl, host: config.http.host, port: config.http.port }, 'listening')
  const setupToken = await createSetupLink(platform.db)
  // To the terminal and not to the log: whoever has the link becomes admin.
  process.stdout.write(greeting(config, setupToken))
}

function greeting (config: Config, setupToken: string | null): string {
  const lines = [`Freshet is open at ${config.http.publicUrl}`]
  if (setupToken !== null) lines.push('', 'Create the first admin with this link (it works once):', `  ${config.http.publicUrl}/setup#token=${setupToken}`)
  return `\n${lines.join('\n')}\n\n`
}

main().catch((error: unknown) => {
  const reason = error instanceof Error ? error : new Error(String(error))
  const expected = error instanceof ConfigError || 'statusCode' in reason
  process.stderr.write(`Freshet can’t start: ${expected ? reason.message : reason.stack}\n`)
  process.exit(1)
})
