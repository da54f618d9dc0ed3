import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'

/** Headless, in containers too, silent towards the outside, and allowed to play without a click. */
const args = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'
]
const names = ['chromium', 'chromium-browser', 'google-chrome']

/** The Chromium to test with: CHROMIUM_PATH, else one on the PATH. */
export function findChromium (env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.CHROMIUM_PATH !== undefined) return env.CHROMIUM_PATH
  const folders = (env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path))
}

export async function launchChromium (executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args, ignoreDefaultArgs: ['--mute-audio', '--headless', '--hide-scrollbars'] })
}

/** A browser that closes with the test, or undefined where none is installed: then the test is skipped, visibly. */
export async function testBrowser (t: Test): Promise<Browser | undefined> {
  const path = findChromium()
  if (path === undefined) {
    if (process.env.CI === 'true') t.fail('no Chromium: install it, or set CHROMIUM_PATH')
    else t.pass('no Chromium on this machine', { skip: 'install Chromium or set CHROMIUM_PATH to run this' })
    return undefined
  }
  const browser = await launchChromium(path)
  t.teardown(async () => { await browser.close() })
  return browser
}

/**
 * A page as in a browser without service workers, for tests that replace requests or wait for them: behind a worker
 * Chromium, after a page that went in the midst of requests, shows the next one’s as aborted or to nobody, and none is replaced.
 */
export async function pageWithoutWorker (browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options)
  await context.addInitScript(() => { Reflect.deleteProperty(Navigator.prototype, 'serviceWorker') })
  return await context.newPage()
}

/** Everything that the page complains of: broken policies, uncaught faults, answers of 5xx. */
export function complaintsOf (page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => { if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text()) })
  page.on('response', (response) => { if (response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`) })
  return complaints
}
