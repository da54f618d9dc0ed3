import type { Config } from '../config.ts'
import { createLogger } from '../log.ts'
import type { Logger } from 'pino'

/** One command of the command line. */
export interface Command {
  /** What follows `freshet help <command>`. */
  readonly help: string
  /** @returns the exit code @throws UsageError and what the command itself throws */
  run (args: string[]): Promise<number>
}

/** The command was called wrongly: exit code 2. */
export class UsageError extends Error {}

/** Commands say what they do themselves; of the log only warnings are of interest, unless LOG_LEVEL asks for more. */
export function commandLogger (config: Config): Logger {
  const level = config.logLevel === 'info' ? 'warn' : config.logLevel
  return createLogger({ level, role: 'cli', readable: process.stderr.isTTY, toStderr: true })
}
