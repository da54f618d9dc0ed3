import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'

const root = join(import.meta.dirname, '../..')

export interface RunningFreshet {
  readonly url: string
  readonly process: ChildProcess
  /** Everything written to stdout and stderr so far. */
  output(): string
  /** The token of the first-admin link, if one was printed. */
  setupToken(): string | undefined
  /** Ctrl-C at the terminal: SIGINT to the whole process group. */
  interrupt(): Promise<number | null>
  /** kill -9 of the process that was started, and of nothing else. */
  kill(): Promise<void>
}

/** Starts the whole service as `npm start` does, on a free port, and resolves once it listens. */
export async function startFreshet (t: Test, dataDir: string, env: NodeJS.ProcessEnv = {}): Promise<RunningFreshet> {
  const port = await freePort()
  const child = spawn(process.execPath, ['scripts/start.ts'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...plainEnvironment(), DATA_DIR: dataDir, PORT: String(port), ...env }
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    await kill(child, ended)
    if (!t.passing()) console.error(`what the service at ${port} warned of:\n${warnings(output)}`)
  })
  // In production it greets nobody.
  const listens = env['NODE_ENV'] === 'production' ? '"msg":"listening"' : 'Freshet is open at'
  while (!output.includes(listens)) {
    if (child.exitCode !== null) throw new Error(`Freshet ended with ${child.exitCode}: ${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return {
    url: `http://localhost:${port}`,
    process: child,
    output: () => output,
    setupToken: () => /setup#token=(\S+)/.exec(output)?.[1],
    async interrupt () {
      // Without a pid this would be our own group: the test runner's.
      if (child.pid === undefined) throw new Error('Freshet never started')
      process.kill(-child.pid, 'SIGINT')
      await ended
      return child.exitCode
    },
    kill: () => kill(child, ended)
  }
}

/** The last of its log: why an answer was not the one that a test wanted. */
function warnings (output: string): string {
  return output.split('\n').filter((line) => /"level":"(?:warn|error|fatal)"/.test(line)).slice(-20).join('\n')
}

/** Without the hooks that the test runner puts into every Node process it starts. */
function plainEnvironment (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !name.startsWith('TAP')))
}

async function kill (child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}

/** Command lines of the processes that were started with this data folder, ourselves left out. */
export function processesUsing (dataDir: string): string[] {
  return readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid).flatMap((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      return commandLine !== '' && (environment.includes(dataDir) || commandLine.includes(dataDir)) ? [commandLine] : []
    } catch (error) {
      // The process ended while we looked, or belongs to somebody else.
      if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(String(error.code))) return []
      throw error
    }
  })
}

/** Below those that the kernel gives to whoever asks for any port, and of each of tap's jobs its own. */
const ports = { first: 20_000, perJob: 2_000, jobs: 6 }
let portsAsked = process.pid * 7

/** A port that nobody has, nor gets by asking for any: it is still free when a server begins to listen on it a while later. */
export async function freePort (): Promise<number> {
  const job = Number(process.env['TAP_JOB_ID'] ?? process.pid) % ports.jobs
  for (;;) {
    const port = ports.first + job * ports.perJob + portsAsked++ % ports.perJob
    if (await isFree(port)) return port
  }
}

/** On every address of the machine. */
function isFree (port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', (error: NodeJS.ErrnoException) => error.code === 'EADDRINUSE' ? resolve(false) : reject(error))
    server.listen(port, () => { server.close(() => resolve(true)) })
  })
}
