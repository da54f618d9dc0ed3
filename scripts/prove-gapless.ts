import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.ts'
import { type BrowserKind, browserKinds, withBrowser } from './player-proofs/browsers.ts'
import { analyseJoin, type Join } from './player-proofs/join-analysis.ts'
import { seededNoise, writeFlac } from './player-proofs/noise.ts'
import { servePage } from './player-proofs/page-server.ts'
import { perform } from './player-proofs/perform.ts'

// One piece of noise cut in two, published, and joined again by the player: npm run proof:gapless -- [--browser firefox] [--format flac] [--base]
const { values } = parseArgs({ options: { browser: { type: 'string', multiple: true, default: [...browserKinds] }, format: { type: 'string', multiple: true, default: ['aac', 'flac'] }, base: { type: 'boolean', default: false } } })

const sampleRate = 44_100
/** No multiple of any frame's length. */
const cut = 10 * sampleRate + 123
const frames = 2 * cut + 77
const lastSeconds = 3
/** Below this the place was not found. */
const leastLikeness = 0.9
const formats = ['aac', 'flac'] as const
const nearSeconds = 7
/** How the listener comes to the join. */
const ways = { 'from its start': {}, [`from ${nearSeconds} s`]: { fromSeconds: nearSeconds }, [`sought to ${nearSeconds} s`]: { seekSeconds: nearSeconds } } as const
/** The most that may be wrong; null: told, not asked. */
const goals: Readonly<Record<BrowserKind, Readonly<Record<typeof formats[number], number | null>>>> = {
  chromium: { aac: 0, flac: 0 },
  firefox: { aac: 0, flac: 0 },
  webkit: { aac: null, flac: 0 }
}

async function main (): Promise<boolean> {
  build()
  const { startService } = await import('./player-proofs/service.ts')
  const folder = await mkdtemp(join(tmpdir(), 'freshet-gapless-'))
  const service = await startService()
  const page = await servePage(service.url)
  try {
    const source = seededNoise(frames, 12_345)
    const paths = [await writeFlac(source.subarray(0, cut), { folder, title: 'First half', trackNo: 1, sampleRate }), await writeFlac(source.subarray(cut), { folder, title: 'Second half', trackNo: 2, sampleRate })]
    const ids = await service.publish(paths)
    let met = true
    for (const kind of browserKinds.filter((name) => values.browser.includes(name))) {
      for (const format of formats.filter((name) => values.format.includes(name))) {
        // One browser for each: what a form does to it is not the other one's.
        await withBrowser(kind, async (browser) => {
          const tracks = await Promise.all(ids.map(async (trackId) => ({ stream: { ...await service.stream(trackId, `format=${format}&maxBitrateKbps=256`), trackId }, gainDb: 0 })))
          for (const [way, comes] of Object.entries(ways)) {
            const heard = await perform(browser, page.url, { kind: values.base ? 'base' : 'engine', tracks, lastSeconds, sampleRate, ...comes }).catch((error: unknown) => String(error))
            const outcome = typeof heard === 'string' ? heard : analyseJoin(heard.planes[0] ?? new Float32Array(), source, cut)
            const goal = goals[kind][format]
            const ok = isMet(outcome, goal)
            met &&= ok
            console.log(`${browser.name.padEnd(28)} ${format.padEnd(5)} ${way.padEnd(15)} ${typeof outcome === 'string' ? outcome : told(outcome)}  ${goal === null ? 'no goal' : `goal ${goal}: ${ok ? 'met' : 'MISSED'}`}`)
            if (!ok && typeof heard !== 'string') console.log(`  ${heard.events.join(', ')}`)
          }
        })
      }
    }
    return met
  } finally {
    await page.close()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function isMet (outcome: Join | string, goal: number | null): boolean {
  if (goal === null) return true
  return typeof outcome !== 'string' && outcome.likeness > leastLikeness && outcome.wrong <= goal
}

function told ({ wrong, shift, tailLost, headLost, likeness }: Join): string {
  return `${String(wrong).padStart(5)} samples wrong (shift ${shift}, lost before ${tailLost}, after ${headLost}; likeness ${likeness.toFixed(3)})`
}

process.exitCode = await main() ? 0 : 1
