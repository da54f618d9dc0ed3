import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** Text for stdin. */
  readonly input?: string
}

/**
 * Runs a program to its end.
 * @returns what it wrote to stdout
 * @throws Error with the end of its stderr when it fails
 */
export function run (command: string, args: readonly string[], { cwd, env, input }: RunOptions = {}): Promise<string> {
  const options: SpawnOptions = { cwd, env: env ?? process.env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] }
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options)
    const out: Buffer[] = []
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-8_000) })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString())
      else reject(new Error(`${command} ${args.slice(0, 3).join(' ')} … ended with ${code ?? signal}:\n${said.trim().slice(-2_000)}`))
    })
    // A program that ends before it has read everything says why on stderr.
    child.stdin?.on('error', () => {}).end(input)
  })
}

/** A program and the Debian package that has it. */
export type Tools = Readonly<Record<string, string>>

/** Which programs are missing on this machine, and how to get them. */
export function missingTools (tools: Tools): string | undefined {
  const missing = Object.keys(tools).filter((tool) => spawnSync('which', [tool], { env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` } }).status !== 0)
  if (missing.length === 0) return undefined
  const packages = [...new Set(missing.flatMap((tool) => tools[tool] ?? []))]
  return `${missing.join(', ')} not installed: apt-get install ${packages.join(' ')}`
}

/** @throws Error that says what to install, or that only root can do it */
export function requireTools (tools: Tools, { root = false } = {}): void {
  const missing = missingTools(tools)
  if (missing !== undefined) throw new Error(missing)
  if (root && process.getuid?.() !== 0) throw new Error('this needs root, for a file system with root’s files: run it with sudo')
}

/** Runs a script’s main function; a fault is one sentence, not a stack. */
export async function runScript (main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
