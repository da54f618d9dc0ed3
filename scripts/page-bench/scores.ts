import lighthouse, { type Result } from 'lighthouse'
import type { Browser } from 'puppeteer-core'
import { report } from './goal.ts'

const goals = { performance: 98, accessibility: 100, 'best-practices': 100, seo: 100 } as const

/** One run is one throw: a single score moves by five points within the hour on a shared machine. */
const runs = 5

/**
 * Lighthouse's four scores of a page, each the median of five runs, with its own defaults: a phone of 412 px on a slow
 * 4G line (150 ms, 1.6 Mb/s, simulated) and a processor four times slower. In the same browser, which keeps its session;
 * its cache is emptied.
 * @param before makes the browser what it shall be at the start of each run
 */
export async function score (browser: Browser, { name, url, before }: { readonly name: string, readonly url: string, readonly before?: () => Promise<void> }): Promise<void> {
  const results: Result[] = []
  for (let run = 0; run < runs; run++) {
    await before?.()
    results.push(await lighthouseOf(browser, url))
  }
  for (const [category, goal] of Object.entries(goals)) {
    const sorted = results.toSorted((a, b) => pointsOf(a, category) - pointsOf(b, category))
    const median = sorted[Math.floor(runs / 2)]
    if (median === undefined) throw new Error(`Lighthouse gave no result for ${name}`)
    const points = pointsOf(median, category)
    report(`${name}: ${category}`, points, { goal, unit: '', atLeast: true })
    if (category === 'performance') console.log(`    all: ${sorted.map((result) => Math.round(pointsOf(result, category))).join(', ')}`)
    if (points < goal) for (const line of lackingIn(median, category)) console.log(`    ${line}`)
  }
  for (const line of new Set(results.flatMap(({ audits }) => consoleErrors(audits['errors-in-console']?.details)))) console.log(`    ${line}`)
}

async function lighthouseOf (browser: Browser, url: string): Promise<Result> {
  const result = await lighthouse(url, { output: 'json', logLevel: 'error', onlyCategories: Object.keys(goals), disableStorageReset: true, port: Number(new URL(browser.wsEndpoint()).port) })
  if (result === undefined) throw new Error(`Lighthouse gave no result for ${url}`)
  return result.lhr
}

const pointsOf = ({ categories }: Result, category: string): number => (categories[category]?.score ?? 0) * 100

function lackingIn ({ categories, audits }: Result, category: string): string[] {
  const { auditRefs } = categories[category] ?? { auditRefs: [] }
  return auditRefs.flatMap(({ id, weight }) => (weight > 0 && (audits[id]?.score ?? 1) < 0.9 ? [`${audits[id]?.title ?? id} ${audits[id]?.displayValue ?? ''}`] : []))
}

/** What the console said, in the page's own words. */
function consoleErrors (details?: unknown): string[] {
  const { items = [] } = (details ?? {}) as { readonly items?: ReadonlyArray<{ readonly description?: unknown, readonly sourceLocation?: { readonly url?: unknown } }> }
  return items.map(({ description, sourceLocation }) => `${String(description)} ${String(sourceLocation?.url ?? '')}`)
}
