import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Browser, launch, type Page } from 'puppeteer-core'
import { findChromium } from '../test/support/chromium.ts'
import { build } from './build.ts'
import { type Archive, startArchive } from './page-bench/archive.ts'
import { report } from './page-bench/goal.ts'
import { measureInteractions } from './page-bench/interactions.ts'
import { score } from './page-bench/scores.ts'
import { measureScrolling } from './page-bench/scrolling.ts'

// The pages' figures in Chromium, each with its goal: Lighthouse, interactions on a slowed processor, scrolling through
// an archive, and the start without a server.
//   npm run bench:pages -- [--tracks 20000] [--only lighthouse,interactions,scrolling,offline]
const { values } = parseArgs({ options: { tracks: { type: 'string', default: '20000' }, only: { type: 'string', default: 'lighthouse,interactions,scrolling,offline' } } })
const wanted = new Set(values.only.split(','))
const starts = 5

async function signIn (page: Page, { url, username, password }: Archive): Promise<void> {
  await page.goto(url)
  await page.locator('input[autocomplete=username]').fill(username)
  await page.locator('input[autocomplete=current-password]').fill(password)
  await page.locator('button.primary').click()
  await page.waitForSelector('header nav')
}

/** As in a browser that is signed in and was never here: without the service worker and what it keeps. */
async function forgetClient (page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.waitForFunction('navigator.serviceWorker.getRegistration().then((registration) => registration?.active != null)')
  await page.evaluate(`(async () => {
    for (const registration of await navigator.serviceWorker.getRegistrations()) await registration.unregister()
    for (const name of await caches.keys()) await caches.delete(name)
  })()`)
  // A service worker goes with the last page that it serves.
  await page.goto('about:blank')
}

/** From the start of the navigation until the page's heading stands, with the server gone; the median of some starts. */
async function measureOfflineStart (browser: Browser, archive: Archive): Promise<void> {
  const online = await browser.newPage()
  await online.goto(archive.url)
  await online.waitForFunction('navigator.serviceWorker.controller !== null')
  await archive.cut()
  const times: number[] = []
  for (let start = 0; start < starts; start++) {
    const page = await browser.newPage()
    await page.goto(archive.url)
    await page.waitForSelector('main h1')
    times.push(await page.evaluate(() => performance.now()))
    await page.close()
  }
  report(`start without the server, median of ${starts}`, times.toSorted((a, b) => a - b)[Math.floor(starts / 2)] ?? Infinity, { goal: 1_000, unit: 'ms' })
}

async function measure (browser: Browser, archive: Archive): Promise<void> {
  const page = await browser.newPage()
  const { url, albumId } = archive
  if (wanted.has('lighthouse')) await score(browser, { name: 'sign-in', url })
  await signIn(page, archive)
  if (wanted.has('lighthouse')) {
    for (const { name, path } of [{ name: 'home', path: '/' }, { name: 'album', path: `/albums/${albumId}` }]) {
      await score(browser, { name, url: url + path, before: async () => { await forgetClient(page, url) } })
    }
    await page.goto(url)
    await page.waitForFunction('navigator.serviceWorker.controller !== null')
    await page.goto('about:blank')
    await score(browser, { name: 'home again', url })
  }
  if (wanted.has('interactions')) await measureInteractions(page, url)
  if (wanted.has('scrolling')) await measureScrolling(page, { url, tracks: Number(values.tracks) })
  await page.close()
  if (wanted.has('offline')) await measureOfflineStart(browser, archive)
}

build('client', 'server', 'web')
const executablePath = findChromium()
if (executablePath === undefined) throw new Error('no Chromium: install it, or set CHROMIUM_PATH')
const profile = await mkdtemp(join(tmpdir(), 'freshet-pages-profile-'))
const archive = await startArchive(Number(values.tracks))
const browser = await launch({ executablePath, userDataDir: profile, headless: true, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--autoplay-policy=no-user-gesture-required'] })
try {
  await measure(browser, archive)
} finally {
  await browser.close()
  await archive.stop()
  await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}
