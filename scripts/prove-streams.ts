import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.ts'

// Kills every web process of a fleet while many listen: npm run proof:streams -- [--streams 200] [--web 3] [--s3]
const { values } = parseArgs({
  options: { web: { type: 'string', default: '3' }, streams: { type: 'string', default: '200' }, s3: { type: 'boolean', default: false } }
})

async function main (): Promise<boolean> {
  build()
  const { balancerLack } = await import('./fleet/balancer.ts')
  const { startFleet } = await import('./fleet/fleet.ts')
  const { proveStreams } = await import('./fleet/streams-proof.ts')
  const lack = balancerLack()
  if (lack !== undefined) throw new Error(lack)
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-streams-'))
  try {
    const fleet = await startFleet({ dataDir, web: Number(values.web), workers: 1, s3: values.s3, env: { REQUESTS_PER_MINUTE: '0' } })
    try {
      const outcome = await proveStreams(fleet, { streams: Number(values.streams), stage: { listeners: 10, tracks: 4, trackSeconds: 90 }, pauseMs: 20_000 }, console.log)
      const { streams, killed, broken, ranges, megabytes, retried, faults } = outcome
      for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`)
      console.log(`\n${killed} processes killed under ${streams} streams: ${broken} broken; ${ranges} ranges (${megabytes} MB), ${retried} retried once`)
      return broken === 0 && retried > 0
    } finally {
      await fleet.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const proved = await main()
console.log(proved ? 'proved' : 'NOT proved')
process.exitCode = proved ? 0 : 1
