import { ConfigError } from '../config.ts'
import { type Command, UsageError } from './command.ts'
import { nearest } from './nearest.ts'

interface Entry {
  readonly summary: string
  /** Loaded when called for: the help needs no database client. */
  readonly load: () => Promise<Command>
}

const commands: Readonly<Record<string, Entry>> = {
  import: { summary: 'bring a folder of music into the library', load: async () => (await import('./import.ts')).importCommand },
  'create-admin': { summary: 'create an account that may do everything', load: async () => (await import('./create-admin.ts')).createAdminCommand },
  migrate: { summary: 'bring the database to this version', load: async () => (await import('./migrate.ts')).migrateCommand },
  doctor: { summary: 'check settings, tools, database, store and keys', load: async () => (await import('./doctor.ts')).doctorCommand },
  fsck: { summary: 'check that database and store agree', load: async () => (await import('./fsck.ts')).fsckCommand },
  'ship-logs': { summary: 'send the journal to CloudWatch Logs', load: async () => (await import('./ship-logs.ts')).shipLogsCommand }
}

function overview (): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length))
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `Usage: freshet COMMAND [OPTIONS]\n\nCommands:\n${lines.join('\n')}\n\nMore on a command: freshet help COMMAND\nThe settings come from the environment: see .env.example.`
}

async function run ([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return await help(args[0])
  const command = await find(name)
  if (args.includes('--help') || args.includes('-h')) return await help(name)
  return await command.run(args)
}

async function help (name: string | undefined): Promise<number> {
  console.log(name === undefined ? overview() : (await find(name)).help)
  return 0
}

async function find (name: string): Promise<Command> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry !== undefined) return await entry.load()
  const suggestion = nearest(name, Object.keys(commands))
  throw new UsageError(`there is no command “${name}”${suggestion === undefined ? '' : `; did you mean “${suggestion}”?`}\n\n${overview()}`)
}

function exitCodeOf (error: unknown): number {
  const reason = error instanceof Error ? error : new Error(String(error))
  const isUsage = reason instanceof UsageError || ('code' in reason && String(reason.code).startsWith('ERR_PARSE_ARGS'))
  const isExpected = isUsage || reason instanceof ConfigError || 'statusCode' in reason
  console.error(`freshet: ${isExpected ? reason.message : reason.stack}`)
  return isUsage ? 2 : 1
}

process.exitCode = await run(process.argv.slice(2)).catch(exitCodeOf)
