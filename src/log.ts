import { type Logger, pino, stdTimeFunctions } from 'pino'

/** What must never reach a log, wherever in a message it stands. */
const secretPaths = ['authorization', 'cookie', 'password', 'token', 'accessToken', 'refreshToken', 'currentPassword', 'newPassword', 'privateKey', 'secret']
  .flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

interface LoggerOptions {
  readonly level: string
  readonly role: string
  readonly readable: boolean
  /** Commands keep stdout for their results. */
  readonly toStderr?: boolean
}

export function loggerSettings ({ level, role }: Pick<LoggerOptions, 'level' | 'role'>) {
  return {
    level,
    base: { role },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: [...secretPaths, 'req.headers["set-cookie"]', 'res.headers["set-cookie"]'], censor: '[secret]' }
  }
}

/** JSON lines for machines; for a person at a terminal, the same as readable lines. */
export function createLogger (options: LoggerOptions): Logger {
  const fd = options.toStderr === true ? 2 : 1
  const settings = loggerSettings(options)
  if (!options.readable) return pino(settings, pino.destination({ fd, sync: true }))
  return pino({ ...settings, transport: { target: 'pino-pretty', options: { destination: fd, ignore: 'pid,hostname,role', translateTime: 'SYS:HH:MM:ss' } } })
}
