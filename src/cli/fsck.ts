import { parseArgs } from 'node:util'
import { loadConfig } from '../load-config.ts'
import { openPlatform } from '../open-platform.ts'
import { findFfmpeg } from '../platform/media/ffmpeg.ts'
import { checkInvariants, type FsckReport } from '../processing/fsck.ts'
import { type Command, commandLogger } from './command.ts'

export const fsckCommand: Command = {
  help: `Usage: freshet fsck [--deep]

Checks that database and store agree: that whatever the database refers to is in the store, that what listeners see is
complete, that every accepted upload has ended, and that nothing is kept which nobody needs. It only reads, and may run
beside the service.

  --deep   also read every object and decode every rendition; hours on a large library

Exit code: 0 when all is well, 1 when something was found.`,

  async run (args) {
    const { values: { deep } } = parseArgs({ args, options: { deep: { type: 'boolean', default: false } } })
    const config = await loadConfig()
    const platform = await openPlatform(config, commandLogger(config), { joinRunning: true })
    try {
      const ffmpeg = await findFfmpeg(config.ffmpegPath)
      const deps = { ...platform, ffmpeg, scratchDir: config.worker.scratchDir, now: () => new Date() }
      const report = await checkInvariants(deps, { deep }, progressOf(process.stderr))
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
      console.log(summary(report))
      return report.breachCount === 0 ? 0 : 1
    } finally {
      await platform.close()
    }
  }
}

function progressOf (stream: NodeJS.WriteStream): Parameters<typeof checkInvariants>[2] {
  return (step, done) => { if (stream.isTTY) stream.write(`\r\u001b[K${step}: ${done}`) }
}

/** By invariant, each with what was found. */
function summary ({ breaches, breachCount }: FsckReport): string {
  if (breachCount === 0) return 'All is well.'
  const groups = Object.entries(Object.groupBy(breaches, ({ invariant }) => invariant)).sort(([a], [b]) => a < b ? -1 : 1)
  const lines = groups.flatMap(([invariant, found = []]) => [`${invariant}: ${found.length} found`, ...found.map(({ subject, message }) => `  ${subject}: ${message}`)])
  const left = breachCount - breaches.length
  return [...lines, ...(left > 0 ? [`… and ${left} more`] : [])].join('\n')
}
