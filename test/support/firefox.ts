import { existsSync } from 'node:fs'
import puppeteer from 'puppeteer-core'
import type { NullSink } from './null-sink.ts'
import type { ProofBrowser } from './proof-browser.ts'

/** The Firefox to test with: FIREFOX_PATH, else Debian's. */
export function findFirefox (env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env.FIREFOX_PATH ?? ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((path) => existsSync(path))
}

/** Headless, by WebDriver BiDi, and allowed to play without a click. */
export async function launchFirefox (executablePath: string, sink: NullSink): Promise<ProofBrowser> {
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    protocolTimeout: 600_000,
    env: { ...process.env, ...sink.env },
    extraPrefsFirefox: { 'media.autoplay.default': 0, 'media.autoplay.blocking_policy': 0, 'privacy.reduceTimerPrecision': false }
  })
  const page = await browser.newPage()
  return {
    name: (await browser.version()).replace('/', ' '),
    open: async (url) => { await page.goto(url) },
    click: async (selector) => { await page.click(selector) },
    run: async <T>(body: string) => await page.evaluate(`(async () => { ${body} })()`) as T,
    close: async () => { await browser.close() }
  }
}
