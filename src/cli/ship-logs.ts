import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import { environmentWith, settings } from '../config.ts'
import { createLogger } from '../log.ts'
import { openLogStream } from '../platform/logs/log-stream.ts'
import { shipJournal } from '../platform/logs/ship-journal.ts'
import { type Command, UsageError } from './command.ts'

const flushMs = 2_000
/** The unit has 15 s to end in. */
const lastWordsMs = 10_000

export const shipLogsCommand: Command = {
  help: `Usage: freshet ship-logs --cursor FILE [--group NAME] [--stream NAME]

Sends systemd's journal to CloudWatch Logs until it is stopped: the lines of the service as they are, of everything else
what matters. FILE keeps how far it has got, so that nothing is lost when it restarts. The image runs it as
freshet-logs.service.

  --cursor FILE   where to remember how far the journal has been sent
  --group NAME    log group, which must exist; default: /freshet/STAGE/FRESHET_ROLE
  --stream NAME   log stream, made where there is none; default: INSTANCE_ID or the host's name`,

  async run (args) {
    const { values } = parseArgs({ args, options: { cursor: { type: 'string' }, group: { type: 'string' }, stream: { type: 'string' } } })
    if (values.cursor === undefined) throw new UsageError('--cursor FILE is missing: it remembers how far the journal has been sent')
    // Only these few: a shipper of logs has no business with the secrets that the other settings refer to.
    const env = environmentWith({})
    const read = (name: 'STAGE' | 'FRESHET_ROLE' | 'AWS_REGION') => settings[name].parse(env[name] ?? settings[name].fallback)
    const endpoint = env.AWS_ENDPOINT === undefined || env.AWS_ENDPOINT === '' ? undefined : settings.AWS_ENDPOINT.parse(env.AWS_ENDPOINT)
    const log = createLogger({ level: 'info', role: 'logs', readable: process.stderr.isTTY, toStderr: true })
    const place = { region: read('AWS_REGION'), endpoint, group: values.group ?? `/freshet/${read('STAGE')}/${read('FRESHET_ROLE')}`, stream: values.stream ?? env.INSTANCE_ID ?? hostname() }
    const stream = openLogStream({ ...place, onRetry: ({ name, message }, waitMs) => log.warn({ reason: `${name}: ${message}`, waitMs }, 'the log could not be sent; trying again') })
    const stop = new AbortController()
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort())
    log.info({ group: place.group, stream: place.stream }, 'shipping the journal')
    try {
      await shipJournal({ stream, cursorFile: values.cursor, flushMs, lastWordsMs, signal: stop.signal, onRefused: (count) => log.warn({ count }, 'CloudWatch Logs refused events') })
      return 0
    } finally {
      stream.close()
    }
  }
}
