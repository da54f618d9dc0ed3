import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.ts'

// The whole fleet on this machine: npm run fleet -- [--web 3] [--workers 2] [--port 3000] [--data FOLDER] [--s3]
const { values } = parseArgs({
  options: {
    web: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    port: { type: 'string', default: '3000' },
    data: { type: 'string', default: 'data/fleet' },
    s3: { type: 'boolean', default: false }
  }
})

/** @throws Error naming the option */
function count (name: 'web' | 'workers' | 'port', least: number, most: number): number {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < least || number > most) throw new Error(`--${name} must be a whole number from ${least} to ${most}`)
  return number
}

async function main (): Promise<void> {
  const options = { web: count('web', 1, 12), workers: count('workers', 0, 8), port: count('port', 0, 65_535) }
  build()
  // Imported only now: they need the database client that was just built.
  const { balancerLack } = await import('./fleet/balancer.ts')
  const { startFleet } = await import('./fleet/fleet.ts')
  const lack = balancerLack()
  if (lack !== undefined) throw new Error(lack)
  // What the S3 server holds is gone afterwards; a database that tells of it must go too.
  const dataDir = values.s3 ? await mkdtemp(join(tmpdir(), 'freshet-fleet-')) : values.data
  console.log(`Starting HAProxy, Postgres, ${options.web} × web and ${options.workers} × worker …`)
  const fleet = await startFleet({ ...options, dataDir, s3: values.s3 })
  const lines = [`\nThe fleet is open at ${fleet.url}`, '']
  for (const { name, url, pid } of fleet.web()) lines.push(`  ${name.padEnd(9)} ${url}  (${pid})`)
  for (const { name, pid } of fleet.workers()) lines.push(`  ${name.padEnd(9)} (${pid})`)
  lines.push(`\nLogs are in ${join(dataDir, 'logs')}. Ctrl-C ends everything.`)
  const token = fleet.setupToken()
  if (token !== undefined) lines.push('', 'Create the first admin with this link (it works once):', `  ${fleet.url}/setup#token=${token}`)
  console.log(lines.join('\n'))
  await new Promise<void>((resolve) => { for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve()) })
  console.log('Ending the fleet …')
  await fleet.stop()
  if (values.s3) await rm(dataDir, { recursive: true, force: true })
}

main().catch((error: unknown) => {
  console.error(`The fleet can’t start: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
