import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

interface Step {
  readonly name: string
  /** Files and folders that it reads; one newer than its last run means that it runs again. */
  readonly inputs: readonly string[]
  readonly command: readonly [string, ...string[]]
}

const steps = {
  client: { name: 'database client', inputs: ['prisma/schema.prisma', 'package-lock.json'], command: ['prisma', 'generate'] },
  server: { name: 'server', inputs: ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'], command: ['tsc', '-p', 'tsconfig.build.json'] },
  web: { name: 'web client', inputs: ['web', 'package-lock.json'], command: ['vite', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'] },
  demo: { name: 'demo album', inputs: ['scripts/demo-album'], command: ['node', 'scripts/demo-album/main.ts'] }
} as const satisfies Record<string, Step>

type StepName = keyof typeof steps

/** Builds what isn't built or is older than its sources, in order. Ends the process when a step fails. */
export function build (...names: StepName[]): void {
  for (const name of names.length > 0 ? names : Object.keys(steps) as StepName[]) {
    const step: Step = steps[name]
    const stamp = join(root, 'dist', `.built-${name}`)
    if (newest(step.inputs.map((input) => join(root, input))) <= modifiedAt(stamp)) continue
    process.stdout.write(`Building the ${step.name} …\n`)
    const [command, ...args] = step.command
    const startedAt = new Date()
    // tsc alone reports on stdout, prisma greets there: shown only when something went wrong.
    const result = spawnSync(join(root, 'node_modules/.bin', command), args, { cwd: root, encoding: 'utf8', env: { ...process.env, PRISMA_HIDE_UPDATE_MESSAGE: '1' } })
    if (result.status !== 0) {
      process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}\nThe ${step.name} could not be built${result.error === undefined ? '' : `: ${result.error.message}; run npm install first`}.\n`)
      process.exit(1)
    }
    mkdirSync(dirname(stamp), { recursive: true })
    writeFileSync(stamp, startedAt.toISOString())
  }
}

function newest (paths: readonly string[]): number {
  return Math.max(...paths.map((path) => {
    const entry = statSync(path)
    if (!entry.isDirectory()) return entry.mtimeMs
    const children = readdirSync(path).filter((child) => child !== 'generated').map((child) => join(path, child))
    return Math.max(entry.mtimeMs, children.length > 0 ? newest(children) : 0)
  }))
}

function modifiedAt (path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

if (import.meta.main) build(...process.argv.slice(2) as StepName[])
