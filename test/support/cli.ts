import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly stdin?: string
  /** Told of the process at once, for tests that kill it. */
  readonly onStart?: (child: ChildProcess) => void
}

/** Runs `freshet` from the sources, in a process of its own, until it ends. */
export async function freshet (args: readonly string[], { env, stdin = '', onStart }: CliOptions = {}): Promise<CliResult> {
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { cwd: root, env: { ...plainEnvironment(), ...env } })
  onStart?.(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString() })
  child.stdin.on('error', () => { /* It ended without reading what it did not need. */ }).end(stdin)
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

/** Without the hooks that the test runner puts into every Node process it starts. */
function plainEnvironment (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== 'NODE_OPTIONS' && !name.startsWith('TAP')))
}
