import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { Logger } from 'pino'

const entry = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? 'main.ts' : 'main.js')

export interface WorkerProcess {
  /** Lets the worker give its jobs back; resolves when it has gone. */
  stop(): Promise<void>
}

const firstRestartMs = 500
const longestRestartMs = 30_000
/** A worker that lived so long had started well: the next fault is a new one. */
const healthyAfterMs = 60_000

export interface WorkerProcessOptions {
  readonly env: NodeJS.ProcessEnv
  readonly log: Logger
  /** Told of what the worker sends. */
  readonly onMessage: (message: unknown) => void
}

/**
 * Runs the worker role in a process of its own, so that a hostile file can at worst end that one, and starts it anew
 * with growing pauses when it ends unasked. The child ends itself when this process is gone.
 */
export function startWorkerProcess ({ env, log, onMessage }: WorkerProcessOptions): WorkerProcess {
  let stopping = false
  let pauseMs = firstRestartMs
  let timer: NodeJS.Timeout | undefined
  let child = start()

  function start (): ChildProcess {
    const startedAt = performance.now()
    // Detached: Ctrl-C at the terminal reaches this process alone, which then ends the worker in good order.
    const started = fork(entry, { env, detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const again = (why: object) => {
      if (stopping) return
      if (performance.now() - startedAt > healthyAfterMs) pauseMs = firstRestartMs
      log.error({ ...why, restartInMs: pauseMs }, 'the worker ended unasked')
      timer = setTimeout(() => { child = start() }, pauseMs)
      pauseMs = Math.min(pauseMs * 2, longestRestartMs)
    }
    started.on('message', onMessage)
    started.once('exit', (code, signal) => again({ code, signal }))
    // No process could be made; then there is no exit either.
    started.once('error', (err) => { if (started.pid === undefined) again({ err }) })
    return started
  }

  return {
    stop: () => new Promise((resolve) => {
      stopping = true
      clearTimeout(timer)
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) { resolve(); return }
      child.once('exit', () => resolve())
      child.kill('SIGTERM')
    })
  }
}
