import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../test/support/chromium.ts'
import { build } from './build.ts'
import { seededNoise, writeFlac } from './player-proofs/noise.ts'
import type { Service } from './player-proofs/service.ts'

// Whether thousands of track changes leave anything behind: npm run proof:player-memory -- [--changes 2000] [--every 150]
const { values } = parseArgs({ options: { changes: { type: 'string', default: '2000' }, every: { type: 'string', default: '150' } } })

const sampleRate = 44_100
const tracks = 8
const samples = 40
/** The last quarter against the second: the first one is the browser warming up. */
const mostGrowth = 1.1

interface Reading { readonly heapBytes: number, readonly rendererBytes: number, readonly browserBytes: number, readonly nodes: number, readonly listeners: number }

async function main (): Promise<boolean> {
  build()
  const { startService } = await import('./player-proofs/service.ts')
  const chromium = findChromium()
  if (chromium === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
  const folder = await mkdtemp(join(tmpdir(), 'freshet-memory-'))
  const service = await startService()
  const browser = await launchChromium(chromium)
  try {
    for (let trackNo = 1; trackNo <= tracks; trackNo++) {
      await service.publish([await writeFlac(seededNoise(40 * sampleRate, trackNo), { folder, title: `Change ${trackNo}`, trackNo, sampleRate })])
    }
    const page = await openPlaying(browser, service)
    const readings: Reading[] = []
    const changes = Number(values.changes)
    for (let change = 1; change <= changes; change++) {
      await page.keyboard.press('k')
      await delay(Number(values.every))
      if (change % Math.ceil(changes / samples) === 0) readings.push(await read(browser, page))
    }
    return report(readings, changes)
  } finally {
    await browser.close()
    await service.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function openPlaying (browser: Browser, { url, credentials }: Service): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', locale: 'en-GB' })
  await page.goto(url)
  await page.getByLabel('Username').fill(credentials.username)
  await page.getByLabel('Password', { exact: true }).fill(credentials.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('navigation', { name: 'Main' }).first().waitFor()
  await page.goto(`${url}/library/albums`)
  await page.locator('article .title').first().click()
  await page.getByRole('main').getByRole('button', { name: 'Play', exact: true }).click()
  // Round and round.
  await page.locator('h1').focus()
  await page.keyboard.press('r')
  return page
}

async function read (browser: Browser, page: Page): Promise<Reading> {
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.send('Performance.enable')
  const { metrics } = await session.send('Performance.getMetrics')
  const metric = (name: string) => metrics.find((one) => one.name === name)?.value ?? 0
  await session.detach()
  return { heapBytes: metric('JSHeapUsedSize'), ...await residentBytes(browser), nodes: metric('Nodes'), listeners: metric('JSEventListeners') }
}

/** Of the processes: what decoders hold is not in the page's heap. What they share is counted in each. */
async function residentBytes (browser: Browser): Promise<Pick<Reading, 'rendererBytes' | 'browserBytes'>> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const sizes = await Promise.all(processInfo.map(async ({ id, type }) => {
    const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '')
    const bytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024
    return { type, bytes }
  }))
  const sum = (some: typeof sizes): number => some.reduce((total, { bytes }) => total + bytes, 0)
  return { rendererBytes: sum(sizes.filter(({ type }) => type === 'renderer')), browserBytes: sum(sizes) }
}

function report (readings: readonly Reading[], changes: number): boolean {
  const quarter = Math.floor(readings.length / 4)
  const mean = (part: readonly Reading[], of: (reading: Reading) => number) => part.reduce((sum, reading) => sum + of(reading), 0) / part.length
  const figures: ReadonlyArray<readonly [string, (reading: Reading) => number]> = [
    ['JS heap, MB', ({ heapBytes }) => heapBytes / 2 ** 20], ['renderers, MB', ({ rendererBytes }) => rendererBytes / 2 ** 20], ['browser, MB', ({ browserBytes }) => browserBytes / 2 ** 20],
    ['nodes', ({ nodes }) => nodes], ['listeners', ({ listeners }) => listeners]
  ]
  let flat = readings.length >= 8
  for (const [name, of] of figures) {
    const [second, last] = [mean(readings.slice(quarter, 2 * quarter), of), mean(readings.slice(-quarter), of)]
    flat &&= last <= second * mostGrowth
    console.log(`${name.padEnd(14)} second quarter ${second.toFixed(1).padStart(8)}, last ${last.toFixed(1).padStart(8)}, ratio ${(last / second).toFixed(3)}`)
  }
  console.log(`${changes} track changes: ${flat ? 'flat' : 'NOT flat'} (ratio ≤ ${mostGrowth})`)
  return flat
}

process.exitCode = await main() ? 0 : 1
