import { type Logger, pino, stdTimeFunctions } from 'pino'

/** What must never reach a log, wherever in a message it stands. */
const secretPaths = ['authorization', 'cookie', 'password', 'token', 'accessToken', 'refreshToken', 'currentPassword', 'newPassword', 'privateKey', 'secret']
  .flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

interface LoggerOptions {
  readonly level: string
  readonly role: string
  /** Of the machine, where machines come and go. */
  readonly instanceId?: string | undefined
  readonly readable: boolean
  /** Commands keep stdout for their results. */
  readonly toStderr?: boolean
}

export function loggerSettings ({ level, role, instanceId }: Pick<LoggerOptions, 'level' | 'role' | 'instanceId'>) {
  return {
    level,
    base: { role, ...(instanceId === undefined ? {} : { instanceId }) },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: shownError },
    redact: { paths: [...secretPaths, 'req.headers["set-cookie"]', 'res.headers["set-cookie"]'], censor: '[secret]' }
  }
}

const deepestCause = 4

/**
 * What helps to find a fault. Not what drivers hang on errors besides: Postgres repeats the row it refused, and a row
 * holds names.
 */
function shownError (error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return error
  const { name, message, stack, cause } = error
  const code = 'code' in error ? error.code : undefined
  return { type: name, message, ...(code === undefined ? {} : { code }), stack, ...(cause === undefined || depth === deepestCause ? {} : { cause: shownError(cause, depth + 1) }) }
}

/** JSON lines for machines; for a person at a terminal, the same as readable lines. */
export function createLogger (options: LoggerOptions): Logger {
  const fd = options.toStderr === true ? 2 : 1
  const settings = loggerSettings(options)
  if (!options.readable) return pino(settings, pino.destination({ fd, sync: true }))
  return pino({ ...settings, transport: { target: 'pino-pretty', options: { destination: fd, ignore: 'pid,hostname,role', translateTime: 'SYS:HH:MM:ss' } } })
}
