import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { launch, type Page } from 'puppeteer-core'
import { findChromium } from '../test/support/chromium.ts'
import { build } from './build.ts'
import { type Archive, startArchive } from './page-bench/archive.ts'
import { report } from './page-bench/goal.ts'

// What is done to a queue of 10,000 tracks in Chromium: from the press to the next paint, and the longest task of it
// and of what is kept and sent afterwards.  npm run bench:queue -- [--tracks 10000]
const { values: { tracks } } = parseArgs({ options: { tracks: { type: 'string', default: '10000' } } })
const size = Number(tracks)
const goalMs = 50
/** Until what is done has been sent, answered and written down. */
const settleMs = 2_500

const press = (selector: string) => async (page: Page): Promise<void> => { await page.locator(selector).click() }
const chord = (modifier: 'Alt' | 'Control', key: 'ArrowUp' | 'z') => async (page: Page): Promise<void> => {
  await page.keyboard.down(modifier)
  await page.keyboard.press(key)
  await page.keyboard.up(modifier)
}
const operations: ReadonlyArray<readonly [name: string, act: (page: Page) => Promise<void>]> = [
  ['remove', press('aside li:nth-child(3) .remove')],
  ['undo', chord('Control', 'z')],
  ['shuffle', press('section[aria-label=Player] button[aria-label=Shuffle]')],
  ['back in order', press('section[aria-label=Player] button[aria-label=Shuffle]')],
  ['move', async (page) => { await page.focus('aside li:nth-child(4) .handle'); await chord('Alt', 'ArrowUp')(page) }],
  ['next track', press('section[aria-label=Player] button[aria-label="Next track"]')],
  ['repeat', press('section[aria-label=Player] button[aria-label^=Repeat]')],
  ['clear', press('aside .clear')],
  ['undo the clearing', chord('Control', 'z')]
]
/** An event that changes nothing in sight would last until the next thing that does: a spot gets another colour with each. */
const watch = `globalThis.longest = { event: 0, task: 0 }
  const spot = document.body.appendChild(document.createElement('i'))
  spot.style.cssText = 'position: fixed; inset: 0 auto auto 0; width: 2px; height: 2px'
  let events = 0
  for (const type of ['pointerdown', 'pointerup', 'click', 'keydown', 'keyup']) addEventListener(type, () => { spot.style.background = 'hsl(' + (events++ * 97) % 360 + ' 90% 50%)' }, true)
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest.event = Math.max(longest.event, duration) }).observe({ type: 'event', durationThreshold: 16 })
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) longest.task = Math.max(longest.task, duration) }).observe({ type: 'longtask' })`

/** By the API, as another device would. */
async function fill ({ url, username, password }: Archive): Promise<void> {
  const ask = async <T>(path: string, options: RequestInit = {}): Promise<T> => {
    const answer = await fetch(`${url}/api${path}`, options)
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
    return await answer.json() as T
  }
  const json = { 'content-type': 'application/json' }
  const { accessToken } = await ask<{ accessToken: string }>('/session', { method: 'POST', headers: json, body: JSON.stringify({ username, password }) })
  const headers = { ...json, authorization: `Bearer ${accessToken}` }
  const ids: string[] = []
  for (let cursor: string | null = ''; cursor !== null && ids.length < size;) {
    const page: { items: Array<{ id: string }>, nextCursor: string | null } = await ask(`/tracks?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, { headers })
    ids.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  for (let from = 0; from < size; from += 1_000) {
    const entries = Array.from({ length: Math.min(1_000, size - from) }, (_, i) => ({ key: `t${from + i}`, trackId: ids[(from + i) % ids.length] }))
    await ask('/queue/operations', { method: 'POST', headers, body: JSON.stringify({ operations: [{ id: `the-filling-${from}`, kind: 'insert', after: 'end', entries }] }) })
  }
}

async function measure (page: Page, archive: Archive): Promise<void> {
  await page.setViewport({ width: 1440, height: 900 })
  await page.goto(archive.url)
  await page.locator('input[autocomplete=username]').fill(archive.username)
  await page.locator('input[autocomplete=current-password]').fill(archive.password)
  await page.locator('button.primary').click()
  await page.locator('button[aria-label=Queue]').click()
  await page.waitForSelector(`aside li[aria-setsize="${size}"]`)
  await page.waitForFunction('document.querySelector("aside .unknown") === null')
  await settle(2 * settleMs)
  await page.evaluate(watch)
  for (const [name, act] of operations) {
    await page.evaluate('Object.assign(longest, { event: 0, task: 0 })')
    await act(page)
    await settle(settleMs)
    const { event, task } = await page.evaluate('longest') as { event: number, task: number }
    report(`${name}: from the press to the next paint`, event, { goal: 2 * goalMs, unit: 'ms' })
    report(`${name}: longest task (0: none over 50 ms)`, task, { goal: goalMs, unit: 'ms' })
  }
  const rows = await page.evaluate('document.querySelectorAll("aside li").length') as number
  report('rows drawn', rows, { goal: 100, unit: '' })
}

async function settle (ms: number): Promise<void> {
  await new Promise((resolve) => { setTimeout(resolve, ms) })
}

build('client', 'server', 'web')
const executablePath = findChromium()
if (executablePath === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
const profile = await mkdtemp(join(tmpdir(), 'freshet-queue-profile-'))
const archive = await startArchive(size)
const browser = await launch({ executablePath, userDataDir: profile, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  await fill(archive)
  await measure(await browser.newPage(), archive)
} finally {
  await browser.close()
  await archive.stop()
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}
