import type { Page } from 'puppeteer-core'
import { report } from '../page-bench/goal.ts'

const goalMs = 50
/** In the page: the longest task and the longest time from an input to the next paint. */
const watching = `globalThis.longest = { event: 0, task: 0, tasks: 0 }
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest.event = Math.max(longest.event, duration) }).observe({ type: 'event', durationThreshold: 16 })
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) { longest.tasks += 1; longest.task = Math.max(longest.task, duration) } }).observe({ type: 'longtask' })`

/** Begins to watch; once a page that was loaded. */
export async function watch (page: Page): Promise<void> {
  await page.evaluate(watching)
}

/** Reports the longest task while something is done and for a while after it. */
export async function longestTask (page: Page, name: string, { act, afterMs = 700 }: { readonly act: () => Promise<void>, readonly afterMs?: number }): Promise<void> {
  await page.evaluate('Object.assign(longest, { event: 0, task: 0, tasks: 0 })')
  await act()
  await settle(afterMs)
  const { task, tasks } = await page.evaluate('longest') as { task: number, tasks: number }
  report(`${name}${tasks > 1 ? ` (${tasks} over 50 ms)` : ''}`, task, { goal: goalMs, unit: 'ms' })
}

export async function settle (ms: number): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, ms) })
}
