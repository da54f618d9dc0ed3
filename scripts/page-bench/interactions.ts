import type { Page } from 'puppeteer-core'
import { report } from './goal.ts'

const goalMs = 100
/** A processor so many times slower. */
const slowdown = 4
const settleMs = 1_500

interface Interaction { readonly name: string, act (page: Page): Promise<void> }

const press = (selector: string) => async (page: Page): Promise<void> => { await page.locator(selector).click() }

const interactions: readonly Interaction[] = [
  { name: 'go to the library', act: press('header nav a[href="/library/albums"]') },
  { name: 'open an album', act: press('article a.title, article .title') },
  { name: 'open a track’s menu', act: press('main .row button[aria-haspopup=menu]') },
  { name: 'close it', act: async (page) => { await page.keyboard.press('Escape') } },
  { name: 'press play', act: press('main .row .play') },
  { name: 'open the queue', act: press('button[aria-label=Queue]') },
  { name: 'close the queue', act: press('button[aria-label=Queue]') },
  { name: 'go to the library again', act: press('header nav a[href="/library/albums"]') },
  { name: 'go to all tracks', act: press('a[href="/library/tracks"]') },
  { name: 'type into the search', act: async (page) => { await page.keyboard.press('/'); await page.keyboard.type('riv', { delay: 120 }) } },
  { name: 'go home', act: press('header a[href="/"]') }
]

/** In the page: keeps the longest event's time from the input to the next paint. */
const watchEvents = `globalThis.longest = { ms: 0 }
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest.ms = Math.max(longest.ms, duration) }).observe({ type: 'event', durationThreshold: 16 })`

/** Times from each interaction to the next paint (Event Timing) on a slowed processor, the longest event of each. */
export async function measureInteractions (page: Page, url: string): Promise<void> {
  await page.setViewport({ width: 1280, height: 800 })
  await page.goto(url)
  await page.waitForSelector('section[aria-label=Player]')
  await settle()
  await page.emulateCPUThrottling(slowdown)
  await page.evaluate(watchEvents)
  for (const { name, act } of interactions) {
    await page.evaluate('longest.ms = 0')
    await act(page)
    await settle()
    report(`interaction: ${name}`, Number(await page.evaluate('longest.ms')), { goal: goalMs, unit: 'ms' })
  }
  await page.emulateCPUThrottling(null)
}

/** For a fixed time: the network is never idle, as the stream of events stays open. */
async function settle (): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, settleMs) })
}
