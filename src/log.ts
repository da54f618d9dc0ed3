import { type Logger, pino, stdTimeFunctions } from 'pino'

/** What must never reach a log, wherever in a message it stands. */
const secretPaths = ['authorization', 'cookie', 'password', 'token', 'accessToken', 'refreshToken', 'currentPassword', 'newPassword', 'privateKey', 'secret']
  .flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** JSON lines for machines; for a person at a terminal, the same as readable lines. */
export function createLogger (options: { readonly level: string, readonly role: string, readonly readable: boolean }): Logger {
  return pino({
    level: options.level,
    base: { role: options.role },
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: [...secretPaths, 'req.headers["set-cookie"]', 'res.headers["set-cookie"]'], censor: '[secret]' },
    ...(options.readable ? { transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,role', translateTime: 'SYS:HH:MM:ss' } } } : {})
  })
}
