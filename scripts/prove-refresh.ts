import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.ts'

// Replaces every process of a fleet under load: npm run proof:refresh -- [--times 1] [--requests 20000] [--rate 200] [--check-seconds 1]
const { values } = parseArgs({
  options: {
    web: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    times: { type: 'string', default: '1' },
    requests: { type: 'string', default: '20000' },
    rate: { type: 'string', default: '200' },
    'check-seconds': { type: 'string', default: '1' }
  }
})

async function main (): Promise<boolean> {
  build()
  const { balancerLack } = await import('./fleet/balancer.ts')
  const { startFleet } = await import('./fleet/fleet.ts')
  const { isFaultless, proveRefresh } = await import('./fleet/refresh-proof.ts')
  const lack = balancerLack()
  if (lack !== undefined) throw new Error(lack)
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-refresh-'))
  const times = Number(values.times)
  try {
    const fleet = await startFleet({ dataDir, web: Number(values.web), workers: Number(values.workers), checkMs: Number(values['check-seconds']) * 1000, env: { REQUESTS_PER_MINUTE: '0' } })
    try {
      const outcome = await proveRefresh(fleet, { times, requests: Number(values.requests), perSecond: Number(values.rate), files: 8 }, console.log)
      const { answered, failed, shed, replaced, seconds, byKind, uploads, faults, eventStreams } = outcome
      for (const fault of [...faults, ...eventStreams.faults]) console.log(`  ${fault}`)
      console.log(`\n${replaced} processes replaced in ${Math.round(seconds)} s: ${failed} failed of ${answered + failed + shed} requests ${JSON.stringify(byKind)}, ${shed} shed, uploads ${JSON.stringify(uploads)}, ${eventStreams.broken} of ${eventStreams.opened} event streams broken`)
      return isFaultless(outcome)
    } finally {
      await fleet.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

const faultless = await main()
console.log(faultless ? 'proved' : 'NOT proved')
process.exitCode = faultless ? 0 : 1
