import type { Page } from 'puppeteer-core'
import { report } from './goal.ts'

const settleMs = 3_000

interface Seen { readonly rows: number, readonly long: number, readonly longest: number }

/** In the page: down at 42,000 pixels a second (860 rows), faster than anybody flings, until all rows are loaded, two minutes at most, and up at twice that; what took over 50 ms is counted. */
const scroll = (tracks: number): string => `(async () => {
  const tasks = []
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) tasks.push(duration) }).observe({ type: 'longtask' })
  const frame = async () => await new Promise((resolve) => { requestAnimationFrame(resolve) })
  const rows = () => Number(document.querySelector('main ul li[aria-setsize]')?.getAttribute('aria-setsize') ?? 0)
  const until = performance.now() + 120000
  for (let last = performance.now(), before = 0; rows() < ${tracks} && performance.now() < until && performance.now() - last < 20000;) {
    scrollBy(0, 700)
    await frame()
    if (rows() > before) { before = rows(); last = performance.now() }
  }
  for (let top = document.documentElement.scrollHeight; top > 0; top -= 1400) { scrollTo(0, top); await frame() }
  return { rows: rows(), long: tasks.length, longest: Math.max(0, ...tasks) }
})()`

/** Scrolls through a list of all tracks and counts tasks over 50 ms. */
export async function measureScrolling (page: Page, { url, tracks }: { readonly url: string, readonly tracks: number }): Promise<void> {
  await page.setViewport({ width: 1280, height: 800 })
  await page.goto(`${url}/library/tracks`)
  await page.waitForSelector('ul li .row')
  // What a visit fetches for later shares the machine's processors with the list.
  await page.waitForFunction('navigator.serviceWorker.controller !== null')
  await new Promise((resolve) => { setTimeout(resolve, settleMs) })
  const seen = await page.evaluate(scroll(tracks)) as Seen
  report(`scrolling: rows of ${tracks} loaded`, seen.rows, { goal: tracks * 0.99, unit: '', atLeast: true })
  report(`scrolling: tasks over 50 ms (longest ${Math.round(seen.longest)} ms)`, seen.long, { goal: 0, unit: '' })
}
