import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Logger } from 'pino'

export interface WebProcesses {
  /** Lets each drain and close; resolves when all have gone. */
  stop(): Promise<void>
}

/** What the first process says to the others when they are to end. */
export const stopMessage = 'stop'

const entry = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js')
const firstRestartMs = 500
const longestRestartMs = 30_000

/**
 * Runs the web role in `count` processes that listen on one port: a process has one event loop, and a machine more than
 * one core. One that ends unasked is started anew, with growing pauses. When one ends before any has listened, the fault
 * lies in settings or surroundings: `onFailedStart` gets its exit code.
 */
export function startWebProcesses (count: number, { log, onFailedStart }: { readonly log: Logger, readonly onFailedStart: (code: number) => void }): WebProcesses {
  const running = new Set<Worker>()
  const timers = new Set<NodeJS.Timeout>()
  let stopping = false
  let anyListened = false
  let pauseMs = firstRestartMs

  const start = () => {
    const worker = cluster.fork()
    running.add(worker)
    worker.once('listening', () => {
      anyListened = true
      pauseMs = firstRestartMs
    })
    worker.once('exit', (code, signal) => {
      running.delete(worker)
      if (stopping) return
      if (!anyListened) { onFailedStart(code === 0 ? 1 : code); return }
      log.error({ code, signal, restartInMs: pauseMs }, 'a web process ended unasked')
      const timer = setTimeout(() => { timers.delete(timer); start() }, pauseMs)
      timers.add(timer)
      pauseMs = Math.min(pauseMs * 2, longestRestartMs)
    })
  }
  cluster.setupPrimary({ exec: entry })
  for (let n = 0; n < count; n += 1) start()

  return {
    async stop () {
      stopping = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all([...running].map(async (worker) => {
        const gone = once(worker, 'exit')
        if (worker.isConnected()) worker.send(stopMessage)
        else worker.kill('SIGTERM')
        await gone
      }))
    }
  }
}
