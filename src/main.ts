import cluster from 'node:cluster'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'
import { createSetupLink, isSetupNeeded } from './accounts/setup.ts'
import { buildApp } from './app.ts'
import { type Config, ConfigError, environmentWith } from './config.ts'
import { createSampleRecorder } from './health/sample-recorder.ts'
import { startDraining } from './http/health.ts'
import { loadConfig } from './load-config.ts'
import { createLogger } from './log.ts'
import { openPlatform, type Platform } from './open-platform.ts'
import { webRoot } from './paths.ts'
import { watchSpotNotice } from './platform/instance-metadata.ts'
import { findFfmpeg } from './platform/media/ffmpeg.ts'
import { type MetricEvents } from './platform/metrics/metric-events.ts'
import { openMetrics, type ProcessMetrics } from './platform/metrics/process-metrics.ts'
import { alsoSendEvents, receiveEvent } from './platform/metrics/worker-messages.ts'
import { openReadings } from './platform/metrics/readings.ts'
import { urlOf } from './platform/database/database-address.ts'
import { startWebProcesses, stopMessage } from './web-processes.ts'
import { startWorkerProcess } from './worker-process.ts'
import { startWorker } from './worker.ts'

/** What has been started and must be ended, newest first. */
type Closers = Array<() => Promise<void>>

/**
 * So long a load balancer may take to see that /readyz fails and to send nobody any more: in production two checks of
 * an ALB five seconds apart, and some; elsewhere two of a second.
 */
const drainMs = { production: 12_000, elsewhere: 5_000 }
/** After that, with the draining, whoever is still connected is cut off. */
const closeWithinMs = 30_000
/**
 * With nobody else to turn to, a listener is better off with a late answer than with none: who came while the machine
 * stood still for some seconds is not turned away by that stop, which is over.
 */
const loneLimits = { eventLoopDelayMs: 5_000, databaseQueue: 500 }
const now = () => new Date()

async function main (): Promise<void> {
  const config = await loadConfig()
  const log = createLogger({ level: config.logLevel, role: config.role, instanceId: config.instanceId, readable: process.stdout.isTTY })
  const closers: Closers = []
  const processes = config.http.processes === 0 ? availableParallelism() : config.http.processes
  const leads = processes > 1 && cluster.isPrimary
  closeInOrder(config, { log, closers, leads })
  if (leads) {
    const web = startWebProcesses(processes, { log, onFailedStart: (code) => process.exit(code) })
    closers.push(() => web.stop())
    return
  }
  // The parent has gone without a word, perhaps while we start: nobody would ever stop this process.
  if (config.role === 'worker') process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  const platform = await openPlatform(config, log, { reload: loadConfig })
  closers.push(() => platform.close())
  const metrics = openProcessMetrics(platform, log, recordSamples(platform, { log, closers }))
  closers.push(() => metrics.close())
  if (config.role === 'worker') await startWork({ platform, metrics, log, closers })
  else await startWeb({ platform, metrics, log, closers })
  if (config.role === 'all') {
    const worker = startWorkerProcess({
      env: environmentWith({ FRESHET_ROLE: 'worker', DATABASE_URL: urlOf(platform.dbAddress) }), log, onMessage: (message) => receiveEvent(message, metrics.childEvents)
    })
    closers.push(() => worker.stop())
  }
}

/** `leads`: other processes serve for this one, and drain. */
function closeInOrder (config: Config, { log, closers, leads }: { readonly log: Logger, readonly closers: Closers, readonly leads: boolean }): void {
  let closing = false
  // The first of several web processes gets the signal and passes it on; a second one would end us at once.
  if (cluster.isWorker) process.on('message', (message) => { if (message === stopMessage && !closing) process.kill(process.pid, 'SIGTERM') })
  closeWithGrace({ delay: closeWithinMs, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ err }, 'ending because of a fault')
    else log.info({ signal }, 'closing')
    closing = true
    // Behind a load balancer everything goes on while it takes notice; at a terminal nobody wants to wait.
    const balanced = config.role === 'web' || config.role === 'upload' || (config.role === 'all' && config.production)
    if (signal === 'SIGTERM' && balanced && !leads) {
      startDraining()
      await new Promise((resolve) => setTimeout(resolve, config.production ? drainMs.production : drainMs.elsewhere))
    }
    for (const close of closers.toReversed()) await close()
    log.info('closed')
  })
}

/** Of the health page: this process adds to what all instances share. */
function recordSamples ({ config, db, queue }: Platform, { log, closers }: { readonly log: Logger, readonly closers: Closers }): MetricEvents {
  const readings = openReadings(config.dataDir)
  const recorder = createSampleRecorder({
    pool: db.pool,
    role: config.role,
    readings: readings.read,
    queueCounts: () => queue.depth(),
    onError: (err) => log.warn({ err }, 'samples for the health page could not be written')
  })
  recorder.start()
  closers.push(async () => {
    await recorder.stop()
    readings.close()
  })
  return recorder
}

function openProcessMetrics ({ config, queue, replica }: Platform, log: Logger, also: MetricEvents): ProcessMetrics {
  return openMetrics({
    also: [also],
    stage: config.stage,
    role: config.role,
    dataDir: config.dataDir,
    emf: config.metrics.emf,
    write: (line) => { process.stdout.write(`${line}\n`) },
    queueCounts: () => queue.depth(),
    replica: replica?.figures,
    onError: (err) => log.warn({ err }, 'a metric could not be read')
  })
}

interface Started {
  readonly platform: Platform
  readonly metrics: ProcessMetrics
  readonly log: Logger
  readonly closers: Closers
}

async function startWeb ({ platform, metrics, log, closers }: Started): Promise<void> {
  const { config } = platform
  const limits = config.role === 'all' ? loneLimits : {}
  const app = await buildApp({ ...platform, metrics, log, now, limits, webRoot: existsSync(webRoot) ? webRoot : undefined })
  await app.listen({ host: config.http.host, port: config.http.port })
  closers.push(() => app.close())
  log.info({ publicUrl: config.http.publicUrl, host: config.http.host, port: config.http.port }, 'listening')
  // Two minutes are left: the load balancer sends nobody any more long before, and who is here is served to the end.
  onSpotNotice(config, log, { closers, act: async () => { startDraining() } })
  // Of several processes one, or each would void the link of the one before.
  if (cluster.isPrimary || cluster.worker?.id === 1) await greet(platform, log)
}

/** To the terminal and not to the log: whoever has the link becomes admin. In production the terminal is a log too. */
async function greet ({ config, db }: Platform, log: Logger): Promise<void> {
  const { production, setupToken } = config
  const token = production && setupToken === undefined ? null : await createSetupLink(db, setupToken)
  if (!production) process.stdout.write(greeting(config, token))
  else if (token !== null) log.warn('there is no user yet: open /setup#token=… with SETUP_TOKEN')
  else if (await isSetupNeeded(db)) log.warn('there is no user yet: make the first admin with `freshet create-admin`, or set SETUP_TOKEN')
}

async function startWork ({ platform, metrics, log, closers }: Started): Promise<void> {
  const { config } = platform
  const ffmpeg = await findFfmpeg(config.ffmpegPath)
  const events = process.send === undefined ? metrics.events : alsoSendEvents(metrics.events, (message) => { if (process.connected) process.send?.(message) })
  const worker = await startWorker({ ...platform, ffmpeg, log, now, events })
  closers.push(() => worker.stop())
  // The process stays: ended, it would be started anew and take jobs that it can't finish.
  onSpotNotice(config, log, { closers, act: () => worker.stop() })
}

function onSpotNotice ({ instanceMetadataUrl: url }: Config, log: Logger, { closers, act }: { readonly closers: Closers, readonly act: () => Promise<void> }): void {
  if (url === undefined) return
  const stop = watchSpotNotice({
    url,
    onNotice (notice) {
      log.warn(notice, 'this machine is being taken away')
      act().catch((err: unknown) => log.error({ err }, 'the machine could not be cleared'))
    },
    onError: (err) => log.warn({ err }, 'the instance metadata can’t be read')
  })
  closers.push(stop)
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
