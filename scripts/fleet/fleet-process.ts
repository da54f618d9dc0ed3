import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const root = join(import.meta.dirname, '../..')
const entry = join(root, 'dist/server/main.js')
const startWithinMs = 60_000

export interface FleetProcess {
  readonly name: string
  readonly pid: number
  /** What it wrote last, for when something is wrong. */
  output(): string
  kill(signal: NodeJS.Signals): void
  /** Code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  hasEnded(): boolean
}

export interface FleetProcessOptions {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  /** Everything it writes goes to a file of its name in this folder. */
  readonly logDir: string
}

/** Starts one process of the built server, deaf to Ctrl-C: the fleet ends its members in order. */
export async function startFleetProcess ({ name, env, logDir }: FleetProcessOptions): Promise<FleetProcess> {
  await mkdir(logDir, { recursive: true })
  const [program, args] = dieWithUs(process.execPath, [entry])
  const child = spawn(program, args, { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...plainEnvironment(), ...env } })
  const file = createWriteStream(join(logDir, `${name}.log`), { flags: 'a' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      file.write(chunk)
      output = (output + chunk.toString()).slice(-20_000)
    })
  }
  await once(child, 'spawn')
  const ended = once(child, 'close').then(() => {
    file.end()
    return child.signalCode ?? child.exitCode ?? 'gone'
  })
  return {
    name,
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal) => { child.kill(signal) },
    ended,
    hasEnded: () => hasEnded(child)
  }
}

/** @throws Error with what the process said when it ends instead, or takes too long */
export async function ready (started: FleetProcess, isReady: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = performance.now() + startWithinMs
  while (!await isReady()) {
    if (started.hasEnded()) throw new Error(`${started.name} ended with ${await started.ended}: ${started.output().slice(-2_000)}`)
    if (performance.now() > deadline) throw new Error(`${started.name} was not ready after ${startWithinMs / 1000} s: ${started.output().slice(-2_000)}`)
    await delay(50)
  }
}

function hasEnded (child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** On Linux a command that ends when this process does, however it does. */
export function dieWithUs (program: string, args: string[]): [string, string[]] {
  return process.platform === 'linux' ? ['setpriv', ['--pdeathsig', 'KILL', '--', program, ...args]] : [program, args]
}

/** Without the settings of whoever starts the fleet, and without what a test runner puts into every Node process. */
function plainEnvironment (): Record<string, string> {
  const kept = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'FFMPEG_PATH']
  return Object.fromEntries(kept.flatMap((name) => process.env[name] === undefined ? [] : [[name, process.env[name]]]))
}
